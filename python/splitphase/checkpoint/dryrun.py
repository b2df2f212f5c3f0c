"""The compiles that make is about to run, from `make --dry-run --trace`.

What it prints is not all that makes objects: scripts do, too, and rules that turn out not to be needed are printed as
well. So a compile counts where it is the recipe of the object that make asks for, and of no other rule.

A dry run is not always without effect: lines with `$(MAKE)` run, with all else on them, and make remakes the Makefiles
that it includes. The tree is put back as it was where that happened.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from splitphase.checkpoint.backup import Backup
from splitphase.checkpoint.folder import Spelling
from splitphase.checkpoint.observe import digest, in_tree, odd_flags
from splitphase.checkpoint.record import MakeCompile
from splitphase.command import is_c_compiler, is_compiler, option
from splitphase.environment import packages_own
from splitphase.steps import unsplit_flags

_SECONDS = 1800
_READ = (
    r"PATH|CPATH|(?:C|CPLUS|OBJC|OBJCPLUS)_INCLUDE_PATH|COMPILER_PATH|GCC_EXEC_PREFIX|GCC_COMPARE_DEBUG|LD_PRELOAD"
    r"|LD_LIBRARY_PATH|NIX_\w+|SOURCE_DATE_EPOCH|SDKROOT"
    r"|MACOSX_DEPLOYMENT_TARGET|CCC_OVERRIDE_OPTIONS|DEPENDENCIES_OUTPUT|SUNPRO_DEPENDENCIES"
)
"""Variables that compilers read."""
_DIRECTORY = re.compile(r"^(?:# )?\S*make(?:\[\d+\])?: (Entering|Leaving) directory '(.*)'$")
_SAID = re.compile(r"^\S*make(?:\[\d+\])?: ")
_ASKED = re.compile(r"^(\S.*?:\d+|<builtin>): (?:update )?target '(.*)' (?:does not exist|due to: .*)$")
"""What `--trace` prints before a recipe: where the rule is, and the target."""
_MISSING = re.compile(r"\*\*\* (No rule to make target .*?)\.(?:  Stop\.)?$", re.MULTILINE)
_SOURCE = re.compile(r"`test -f '?([\w./+-]+)'? \|\| echo '?([\w./+-]*)'?`")
"""How automake's compile commands find a source that may lie in another folder."""
_DEPBASE = re.compile(r"depbase=`echo [^`]*`")
_SEPARATORS = re.compile(r";|&&|\|\|")
_SKIPPED = re.compile(r"^(?:if|then|else|do|\(|\{|!|@|[A-Za-z_]\w*=.*)$")
_MOVED = re.compile(r"[-@]*mv (?:-f )?(\S+) (\S+)$")
_LIBTOOL = re.compile(r"(?:^|\s)(\S*libtool)\s.*--mode=compile\s")
_VALUED = frozenset(
    "-o -I -D -U -L -F -x -include -imacros -isystem -iquote -idirafter -MF -MT -MQ -Xlinker -Xpreprocessor"
    " -Xassembler".split()
)
_EXTENSION = re.compile(r"\.(?:[cCisS]|cc|cp|cxx|cpp|c\+\+|CPP|ii|mm?|mi|sx|asm)$")
"""Names of sources, as GCC tells languages apart."""
_DATABASE = re.compile(
    r"^# Make data base, printed on .*?^# Finished Make data base on [^\n]*\n", re.MULTILINE | re.DOTALL
)
_SET = re.compile(
    r"^# (?:makefile|command line|'?override'?)\b[^\n]*\n"
    r"(?:# |[^\n=#]*: )?(?:define )?(" + _READ + r"|SHELL|\.SHELLFLAGS)(?: [:?+!]*=|$) ?([^\n]*)",
    re.MULTILINE,
)
"""A variable of make's, where compilers or the shells that run them read one of this name: it may be exported."""
_CURRENT = re.compile(r"^CURDIR := (.*)$", re.MULTILINE)
_MAKEFILES = re.compile(r"^MAKEFILE_LIST := (.*)$", re.MULTILINE)
_GIVEN = re.compile(r"^# (?:environment|command line)\b[^\n]*\n((?:(?!# ).+\n)*)", re.MULTILINE)
_OWN = re.compile(r"(?:define )?(?:MAKE\w*|MFLAGS|-\*-\S*|PWD|OLDPWD|SHLVL|_)\s*(?:[:?+!]?=|\n)")
"""What make and shells set for those that they call."""
_EXPORT = re.compile(rb"^[ \t]*(?:override[ \t]+)?(?:un)?export\b|^\.EXPORT_ALL_VARIABLES\b", re.MULTILINE)
_SHELL = re.compile(r"(?:/\S*/)?(?:ba|da|k|z)?sh$")
_SHELL_FLAGS = re.compile(r"(?:-[a-z]+|-o [a-z]+|\s+)*$")
_SETTING = re.compile(
    r"(?:[-+@\s({!]|(?:if|then|else|do|while)\s)*(?:[A-Za-z_]\w*\+?="
    r"|(?:export|declare|typeset|eval|source|read|unset|alias|exec|env|\.|set\s+-\w*a\w*)\s)"
)
"""Shell text by which a compiler behind it may see other variables."""
_HARMLESS = frozenset("echo printf : true false test [ ] rm mv mkdir cd set exit fi done #".split())
"""Commands beside a compile that change no object, other than by taking it away."""
_FILTERS = frozenset("sed awk grep cat cp ln touch chmod tr sort fmt tail head".split())
"""Commands that write no object that they do not name."""
_BESIDE = "make did not ask for it"
_LINKING = re.compile(r"#|\w*(?:search_(?:path|dirs)|library_path)\w*=")
"""Lines of libtool that say nothing of compiles: comments, and where linkers look for libraries."""
_REDIRECTION = re.compile(r"\d*[<>]")


