"""The one place that judges what a compiler call is: a compile or a link that can be handled, or neither and why.

Pure code over words, but for response files (read) and the output (whether it is something else than a file). Words
that nixpkgs' compiler wrapper adds from variables are judged like the call's own. The files beside the wrapper
(`nix-support/cc-cflags`, ...) are not: they are part of the wrapper, which a key names by its store path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from splitphase import command
from splitphase.errors import SplitphaseError
from splitphase.intercept import variables
from splitphase.intercept.linker import read_linker, words_for_linker
from splitphase.intercept.options import left
from splitphase.intercept.reasons import Reason
from splitphase.scan import arguments
from splitphase.scan.arguments import Option


class Kind(StrEnum):
    """What a call is, as far as it can be handled."""

    COMPILE = "compile"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of one call, as the shim sends them."""

    program: str
    """Absolute path of the wrapper as it was called (`$0` of the script)."""
    words: tuple[str, ...]
    """Arguments without the program."""
    directory: str
    """Working directory, absolute; the call's own PWD if that names the same folder, since compilers use it too."""
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a call is. All names are as the words spell them, relative to the working directory."""

    kind: Kind
    reason: str
    """Why it is left to the compiler; empty if and only if `kind` is not OTHER."""
    words: tuple[str, ...] = ()
    """With the words of response files, without those of the wrapper's variables."""
    source: str = ""
    place: str = ""
    """The folder outside of the tree in which the source lies, absolute; empty where it is in the tree."""
    output: str = ""
    """The name after `-o`, or the default name."""
    depfile: str = ""
    """The file that -MD and its kin write; for a link that of `--dependency-file`."""
    extra: tuple[str, ...] = ()
    """Other files that it writes: `.dwo`, `.gcno`, `.su`, the linker's map. The names are certain; Clang leaves one out
    if it has nothing to say (`.su` without a function, `.dwo` without `-g`)."""
    language: str = ""
    """As `-x` names it."""
    response_files: tuple[str, ...] = ()
    """Absolute."""
    inputs: tuple[str, ...] = ()
    """Link: the files that the words name: objects, archives, linker scripts, in order; with `-Wl,-R,x` also a
    folder."""
    programs: tuple[str, ...] = ()
    """Those among the outputs that are executable."""


class _LeftError(Exception):
    """Ends the judgement of a call with a reason."""


_PROBE = re.compile(
    r"(?:^|/)(?:conftest[^/]*(?:\.[^/]*)?$|CMakeTmp/|CMakeScratch/|TryCompile[^/]*/|CompilerId\w+/|meson-private/"
    r"|conftest\.dir/|\.tmp_\d+/|\.conf_check_|\.sconf_temp/|config\.tests/)"
)
_SIDE = {"-ftest-coverage": ".gcno", "--coverage": ".gcno", "-coverage": ".gcno", "-fstack-usage": ".su"}
_FORTRAN = re.compile(r"\.(?:f|for|ftn|f90|f95|f03|f08|fpp|i90)$", re.IGNORECASE)
_OFFLOAD = frozenset((".cu", ".cui", ".hip", ".cl", ".hipi", ".clcpp"))
_MODULE = frozenset((".cppm", ".ccm", ".cxxm", ".c++m", ".ixx", ".mpp", ".pcm"))
_OTHER_LANGUAGE = frozenset((".d", ".di", ".go", ".ads", ".adb", ".ada", ".ll", ".bc", ".mod", ".m2i", ".rs", ".cob"))
_LANGUAGES = frozenset(
    """
    c c++ objective-c objective-c++ assembler assembler-with-cpp cpp-output c++-cpp-output objective-c-cpp-output
    objective-c++-cpp-output objc-cpp-output objc++-cpp-output
    """.split()
)
_REASON_OF_LANGUAGE = {
    "f77": Reason.FORTRAN,
    "f95": Reason.FORTRAN,
    "f77-cpp-input": Reason.FORTRAN,
    "f95-cpp-input": Reason.FORTRAN,
    "cuda": Reason.OFFLOAD,
    "hip": Reason.OFFLOAD,
    "cl": Reason.OFFLOAD,
    "c++-module": Reason.MODULES,
    "c++-system-header": Reason.MODULES,
    "c++-user-header": Reason.MODULES,
    "c-header": Reason.PRECOMPILED,
    "c++-header": Reason.PRECOMPILED,
    "objective-c-header": Reason.PRECOMPILED,
    "objective-c++-header": Reason.PRECOMPILED,
}
_PATTERN = re.compile(r"[*?\[]")
_SUFFIX_LANGUAGE = {
    ".s": "assembler",
    ".S": "assembler-with-cpp",
    ".sx": "assembler-with-cpp",
    ".i": "cpp-output",
    ".ii": "c++-cpp-output",
    ".mi": "objective-c-cpp-output",
    ".mii": "objective-c++-cpp-output",
}
_DEPENDENCIES = frozenset("-MD -MMD --write-dependencies --write-user-dependencies".split())


