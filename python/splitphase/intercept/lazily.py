"""Calls that no action can do, and that record need not run either.

Links that compile as well, or whose words are not known to be safe: run for real, such a link fails where it reads
stubs, and takes long where it compiles much. Compiles whose objects are another in each place (LTO, the processor, a
profile), but are for the linker alone. Both are noted like others, to be done by their own command if the build runs
what comes of them; what they make is left to the final build's compiler.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from splitphase.command import is_c_compiler
from splitphase.errors import SplitphaseError
from splitphase.intercept.call import Call, Judged, Kind, below, judge
from splitphase.intercept.links import Inputs
from splitphase.intercept.options import left
from splitphase.intercept.reasons import Reason
from splitphase.intercept.variables import adds_to_compiles
from splitphase.scan import arguments

_FOR_LINKERS = frozenset((Reason.LTO, Reason.NATIVE, Reason.PROFILE))
"""Why compiles are left whose objects nothing reads but linkers."""
_NO_LINK = frozenset(("-c", "-E", "-S", "-M", "-MM", "-fsyntax-only", "-r"))


def compiled_lazily(call: Call, judged: Judged, top: str) -> Judged | None:
    """What a compile that is left writes, where its object is for the linker alone; nothing if it is to run."""
    if judged.reason not in _FOR_LINKERS or not is_c_compiler(call.program):
        return None
    try:
        words = _without(arguments.expand(call.words, call.directory, {}))
        environment = {
            name: " ".join(_without(value.split())) if adds_to_compiles(name) else value
            for name, value in call.environment.items()
        }
        found = judge(replace(call, words=tuple(words), environment=environment), top)
    except (OSError, SplitphaseError):
        return None
    return found if found.kind is Kind.COMPILE else None


def _without(words: Iterable[str]) -> list[str]:
    """The words without those for which such a compile is left."""
    found = arguments.options(words)
    return [word for option in found if left(option) not in _FOR_LINKERS for word in option.spelled()]


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
        sources = [option.value for option in options if not option.name and arguments.is_source(option.value)]
        # With one source it may be a probe, which must not succeed always, and is little work.
        return link if len(sources) > 1 or any(file.calls for file in inputs(call, link).files) else None
    except (OSError, SplitphaseError):
        return None
