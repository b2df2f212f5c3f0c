"""Ask the compiler where it looks for headers: the lists that `-E -v` prints, remembered per set of options."""

from __future__ import annotations

import os
import re
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from splitphase.errors import SplitphaseError

from .arguments import Arguments, Option
from .signatures import signature_of
from .tree import Tree

_QUOTE_START = '#include "..." search starts here:'
_ANGLE_START = "#include <...> search starts here:"
_END = "End of search list."
_GCC_VERSION = re.compile(r"^gcc version ", re.MULTILINE)
_SUFFIX = re.compile(r" \((?:framework directory|headermap)\)$")
_IGNORED = re.compile(r'^ignoring (?:nonexistent|duplicate) directory "(.*)"$', re.MULTILINE)
_KEPT_ENVIRONMENTS = 8

DIRECTORY_OPTIONS = frozenset(
    """-I -isystem -iquote -idirafter -F -iframework -isystem-after -cxx-isystem -c-isystem -objc-isystem
    -objcxx-isystem -internal-isystem -internal-externc-isystem -stdlib++-isystem""".split()
)
"""Options that put one directory on the search path."""
_PLACES = frozenset(
    """-B --sysroot -isysroot -iprefix -iwithprefix -iwithprefixbefore -iwithsysroot -iframeworkwithsysroot -specs
    --specs --config -resource-dir -gcc-toolchain --gcc-toolchain --gcc-install-dir -working-directory -imultilib
    -imultiarch -ivfsoverlay --config-system-dir --config-user-dir""".split()
)
"""Options that name a place and move the search path in other ways."""
_WITHOUT_EFFECT = frozenset(
    """-D -U -c -S -E -o -x -M -MM -MD -MMD -MG -MP -MF -MT -MQ -MJ -MV -include -imacros -include-pch -include-pth -L
    -l -T -u -A -G -z -e -Xlinker -Xanalyzer -mllvm -aux-info -dumpbase -dumpdir -dumpbase-ext -serialize-diagnostics
    --serialize-diagnostics --param -load -plugin -add-plugin -wrapper -pipe -pedantic -pedantic-errors -w -s -static
    -shared -rdynamic -p -pg -H -C -CC -P -Q -v -### -time -save-temps --save-temps -index-store-path -dependency-file
    -ansi -fmodule-file -fmodule-map-file --embed-dir -framework -traditional-cpp -trigraphs -undef --""".split()
)
_WITHOUT_EFFECT_AT_ALL = re.compile(
    r"-(?:W.*|O.*|Xarch_.*|g(?!cc-).*|d[A-Z].*|fdump.*"
    r"|f(?:no-)?(?:pic|PIC|pie|PIE|plt|exceptions|rtti|common|inline|builtin|diagnostics|color|message"
    r"|data-sections|function-sections|visibility|stack|random-seed|file-prefix|debug|macro-prefix|omit|strict"
    r"|wrapv|lto|template|constexpr|max|profile|coverage|test-coverage|plugin|signed|unsigned|cf-protection|tree|zero"
    r"|trivial|sanitize|semantic|math|fast-math|unwind|asynchronous|optimize|unroll|vectorize|merge|char8|aligned"
    r"|sized|threadsafe|use-|ident|short|pack|trapping|rounding|finite|associative|reciprocal|errno|fp-|ffp|record|time|save|gcse|ipa"
    r"|schedule|align|auto-profile|branch|operator|permissive|ms-|input-charset|exec-charset|split|integrated|xray|verbose"
    r"|delete|keep|var-tracking|float|module-map-file|use-cxa|canonical).*)"
)
_ADDS_DIRECTORIES = re.compile(
    r"CPATH|C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|OBJC(?:PLUS)?_INCLUDE_PATH|NIX_CFLAGS_COMPILE.*"
)
_HIDDEN = re.compile("DEPENDENCIES_OUTPUT|SUNPRO_DEPENDENCIES|LANGUAGE|BASH_ENV|SPLITPHASE_.*")
"""Variables that no question is asked with: the first two make GCC write files, the last ones put the shim in front."""
_WITHOUT_MEANING = re.compile(
    _HIDDEN.pattern + "|_|PWD|OLDPWD|SHLVL|TERM|COLUMNS|LINES|MAKE(?:FLAGS|LEVEL|OVERRIDES|_TERMOUT|_TERMERR)|MFLAGS"
)
"""Variables that differ from call to call and have no part in the search path."""
_RELATIVE_FLAG = re.compile(r"(?:^|\s)(?:[^-/\s]|-(?:I|i[a-z]+|B)(?:[^-/\sa-z]|[^\sa-z/]*\.))|-I[^/\s]")
_FOLDER_FLAG = re.compile("-(?:I|isystem|iquote|idirafter|B|-sysroot=)(?=.)")
_RUN_LANGUAGES = {"c-header": "c", "c++-header": "c++", "assembler": "assembler-with-cpp", "cpp-output": "c",
                  "c++-cpp-output": "c++", "c++-module": "c++", "objective-c-header": "objective-c",
                  "objective-c++-header": "objective-c++"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Absolute directories in the order in which they are asked."""

    quote: tuple[str, ...]
    """Asked for `#include "x"` only, after the directory of the including file and before `angle`."""
    angle: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    path: SearchPath
    is_gcc: bool
    asked: tuple[str, ...]
    """The directories and files that the compiler looked for to give it."""
    state: tuple[object, ...]
    """What was there."""


@dataclass(frozen=True, slots=True)
class _Environment:
    variables: Mapping[str, str]
    places: tuple[str, ...]
    """Directories that it adds, as written."""
    key: tuple[tuple[str, str], ...]
    little: Mapping[str, str]
    """Without what adds include directories."""
    relative: bool
    """Whether it adds directories relative to the working directory."""


class Compilers:
    """Runs compilers and remembers the answers, until a directory that one depends on comes, goes or leads elsewhere.

    The tree must be as it is now: who owns it calls `refresh`.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self.runs = 0
        self._tree = tree or Tree()
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._gcc: set[tuple[str, ...]] = set()
        self._environments: deque[_Environment] = deque(maxlen=_KEPT_ENVIRONMENTS)

    def search_path(
        self, arguments: Arguments, directory: str, environment: Mapping[str, str], language: str
    ) -> SearchPath:
        """The search path of one compile. Raises SplitphaseError with what the compiler said."""
        kept = [_absolute(option, directory) for option in arguments.options if _matters(option)]
        return self._ask(arguments.compiler, kept, directory, self._environment(environment), language)

    def builtin_path(
        self, arguments: Arguments, directory: str, environment: Mapping[str, str], language: str
    ) -> SearchPath:
        """What is left of the search path without the project's directories and without the environment's."""
        kept = [option for option in arguments.options if option.name not in DIRECTORY_OPTIONS and _matters(option)]
        little = self._environment(environment).little
        return self._ask(arguments.compiler, kept, directory, self._environment(little), language)

    def is_gcc(self, arguments: Arguments) -> bool:
        """Whether a compiler that was asked before says that it is GCC."""
        return arguments.compiler in self._gcc

    def _environment(self, variables: Mapping[str, str]) -> _Environment:
        for known in self._environments:
            if known.variables == variables:
                return known
        known = _read_environment(dict(variables))  # the caller may change its own
        self._environments.appendleft(known)
        return known

    def _ask(
        self, compiler: tuple[str, ...], options: list[Option], directory: str, environment: _Environment, language: str
    ) -> SearchPath:
        language = _RUN_LANGUAGES.get(language, language)
        words = tuple(word for option in options for word in option.spelled())
        anywhere = not environment.relative and _anywhere(compiler, options)
        key = (compiler, words, language, "" if anywhere else directory, environment.key)
        answer = self._answers.get(key)
        if answer is None or self._state(answer.asked) != answer.state:
            self.runs += 1
            argv = [*compiler, *words, "-E", "-v", "-x", language, "/dev/null"]
            text = run(argv, directory, environment.variables)[1]
            path = parse_search_path(text, directory, argv)
            named = [option.value for option in options if option.name in DIRECTORY_OPTIONS or option.name in _PLACES]
            asked = (*named, *environment.places, *_IGNORED.findall(text), *path.quote, *path.angle)
            programs = _programs(compiler, environment.variables)
            places = tuple(dict.fromkeys(os.path.join(directory, place) for place in (*asked, *programs) if place))
            answer = _Answer(path, bool(_GCC_VERSION.search(text)), places, self._state(places))
            self._answers[key] = answer
        if answer.is_gcc:
            self._gcc.add(compiler)
        return answer.path

    def _state(self, paths: Sequence[str]) -> tuple[object, ...]:
        """What is at the paths: where a directory is, which file it is, or why nothing is there."""
        walks = [self._tree.walk(path) for path in paths]
        return tuple(
            walk.physical if walk.is_directory or self._tree.fixed.covers(walk.physical) else _file_state(path)
            for path, walk in zip(paths, walks, strict=True)
        )


def _file_state(path: str) -> object:
    try:
        return signature_of(os.stat(path))
    except OSError as error:
        return error.errno  # GCC leaves out a directory that does not exist, but fails if a link leads to itself


def run(argv: Sequence[str], directory: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Run a compiler in the C locale and return its standard output and error. Raises SplitphaseError if it fails."""
    clean = {name: value for name, value in environment.items() if not _HIDDEN.fullmatch(name)} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv, cwd=directory, env=clean, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise SplitphaseError(
            f"cannot run {argv[0]!r} in {directory}: {error.strerror}",
            hint="the compiler must be on the PATH of the compile's own environment",
        ) from error
    output, errors = os.fsdecode(done.stdout), os.fsdecode(done.stderr)
    if done.returncode:
        raise SplitphaseError(
            f"{' '.join(argv)} (in {directory}) failed with {done.returncode}:\n{errors.strip()}",
            hint="run it by hand; a compile that cannot be asked about is left to the compiler",
        )
    return output, errors


def parse_search_path(text: str, directory: str, argv: Sequence[str] = ()) -> SearchPath:
    """Read the two lists that GCC and Clang print under -v; a second block (`-arch a -arch b`) is appended."""
    lists: dict[str, dict[str, None]] = {_QUOTE_START: {}, _ANGLE_START: {}}
    current: dict[str, None] | None = None
    seen = False
    for line in text.split("\n"):
        if line in lists:
            current, seen = lists[line], True
        elif line == _END:
            current = None
        elif current is not None and line.startswith(" "):
            current[os.path.join(directory, _SUFFIX.sub("", line[1:]))] = None
    if not seen:
        raise SplitphaseError(
            f"{' '.join(argv)} (in {directory}) prints no include search list:\n{text.strip()}",
            hint="only compilers with GCC's command line can be split",
        )
    return SearchPath(tuple(lists[_QUOTE_START]), tuple(lists[_ANGLE_START]))


def _matters(option: Option) -> bool:
    if option.wrapper == "-Xassembler":
        return False
    if option.wrapper:
        return (
            option.name in DIRECTORY_OPTIONS or option.name in _PLACES or option.name.startswith(("-nostd", "-stdlib"))
        )
    if not option.name or option.name in _WITHOUT_EFFECT:
        return False
    return (
        option.name in DIRECTORY_OPTIONS
        or option.name in _PLACES
        or not _WITHOUT_EFFECT_AT_ALL.fullmatch(option.words[0])
    )


def _absolute(option: Option, directory: str) -> Option:
    """Spell an include directory absolutely, so that equal options have equal answers in every directory."""
    value = option.value
    if option.name not in DIRECTORY_OPTIONS or not value:
        return option
    if value[0] not in "/=" and not value.startswith("$SYSROOT"):
        value = os.path.join(directory, value)
    return Option(option.name, value, (option.name, value), option.wrapper)


def _anywhere(compiler: tuple[str, ...], options: list[Option]) -> bool:
    """Whether the answer is the same in every working directory."""
    if any("/" in word and not word.startswith("/") for word in compiler):
        return False
    for option in options:
        if option.name in DIRECTORY_OPTIONS or option.name in _PLACES:
            if not option.value.startswith("/"):
                return False
        elif any("/" in word for word in option.words):
            return False
    return True


def _read_environment(variables: Mapping[str, str]) -> _Environment:
    little = {name: value for name, value in variables.items() if not _ADDS_DIRECTORIES.fullmatch(name)}
    relative = False
    for name in variables.keys() - little.keys():
        value = variables[name]
        if name.startswith("NIX_"):
            relative |= bool(_RELATIVE_FLAG.search(value))
        else:
            relative |= bool(value) and not all(part.startswith("/") for part in value.split(":"))
    key = tuple(sorted(item for item in variables.items() if not _WITHOUT_MEANING.fullmatch(item[0])))
    places = tuple(dict.fromkeys(_environment_places(variables)))
    return _Environment(variables, places, key, little if len(little) < len(variables) else variables, relative)


def _environment_places(variables: Mapping[str, str]) -> Iterator[str]:
    """Directories that variables add, as written, and more: a word too many only asks once more."""
    for name, value in variables.items():
        if _ADDS_DIRECTORIES.fullmatch(name):
            for word in value.split() if name.startswith("NIX_") else value.split(":"):
                folder = _FOLDER_FLAG.sub("", word)
                if not folder.startswith("-"):
                    yield folder


def _programs(compiler: Sequence[str], variables: Mapping[str, str]) -> Iterator[str]:
    """The places where the compiler, and what launches it, is looked for, up to the one that is found."""
    for word in compiler:
        if "/" in word:
            yield word
            continue
        for folder in variables.get("PATH", os.defpath).split(":"):
            path = os.path.join(folder, word)
            yield path
            if os.access(path, os.X_OK):
                break
