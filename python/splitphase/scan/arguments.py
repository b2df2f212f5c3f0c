"""Read the words of a compile command: which option takes which value, response files, language.

The options are those of GCC 12 to 15 and Clang 14 to 21 (`gcc --help`, `clang --help-hidden`); an unknown word that
starts with `-` is taken to have no value of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from splitphase.errors import SplitphaseError

_SEPARATE = frozenset(
    """
    -include-pch -include-pth -isystem-after -cxx-isystem -c-isystem -objc-isystem -objcxx-isystem -internal-isystem
    -internal-externc-isystem -stdlib++-isystem -iframeworkwithsysroot -iwithsysroot -imultilib -imultiarch -idirafter
    -MJ -Xlinker -Xanalyzer -Xopenmp-target -Xcuda-fatbinary -Xcuda-ptxas -Xopencl -mllvm -arch -target -aux-info
    -aux-triple -gcc-toolchain -resource-dir -dumpbase -dumpdir -dumpbase-ext -wrapper -framework -weak_framework
    -working-directory -serialize-diagnostics --serialize-diagnostics --param --sysroot --config --embed-dir --include
    --imacros --include-directory --include-directory-after --define-macro --undefine-macro --output --language
    --prefix -load -plugin -add-plugin -triple -main-file-name -z -e -install_name -current_version
    -compatibility_version -exported_symbols_list -index-store-path -ivfsoverlay -dependency-file --specs -fplugin-arg
    -fdebug-compilation-dir -target-feature --defsym -coverage-notes-file -coverage-data-file -stack-usage-file
    """.split()
)
_EITHER = re.compile(
    r"(-include|-imacros|-isystem|-iquote|-idirafter|-iprefix|-iwithprefixbefore|-iwithprefix|-isysroot|-iframework"
    r"|-MF|-MT|-MQ|-I|-D|-U|-L|-l|-F|-o|-x|-T|-B|-A|-u|-G)(.*)",
    re.DOTALL,
)
_ALIASES = {
    "--include": "-include",
    "--imacros": "-imacros",
    "--include-directory": "-I",
    "--include-directory-after": "-idirafter",
    "--define-macro": "-D",
    "--undefine-macro": "-U",
    "--output": "-o",
    "--language": "-x",
    "--prefix": "-B",
    "--compile": "-c",
    "--preprocess": "-E",
    "--assemble": "-S",
}
_WRAPPERS = {"-Wp": "-Xpreprocessor", "-Wa": "-Xassembler"}
_WRAPPED = frozenset(("-Xclang", "-Xpreprocessor", "-Xassembler"))
_LANGUAGES = {
    language: frozenset(suffixes.split())
    for language, suffixes in {
        "c": ".c .i",
        "c++": ".cc .cp .cxx .cpp .CPP .c++ .C .ii .cppm .ccm .cxxm .c++m .ixx .mpp",
        "objective-c": ".m .mi",
        "objective-c++": ".mm .M .mii",
        "assembler-with-cpp": ".S .sx .s",
        "cuda": ".cu .cui",
        "hip": ".hip",
        "cl": ".cl",
        "c-header": ".h",
        "c++-header": ".hh .H .hp .hxx .hpp .HPP .h++ .tcc",
    }.items()
}
_BY_SUFFIX = {suffix: language for language, suffixes in _LANGUAGES.items() for suffix in suffixes}
_CXX_DRIVER = re.compile(r"\+\+(?:-[\d.]+)?$")
_SPACE = re.compile(r"[ \t\n\r\f\v]")


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its value, or one word that is no option (`name` is empty)."""

    name: str
    value: str
    words: tuple[str, ...]
    """As written, without the wrapper."""
    wrapper: str = ""
    """`-Xclang`, `-Xpreprocessor` or `-Xassembler`, in front of each word."""

    def spelled(self) -> Iterator[str]:
        """The words as the compiler gets them."""
        for word in self.words:
            if self.wrapper:
                yield self.wrapper
            yield word


@dataclass(frozen=True, slots=True)
class Arguments:
    """A compile command, taken apart."""

    compiler: tuple[str, ...]
    """The compiler, with what launches it: `ccache gcc`."""
    options: tuple[Option, ...]
    response_files: tuple[str, ...]
    """Absolute."""

    def values(self, *names: str) -> list[str]:
        """The values of all options with one of these names, in order."""
        return [option.value for option in self.options if option.name in names]


def read(argv: Iterable[str], directory: str) -> Arguments:
    """Take the words apart; `@file` is replaced by the words in it, as libiberty's expandargv does."""
    responses: dict[str, None] = {}
    words = list(expand(argv, directory, responses))
    start = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    launchers = _launchers(words[:start])
    return Arguments(tuple(words[:launchers]), tuple(options(words[launchers:])), tuple(responses))


def language(arguments: Arguments, source: str) -> str:
    """The language as `-x` names it: from the last `-x` in front of the source, else from the suffix."""
    named = ""
    for option in arguments.options:
        if option.name == "-x" and not option.wrapper:
            named = "" if option.value == "none" else option.value
        elif not option.name and option.value == source:
            break
    suffix = os.path.splitext(source)[1]
    cxx = _CXX_DRIVER.search(os.path.basename(arguments.compiler[-1])) is not None
    found = named or language_of_suffix(suffix, cxx=cxx)
    if not found:
        raise SplitphaseError(
            f"the suffix of {source!r} does not tell its language",
            hint="name it with -x; else it is left to the compiler",
        )
    return found