@dataclass(frozen=True, slots=True)
class DryRun:
    """One run."""

    reason: str
    """Why it says nothing, if so."""
    compiles: dict[str, MakeCompile]
    """By the object's path, relative to the top."""
    lines: frozenset[str]
    """Digests of all lines with their directories."""
    partial: str = ""
    """What make says where it cannot go through with it, since files are missing that it did not make."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Targets for which recipes would run, relative to the top, and where make is then."""
    inherited: Mapping[str, str] = field(default_factory=dict)
    """By where a make is: digest of the variables that it has from what called it; empty where that is not certain."""


def dry_run(top: str, own: str, arguments: Sequence[str], spelling: Spelling, outputs: Collection[Path] = ()) -> DryRun:
    """Run it in the working directory; the tree below `top`, less the folder `own`, is the same afterwards.

    So are the package's outputs.
    """
    with Backup(top, own, outputs) as backup:
        if backup.problem:
            return DryRun(backup.problem, {}, frozenset())
        found = careless_dry_run(top, arguments, spelling)
        backup.restore()
    return found


def careless_dry_run(top: str, arguments: Sequence[str], spelling: Spelling) -> DryRun:
    """Run it in a tree that nobody needs afterwards."""
    try:
        run = _make(arguments)
        missing = _MISSING.search(run.stderr) if run.returncode else None
        if missing:
            run = _make(["--keep-going", *arguments])
    except subprocess.TimeoutExpired:
        return DryRun("make --dry-run does not end", {}, frozenset())
    found = read_output(top, os.getcwd(), _DATABASE.sub("", run.stdout), spelling)
    found = replace(found, inherited=_inherited(run.stdout))
    reason = _environment(run.stdout)
    if reason:
        return replace(found, reason=reason)
    if missing:
        return replace(found, partial=missing[1])
    return replace(found, reason=f"make --dry-run fails: {_first_error(run.stderr)}") if run.returncode else found


def _make(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--dry-run", "--trace", "--print-data-base", "--print-directory", *_one_by_one(), *arguments],
        check=False, capture_output=True, text=True, errors="surrogateescape", timeout=_SECONDS,
        stdin=subprocess.DEVNULL, env=packages_own(os.environ) | {"LC_ALL": "C"},
    )  # fmt: skip


def _environment(output: str) -> str:
    """Why commands may run otherwise than they do by themselves, from what make knows when it ends; or nothing."""
    for database in _DATABASE.finditer(output):
        for name, value in _SET.findall(database[0]):
            if name == "SHELL" and _SHELL.match(value):
                continue
            if name == ".SHELLFLAGS" and _SHELL_FLAGS.match(value):
                continue
            return f"the Makefile sets {name}, which compilers or their shell may read"
        if "\n.ONESHELL:" in database[0]:
            return "the Makefile has .ONESHELL: lines of a recipe may change what compilers see"
    return ""