_DRIVERS_OWN = frozenset(("", "-c", "-o", "-x", "-l"))
_ANYONES = frozenset(("-MF", "-gsplit-dwarf", *_DEPENDENCIES, *_SIDE))


@dataclass(slots=True)
class _Words:
    """What the words of a call say."""

    compiles: bool = False
    """`-c`"""
    outputs: list[str] = field(default_factory=list)
    inputs: list[tuple[str, str]] = field(default_factory=list)
    """Words that are no options, each with the `-x` in front of it."""
    language: str = ""
    writes_depfile: bool = False
    depfiles: list[str] = field(default_factory=list)
    side: list[str] = field(default_factory=list)
    """Suffixes of files that are written beside the output."""
    libraries: bool = False


def judge(call: Call, top: str, place: Callable[[str], str] = lambda _path: "") -> Judged:
    """Say what the call is; `top` is the absolute path of the tree that holds sources and outputs.

    `place` says of an absolute path outside of the tree in which folder a source may lie there, if it may.
    """
    try:
        return _judge(call, top, place)
    except _LeftError as error:
        return Judged(Kind.OTHER, str(error))


def _judge(call: Call, top: str, place: Callable[[str], str]) -> Judged:
    if not _is_driver(call.program):
        raise _LeftError(Reason.PROGRAM)
    # Whatever it says of itself besides (`-v`): it asks something.
    if _PROBE.search(f"{call.directory.removeprefix(top)}/"):
        raise _LeftError(Reason.PROBE)
    responses: dict[str, None] = {}
    try:
        words = tuple(arguments.expand(call.words, call.directory, responses))
    except (OSError, SplitphaseError):
        raise _LeftError(Reason.RESPONSE_FILE) from None
    options = tuple(arguments.options(words))
    said = _read(options)
    kind = Kind.COMPILE if said.compiles else Kind.LINK
    _refuse(variables.unsafe(call.environment, kind))
    if not below(call.directory, "", top):
        raise _LeftError(Reason.NOT_IN_TREE)
    judged = _compile(call, top, place, words, said) if said.compiles else _link(call, top, words, options, said)
    driver, linker = variables.words_added(call.environment, kind)
    for value in driver:
        _refuse(_added(value))
    for value in linker:
        _refuse(_added_for_linker(value))
    if any(_PROBE.search(name) for name in (judged.source, judged.output)):
        raise _LeftError(Reason.PROBE)
    return replace(judged, response_files=tuple(responses)) if responses else judged


def below(directory: str, name: str, top: str) -> bool:
    """Whether the name, relative to the directory, is the top or below it, as the words go (links are not followed)."""
    path = os.path.normpath(os.path.join(directory, name))
    return path == top or path.startswith(f"{top}/")


def _refuse(reason: str) -> None:
    if reason:
        raise _LeftError(reason)


@lru_cache(maxsize=1024)
def _is_driver(program: str) -> bool:
    return command.is_c_compiler(program)


def _read(options: Iterable[Option]) -> _Words:
    """Take from the options what shapes the call; every other one must be known to be safe."""
    said = _Words()
    for option in options:
        name = option.name
        if name in _DRIVERS_OWN and not option.wrapper:
            _shape(said, option)
        elif name in _ANYONES:
            _written(said, option)
        else:
            reason = left(option)
            if reason or not name:
                raise _LeftError(reason or Reason.HIDDEN_WORDS)
    return said


def _shape(said: _Words, option: Option) -> None:
    if not option.name:
        said.inputs.append((option.value, said.language))
    elif option.name == "-c":
        said.compiles = True
    elif option.name == "-o":
        said.outputs.append(option.value)
    elif option.name == "-x":
        said.language = "" if option.value == "none" else option.value
    else:
        said.libraries = True


def _written(said: _Words, option: Option) -> None:
    if option.name in _DEPENDENCIES:
        said.writes_depfile = True
        if option.wrapper == "-Xpreprocessor":
            said.depfiles.append(option.value)
    elif option.name == "-MF":
        said.depfiles.append(option.value)
    elif option.name in _SIDE:
        said.side.append(_SIDE[option.name])
    elif option.value != "single":
        said.side.append(".dwo")


def _compile(call: Call, top: str, place: Callable[[str], str], words: tuple[str, ...], said: _Words) -> Judged:
    languages = [_language(name, named, call.program) for name, named in said.inputs]
    if not said.inputs:
        raise _LeftError(Reason.NO_INPUT)
    if len(said.inputs) > 1:
        raise _LeftError(Reason.SEVERAL_SOURCES if all(languages) else Reason.OTHER_INPUT)
    source, language = said.inputs[0][0], languages[0]
    if not language:
        raise _LeftError(Reason.LANGUAGE)
    inside = below(call.directory, source, top)
    folder = "" if inside else place(os.path.normpath(os.path.join(call.directory, source)))
    if not inside and not folder:
        raise _LeftError(Reason.SOURCE_OUTSIDE)
    output = _output(call, top, said, os.path.splitext(os.path.basename(source))[0] + ".o")
    assembler = language.startswith("assembler")
    side = [suffix for suffix in said.side if suffix == ".dwo" or not assembler]
    return Judged(
        Kind.COMPILE,
        "",
        words=words,
        source=source,
        place=folder,
        output=output,
        depfile=_depfile(call, top, said, output),
        extra=tuple(dict.fromkeys(os.path.splitext(output)[0] + suffix for suffix in side)),
        language=language,
    )


