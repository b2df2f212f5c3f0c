"""Shell state across a cut: what the phases changed, as text to source.

Input is the output of bash's `declare -p`, and of `declare -f` function by function behind a line of flags and name,
before the first phase and at the cut. The result declares the changed variables globally (it is sourced inside a
function), unsets those that went away, and defines the functions that are new or changed, exported where they were.
Variables that belong to the shell or the machine are left out.
"""

from __future__ import annotations

import re

_QUOTED = r""""(?:[^"\\]|\\[\s\S])*"|\$'(?:[^'\\]|\\[\s\S])*'"""
_DECLARATION = re.compile(
    rf"""^declare\ -(?P<flags>[-a-zA-Z]+)\ (?P<name>[A-Za-z_]\w*)
        (?:=(?P<value>(?:{_QUOTED}|'(?:[^'\\]|\\[\s\S])*'|\((?:{_QUOTED}|[^"()'])*\)|[^\s"'()]+)*))?\n""",
    re.VERBOSE | re.MULTILINE,
)
_ENTRY = re.compile(rf"\[(?:{_QUOTED}|[^]\"$']+)\]=(?:{_QUOTED})")
"""Of an associative array, as `declare -p` prints it."""
_FUNCTION = re.compile(r"^@splitphase-function@ -(?P<flags>\w+) (?P<name>\S+)\n", re.MULTILINE)
"""What hooks/cut.sh puts before each function: a here-document may have all that a function begins or ends with."""
SHELLS_OWN = re.compile(
    r"^(?:BASH\w*|EPOCH\w+|RANDOM|SRANDOM|SECONDS|LINENO|PPID|UID|EUID|SHELLOPTS|FUNCNAME|PIPESTATUS|DIRSTACK|GROUPS"
    r"|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|COMP_\w+|HIST\w*|OPTIND|OPTARG|OPTERR|PWD|OLDPWD|SHLVL|_|COLUMNS|LINES"
    r"|NIX_BUILD_TOP|NIX_BUILD_CORES|NIX_LOG_FD|TMP|TMPDIR|TEMP|TEMPDIR|splitphase\w*|curPhase|phases|REPLY)$"
)


def changes(variables: tuple[str, str], functions: tuple[str, str]) -> str:
    """Return shell text that takes the first state to the second, for lists of variables and functions."""
    before, after = (_variables(text) for text in variables)
    lines = [f"unset -v {name}" for name in sorted(before.keys() - after.keys())]
    for name, (flags, value) in sorted(after.items()):
        if before.get(name) == (flags, value):
            continue
        if name in before and (before[name][0] != flags or value is None):
            lines.append(f"unset -v {name}")
        assignment = "" if value is None else f"={_in_order(value) if 'A' in flags else value}"
        lines.append(f"declare -g{flags.replace('-', '')} {name}{assignment}")
    old, new = (functions_in(text) for text in functions)
    for name, (flags, text) in sorted(new.items()):
        if old.get(name) == (flags, text):
            continue
        if name in old:
            lines.append(f"unset -f {name}")
        lines.append(text)
        if flags != "f":
            lines.append(f"declare -{flags} {name}")
    lines += [f"unset -f {name}" for name in sorted(old.keys() - new.keys())]
    return "\n".join(lines) + "\n"


def _in_order(value: str) -> str:
    """The value of an associative array, for entries in their order: bash lists the latest of a bucket first."""
    entries = _ENTRY.findall(value)
    return f"({' '.join(reversed(entries))})" if value == f"({' '.join(entries)} )" else value


def _variables(text: str) -> dict[str, tuple[str, str | None]]:
    """Flags and quoted value by name; read-only variables, name references and the shell's own are left out."""
    found = {}
    for match in _DECLARATION.finditer(text if text.endswith("\n") else text + "\n"):
        if "r" in match["flags"] or "n" in match["flags"] or SHELLS_OWN.match(match["name"]):
            continue
        found[match["name"]] = (match["flags"], match["value"])
    return found


def functions_in(text: str) -> dict[str, tuple[str, str]]:
    """Flags (`f`, and `x` where it is exported) and definition by name."""
    heads = list(_FUNCTION.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return {
        head["name"]: (head["flags"], text[head.end() : end].rstrip("\n"))
        for head, end in zip(heads, ends[: len(heads)], strict=True)
        if not head["name"].startswith("splitphase") and head["name"] not in ("runPhase", "genericBuild")
    }