def language_of_suffix(suffix: str, *, cxx: bool) -> str:
    """The language as `-x` names it, for a C or a C++ driver; empty if the suffix is not one of a source."""
    found = _BY_SUFFIX.get(suffix) or _BY_SUFFIX.get(suffix.lower(), "")
    return found.replace("c", "c++", 1) if cxx and found in {"c", "c-header"} else found


def is_source(path: str) -> bool:
    """Whether the suffix is one of a source."""
    return bool(language_of_suffix(os.path.splitext(path)[1], cxx=False))


def split_response(text: str) -> list[str]:
    """Split the text of a response file: white space separates, quotes group, a backslash keeps the next character.

    The rules are those of libiberty's buildargv (Clang's TokenizeGNUCommandLine agrees): a backslash escapes inside
    both kinds of quotes as well.
    """
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    characters = iter(text)
    for character in characters:
        if not quote and _SPACE.match(character):
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        word = [] if word is None else word
        if character == "\\":
            word.append(next(characters, ""))
        elif quote:
            quote = "" if character == quote else quote
            if quote:
                word.append(character)
        elif character in "'\"":
            quote = character
        else:
            word.append(character)
    if word is not None:
        words.append("".join(word))
    return words


def expand(argv: Iterable[str], directory: str, seen: dict[str, None], inside: tuple[str, ...] = ()) -> Iterator[str]:
    """The words with those of response files in place; `seen` gets the files' absolute paths."""
    for word in argv:
        path = os.path.join(directory, word[1:]) if len(word) > 1 and word[0] == "@" else ""
        if not path or not os.path.isfile(path):
            yield word  # GCC, too, takes the word as it is when there is no such file
            continue
        if path in inside:
            raise SplitphaseError(f"the response file {path} includes itself", hint="mend the file")
        seen[path] = None
        with open(path, "rb") as file:
            yield from expand(split_response(os.fsdecode(file.read())), directory, seen, (*inside, path))


def _launchers(words: list[str]) -> int:
    """How many of the words in front of the first option run the compiler: all but file names with a known suffix."""
    count = next((i for i, word in enumerate(words) if i and os.path.splitext(word)[1] in _BY_SUFFIX), len(words))
    return max(count, 1)


def options(words: Iterable[str]) -> Iterator[Option]:
    """The options among the words that follow the compiler."""
    stream = iter(words)
    wrapped: list[tuple[str, str]] = []
    for word in stream:
        if word in _WRAPPED or word[:3] in _WRAPPERS:
            wrapped += _unwrap(word, stream)
            continue
        if wrapped:
            yield from _wrapped(wrapped)
            wrapped = []
        alone = _alone(word)
        if alone is not None:
            yield alone
            continue
        name, _, _ = _classify(word)
        value = next(stream, None)
        yield Option(name, "", (word,)) if value is None else Option(name, value, (word, value))
    yield from _wrapped(wrapped)


@lru_cache(maxsize=65536)
def _alone(word: str) -> Option | None:
    """The option that this word is by itself; None if the next word is its value."""
    name, value, separate = _classify(word)
    return None if separate else Option(name, value, (word,))


def _unwrap(word: str, rest: Iterator[str]) -> list[tuple[str, str]]:
    """The words that `-Xclang word` or `-Wp,word,word` hands on, each with its wrapper."""
    if word in _WRAPPED:
        return [(handed, word) for handed in (next(rest, None),) if handed is not None]
    head, *parts = word.split(",")
    return [(part, _WRAPPERS[head]) for part in parts] if head in _WRAPPERS and parts else [(word, "")]


def _wrapped(words: list[tuple[str, str]]) -> Iterator[Option]:
    """The options in a run of words with wrappers; each word of an option has its own: `-Xclang -D -Xclang A`."""
    stream = iter(words)
    for word, wrapper in stream:
        name, value, separate = _classify(word)
        # The preprocessor's own -MD takes the file that the driver's does not.
        separate |= wrapper == "-Xpreprocessor" and word in {"-MD", "-MMD"}
        following = next(stream, None) if separate else None
        if following is None:
            yield Option(name, value, (word,), wrapper)
        else:
            yield Option(name, following[0], (word, following[0]), wrapper)


@lru_cache(maxsize=65536)
def _classify(word: str) -> tuple[str, str, bool]:
    """Name and value of one word, and whether the value is the next word."""
    if not word.startswith("-") or word == "-":
        return "", word, False
    if word in _SEPARATE:
        return _ALIASES.get(word, word), "", True
    match = _EITHER.fullmatch(word)
    if match:
        return match[1], match[2], not match[2]
    name, equals, value = word.partition("=")
    if equals and (name.startswith("--") or not value.startswith("=")):
        return _ALIASES.get(name, name), value, False
    return _ALIASES.get(word, word), "", False