def _link(call: Call, top: str, words: tuple[str, ...], options: tuple[Option, ...], said: _Words) -> Judged:
    for name, named in said.inputs:
        if _language(name, named, call.program):
            raise _LeftError(Reason.COMPILES_AND_LINKS)
    linker = read_linker(words_for_linker(options))
    _refuse(linker.reason)
    scripts = [option.value for option in options if option.name == "-T" and not option.wrapper]
    inputs = [name for name, _ in said.inputs]
    if not (inputs or said.libraries or linker.inputs or linker.libraries):
        raise _LeftError(Reason.NO_INPUT)
    output = _output(call, top, said, "a.out")
    for written in (linker.map, linker.depfile):
        if written and not below(call.directory, written, top):
            raise _LeftError(Reason.WRITES)
    return Judged(
        Kind.LINK,
        "",
        words=words,
        output=output,
        depfile=linker.depfile,
        extra=(linker.map,) if linker.map else (),
        inputs=(*inputs, *scripts, *linker.inputs),
    )


@lru_cache(maxsize=4096)
def _language_of_suffix(suffix: str, cxx: bool) -> str:  # noqa: FBT001 -- a cache key
    if suffix in _SUFFIX_LANGUAGE:
        return _SUFFIX_LANGUAGE[suffix]
    return arguments.language_of_suffix(suffix, cxx=cxx)


def _language(name: str, named: str, program: str) -> str:
    """The language of an input; empty if it is one for the linker."""
    if name == "-":
        raise _LeftError(Reason.STANDARD_INPUT)
    if name.startswith("@"):
        raise _LeftError(Reason.RESPONSE_FILE)
    suffix = os.path.splitext(name)[1]
    if not named:
        if _FORTRAN.match(suffix):
            raise _LeftError(Reason.FORTRAN)
        if suffix in _OFFLOAD:
            raise _LeftError(Reason.OFFLOAD)
        if suffix in _MODULE:
            raise _LeftError(Reason.MODULES)
        if suffix in _OTHER_LANGUAGE:
            raise _LeftError(Reason.LANGUAGE)
    language = named or _language_of_suffix(suffix, "++" in os.path.basename(program))
    if language in _REASON_OF_LANGUAGE:
        raise _LeftError(_REASON_OF_LANGUAGE[language])
    if language and language not in _LANGUAGES:
        raise _LeftError(Reason.LANGUAGE)
    return language


def _output(call: Call, top: str, said: _Words, default: str) -> str:
    if len(said.outputs) > 1:
        raise _LeftError(Reason.SEVERAL_OUTPUTS)
    output = said.outputs[0] if said.outputs else default
    if not below(call.directory, output, top) or output == "-":
        raise _LeftError(Reason.OUTPUT_OUTSIDE)
    path = os.path.join(call.directory, output)
    if os.path.exists(path) and not os.path.isfile(path):
        raise _LeftError(Reason.OUTPUT_NO_FILE)
    return output


def _depfile(call: Call, top: str, said: _Words, output: str) -> str:
    if not said.writes_depfile and not said.depfiles:
        return ""
    if len(said.depfiles) > 1 or not said.writes_depfile:
        raise _LeftError(Reason.DEPENDENCIES)
    depfile = said.depfiles[0] if said.depfiles else os.path.splitext(output)[0] + ".d"
    if depfile in {"", "-"} or not below(call.directory, depfile, top):
        raise _LeftError(Reason.DEPENDENCIES)
    return depfile


@lru_cache(maxsize=4096)
def _added(value: str) -> str:
    """Why words that the wrapper adds for the driver leave the call; the shell splits the value at white space."""
    if _PATTERN.search(value):
        return Reason.PATTERN_VARIABLE
    options = tuple(arguments.options(value.split()))
    try:
        said = _read(options)
    except _LeftError as error:
        return str(error)
    linker = read_linker(words_for_linker(options))
    shapes = said.compiles or said.outputs or said.inputs or said.language or said.writes_depfile or said.depfiles
    if shapes or said.side or linker.inputs or linker.map or linker.depfile:
        return Reason.HIDDEN_WORDS
    return linker.reason


@lru_cache(maxsize=4096)
def _added_for_linker(value: str) -> str:
    """The same for the linker: the wrapper puts `-Wl,` in front of each word but `-L/...`."""
    if _PATTERN.search(value):
        return Reason.PATTERN_VARIABLE
    linker = read_linker(part for word in value.split() if not word.startswith("-L/") for part in word.split(","))
    return linker.reason or (Reason.HIDDEN_WORDS if linker.inputs or linker.map or linker.depfile else "")