def _inherited(output: str) -> dict[str, str]:
    """Digest of the variables that each make has from what called it, by its directory.

    Empty where several makes in one directory have others; all of them where a Makefile exports variables, since what
    becomes of those is not shown.
    """
    found: dict[str, str] = {}
    for database in _DATABASE.finditer(output):
        directory = _CURRENT.search(database[0])
        makefiles = _MAKEFILES.search(database[0])
        if directory is None or makefiles is None or _exports(directory[1], makefiles[1].split()):
            return {}
        text = digest("".join(sorted(value for value in _GIVEN.findall(database[0]) if not _OWN.match(value))))
        found[directory[1]] = text if found.setdefault(directory[1], text) == text else ""
    return found


def _exports(directory: str, makefiles: Iterable[str]) -> bool:
    for name in makefiles:
        try:
            if _EXPORT.search(Path(directory, name).read_bytes()):
                return True
        except OSError:
            return True
    return False


def _one_by_one() -> list[str]:
    """What several makes print at once could not be read."""
    return ["-j1"] if "j" in os.environ.get("MAKEFLAGS", "") else []


def read_output(top: str, directory: str, output: str, spelling: Spelling) -> DryRun:
    """Read what a dry run started in a directory printed."""
    text = output.replace("\\\n", " ")
    compiles: dict[str, MakeCompile] = {}
    lines: set[str] = set()
    rules = _Rules(top)
    recipes: dict[str, list[tuple[str, str]]] = {}
    for where, line, segment, asked in _segments(text, directory, rules):
        recipes.setdefault(asked, []).append((line, segment))
        inside = os.path.relpath(where, top)
        command = digest(f"{spelling.path(inside)}\n{spelling.text(line)}")
        lines.add(command)
        moved = _MOVED.match(segment)
        if moved:
            old, new = (os.path.relpath(os.path.join(where, name), top) for name in moved.groups())
            if old in compiles and asked == new:
                made = compiles.pop(old)
                refused = "" if made.refused == _BESIDE else made.refused
                compiles[new] = replace(made, digest=digest(f"{made.digest} {spelling.path(new)}"), refused=refused)
        words = compiler_words(where, segment)
        if words is None:
            continue
        refused = _refused(top, words) or _line_refused(line, segment)
        libtool = _LIBTOOL.search(segment)
        if libtool:
            script = os.path.join(where, libtool[1])
            command = digest(f"{command}\n{_libtool_settings(script, spelling)}")
            refused = refused or ("" if os.path.isfile(script) else "its libtool is not part of the tree")
        sources = sources_of(words)
        named = option(words, "-o")
        for name in [named] if named else [f"{os.path.splitext(os.path.basename(source))[0]}.o" for source in sources]:
            path = os.path.relpath(os.path.join(where, name), top)
            made = MakeCompile(inside, segment, command, refused)
            if len(sources) != 1:
                made = replace(made, refused="its command compiles several sources, or none")
            elif asked != path:
                made = replace(made, refused=refused or _BESIDE)
            if path in compiles and (compiles[path].command, compiles[path].digest) != (segment, command):
                made = replace(made, refused="several commands make it")
            compiles[path] = made
    for path in rules.contested & compiles.keys():
        compiles[path] = replace(compiles[path], refused="several rules make it")
    for path, made in compiles.items():
        recipe = recipes.get(path, [])
        shown = spelling.text("\n".join(dict.fromkeys(line for line, _ in recipe)))
        refused = made.refused or _beside(path, made.command, (segment for _, segment in recipe))
        compiles[path] = replace(made, digest=digest(f"{made.digest}\n{shown}"), refused=refused)
    places = {path: rule.partition("\0")[0] for path, rule in rules.asked.items()}
    return DryRun("", compiles, frozenset(lines), asked=places)


class _Rules:
    """Which rules make asks for which files."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.contested: set[str] = set()
        self.asked: dict[str, str] = {}
        """By target: where make is, and the rule."""

    def ask(self, directory: str, rule: str, target: str) -> str:
        """Make runs a recipe for a target; returns the target's path, relative to the top."""
        path = os.path.relpath(os.path.join(directory, target), self.top)
        if self.asked.setdefault(path, f"{directory}\0{rule}") != f"{directory}\0{rule}":
            self.contested.add(path)
        return path


def _libtool_settings(script: str, spelling: Spelling) -> str:
    """What configure made of libtool, as far as it may bear on compiles."""
    if not os.path.isfile(script):
        return ""
    lines = Path(script).read_text(errors="surrogateescape").splitlines()
    return spelling.text("\n".join(line for line in lines if not _LINKING.match(line)))


