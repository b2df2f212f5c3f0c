"""Links that no action can do: they compile and link in one call, or their words are not known to be safe.

Run for real in record, such a link fails where it reads stubs, and takes long where it compiles much. So it is noted
like others, to be done by its own command if the build runs its result; what it makes is left to the final build's
compiler.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from splitphase.command import is_c_compiler
from splitphase.errors import SplitphaseError
from splitphase.intercept.call import Call, Judged, Kind, below
from splitphase.intercept.links import Inputs
from splitphase.intercept.reasons import Reason
from splitphase.scan import arguments

_NO_LINK = frozenset(("-c", "-E", "-S", "-M", "-MM", "-fsyntax-only", "-r"))


def _is_source(path: str) -> bool:
    return bool(arguments.language_of_suffix(os.path.splitext(path)[1], cxx=False))


def lazily(call: Call, judged: Judged, top: str, inputs: Callable[[Call, Judged], Inputs]) -> Judged | None:
    """What to note of a call that is left to the compiler; nothing if it is to run.

    That is a link which reads a stub, or compiles several sources.
    """
    if judged.reason in (Reason.PROBE, Reason.NOT_IN_TREE) or not is_c_compiler(call.program):
        return None
    try:
        words = tuple(arguments.expand(call.words, call.directory, {}))
        options = tuple(arguments.options(words))
        outputs = [option.value for option in options if option.name == "-o" and not option.wrapper]
        output = outputs[0] if outputs else "a.out"
        is_link = _NO_LINK.isdisjoint(option.name for option in options) and any(not option.name for option in options)
        if not is_link or not below(call.directory, output, top):
            return None
        path = os.path.join(call.directory, output)
        if os.path.lexists(path) and not os.path.isfile(path):
            return None
        link = Judged(Kind.LINK, "", words=words, output=output)
        sources = [option.value for option in options if not option.name and _is_source(option.value)]
        # With one source it may be a probe, which must not succeed always, and is little work.
        return link if len(sources) > 1 or any(file.calls for file in inputs(call, link).files) else None
    except (OSError, SplitphaseError):
        return None