def compiler_words(where: str, segment: str) -> list[str] | None:
    """The words of a call of a compiler that compiles, libtool's as well; None if it is none."""
    if "-c" not in segment or _DEPBASE.search(segment):
        return None

    def found(match: re.Match[str]) -> str:
        return match[1] if os.path.isfile(os.path.join(where, match[1])) else f"{match[2]}{match[1]}"

    # The name that follows the substitution is the one that is tested for.
    try:
        words = shlex.split(re.sub(_SOURCE.pattern + r"\1", found, segment))
    except ValueError:
        return None
    if "--mode=compile" in words:
        if not any(os.path.basename(word) == "libtool" for word in words[:3]):
            return None
        words = words[words.index("--mode=compile") + 1 :]
    while words and _SKIPPED.match(words[0]):
        words = words[1:]
    return words if words and is_compiler(words[0]) and "-c" in words else None


def sources_of(words: Sequence[str]) -> list[str]:
    """The sources of a compile: words that are file names and no option's value."""
    return [
        word
        for before, word in pairwise(words)
        if not word.startswith("-") and before not in _VALUED and (_EXTENSION.search(word) or before == "-c")
    ]


def _segments(text: str, directory: str, rules: _Rules) -> Iterator[tuple[str, str, str, str]]:
    """Working directory, line, simple command and target of all that would run."""
    stack = [(directory, "")]
    for line in text.splitlines():
        moved = _DIRECTORY.match(line)
        if moved:
            if moved[1] == "Entering":
                stack.append((moved[2], ""))
            elif len(stack) > 1:
                stack.pop()
            continue
        asked = _ASKED.match(line)
        if asked:
            stack[-1] = (stack[-1][0], rules.ask(stack[-1][0], asked[1], asked[2]))
            continue
        if _SAID.match(line):
            continue
        where, target = stack[-1]
        for segment in _SEPARATORS.split(_hidden(line)):
            segment = segment.replace("\0", ";").replace("\1", "||").strip()  # noqa: PLW2901 - hidden above
            if segment.startswith("cd ") and len(segment.split()) == 2:
                where = os.path.join(where, segment.split()[1].strip("'\""))
            yield where, line, segment, target


def _hidden(line: str) -> str:
    """The line with separators inside of automake's substitutions out of sight."""
    return re.sub(r"`[^`]*`", lambda match: match[0].replace(";", "\0").replace("||", "\1"), line)


def _refused(top: str, words: list[str]) -> str:
    if not is_c_compiler(words[0]):
        return "it is no compile of C or C++"
    if "/" in words[0] and (not words[0].startswith("/") or in_tree(top, words[0])):
        return "its compiler is part of the tree"
    if any(_REDIRECTION.match(word) for word in words):
        return "what its compiler says goes into a file"
    if any(word.startswith("@") for word in words):
        return "it has a response file"
    if any(word.startswith("-gsplit-dwarf") for word in words):
        return "it writes a file beside the object"
    if any(re.search(r"[$`*?]", word) for word in words if not word.startswith("$depbase")):
        return "its command depends on the shell"
    return unsplit_flags(words) or odd_flags(words)


def _line_refused(line: str, segment: str) -> str:
    """A compile command that runs other commands, which may read anything."""
    rest = _SOURCE.sub("", _DEPBASE.sub("", line))
    if re.search(r"`|\$\(", rest):
        return f"its command runs other commands: {segment[:100]}"
    if any(_SETTING.match(part) for part in _SEPARATORS.split(rest)):
        return f"its line sets variables: {segment[:100]}"
    return ""


def _beside(path: str, command: str, segments: Iterable[str]) -> str:
    """Why other commands of an object's recipe may change it, or nothing."""
    named = re.compile(rf"(?<![\w.+-]){re.escape(os.path.basename(path))}(?![\w.+-])")
    for segment in segments:
        words = _DEPBASE.sub("", segment).lstrip("@+-").split()
        while words and _SKIPPED.match(words[0]):
            words = words[1:]
        if segment == command or not words or is_compiler(words[0]) or words[0] in _HARMLESS:
            continue
        if words[0] not in _FILTERS or named.search(segment):
            return f"its recipe runs {words[0]} as well"
    return ""


def _first_error(text: str) -> str:
    lines = text.strip().splitlines() or ["no message"]
    return next((line for line in lines if "***" in line), lines[-1])
