"""Look at a build just before its tool runs: environment, tree, and with plain make what it is about to do."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.record import Observed
from splitphase.command import is_compiler
from splitphase.environment import wrapper_flags
from splitphase.rewrite import Rewriter
from splitphase.shellstate import SHELLS_OWN
from splitphase.steps import unsplit_flags

EARLY = frozenset(
    """
    name pname version src srcs sourceRoot setSourceRoot unpackPhase preUnpack postUnpack unpackCmd dontUnpack
    dontMakeSourcesWritable patches patchPhase prePatch postPatch patchFlags dontPatch configurePhase preConfigure
    postConfigure configureFlags configureFlagsArray configureScript dontConfigure dontAddPrefix dontAddDisableDepTrack
    dontDisableStatic dontFixLibtool prefixKey cmakeDir cmakeFlags cmakeFlagsArray cmakeBuildType mesonFlags
    mesonFlagsArray mesonBuildType mesonAutoFeatures preBuild postBuild postHook outputs SOURCE_DATE_EPOCH
    cargoDeps cargoDepsCopy cargoDepsHook cargoHash cargoSha256 cargoPatches cargoUpdateHook cargoVendorDir
    """.split()
)
"""Read by earlier phases, whose result is the tree, or by none. The date is looked at by itself."""
_SEARCH = re.compile(r"NIX_CFLAGS_COMPILE(?:_FOR_\w+)?$")
_FOLDER = re.compile(r"(?<!\S)-isystem (/nix/store/\S+)(?!\S)")
_MAP = re.compile(r"^-fmacro-prefix-map=")
_UNREAD = re.compile(
    r"(?:NIX_LDFLAGS\w*|NIX_CFLAGS_LINK\w*|(?:propagated|native|propagatedNative)?[bB]uildInputs|deps(?:Build|Host|Target)\w+"
    r"|HOST_PATH|PKG_CONFIG_PATH\w*|(?:NIXPKGS_)?CMAKE_\w*PATH|ACLOCAL_PATH|XDG_\w+_DIRS|GETTEXTDATADIRS\w*|PYTHONPATH"
    r"|PERL5LIB|NIX_PYTHONPATH)$"
)
"""Read by links and by what runs before or beside compiles, all of which runs anew; sources: nixpkgs' setup hooks."""


def digest(text: str) -> str:
    """Digest of a string."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def observe(facts: Facts, own: str, environment: Mapping[str, str], flags: str, *, contents: bool = True) -> Observed:
    """What there is now; `own` is splitphase's folder below the top. With `contents`, what each file holds, too."""
    escape = facts.escape
    own_environment = sorted(environment.items())
    return Observed(
        directory=escape.text(os.getcwd()),
        environment={
            name: digest(escape.text(value))
            for name, value in own_environment
            if not SHELLS_OWN.match(name) and name not in EARLY
        },
        epoch=environment.get("SOURCE_DATE_EPOCH", ""),
        flags=digest(escape.text(flags)),
        listing=facts.listing(own, contents=contents),
        search={name: escape.text(value) for name, value in own_environment if _SEARCH.match(name)},
        programs=_programs(environment.get("PATH", "")),
    )


def _programs(path: str) -> dict[str, str]:
    """What compilers and assemblers on a PATH are, by name: all of them, since the first may call the next."""
    found: dict[str, list[str]] = {}
    for folder in filter(None, path.split(":")):
        with suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if name == "as" or is_compiler(name):
                    found.setdefault(name, []).append(os.path.realpath(f"{folder}/{name}"))
    return {name: ":".join(dict.fromkeys(places)) for name, places in found.items()}


def differing(before: Observed, after: Observed, ignored: Iterable[str], outputs: Collection[str] | None = None) -> str:
    """Why no compile of the earlier build can be taken for one of this, or nothing.

    `outputs` are names of the package's outputs, where nothing but commands of C compilers is taken: what other
    programs read of the environment does not count then, nor do folders of headers (see `changed_folders`).
    """
    if before.directory != after.directory:
        return f"the build was in {before.directory}, now it is in {after.directory}"
    names = sorted(before.environment.keys() | after.environment.keys())
    skipped = set(ignored)
    for name in names:
        if name in skipped or before.environment.get(name) == after.environment.get(name):
            continue
        if outputs is not None:
            if name in outputs or _UNREAD.match(name):
                continue
            if name == "PATH" and before.programs == after.programs:
                continue
            if _SEARCH.match(name) and _comparable(before, after, name):
                continue
        return f"the variable {name} differs"
    return ""


def changed_folders(before: Observed, after: Observed) -> frozenset[str]:
    """Folders of the store that only one of two builds searches for headers."""
    found: set[str] = set()
    for name in before.search.keys() | after.search.keys():
        old, new = (_FOLDER.findall(observed.search.get(name, "")) for observed in (before, after))
        found |= {*old} ^ {*new}
    return frozenset(found)


def names_below(folders: Iterable[str]) -> frozenset[str] | str:
    """Names of all that is in these folders, links followed; or the folder that is none."""
    found: set[str] = set()
    seen: set[str] = set()
    for folder in folders:
        if not os.path.isdir(folder):
            return folder
        for place, inner, names in os.walk(folder, followlinks=True):
            real = os.path.realpath(place)
            if real in seen:
                inner.clear()
                continue
            seen.add(real)
            found.update(inner, names)
    return frozenset(found)


def _comparable(before: Observed, after: Observed, name: str) -> bool:
    """Whether two values of a variable differ in folders of headers alone, and not in the order of those of both."""
    old, new = before.search.get(name, ""), after.search.get(name, "")
    first, second = _FOLDER.findall(old), _FOLDER.findall(new)
    common = {*first} & {*second}
    return _words(old, {*first} - common) == _words(new, {*second} - common)


def _words(value: str, left_out: Collection[str]) -> list[str]:
    """The words of a variable without these folders, and without what is said of their headers' names."""
    kept = _FOLDER.sub(lambda match: "" if match[1] in left_out else match[0], value).split()
    return [word for word in kept if not _MAP.match(word) or _MAP.sub("", word).split("=")[0] not in left_out]


_SEARCHED = ("PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_LIBRARY_PATH", "LD_PRELOAD")


def unusable(top: str, escape: Rewriter, environment: Mapping[str, str]) -> str:
    """Why no compile in this environment can be reused, or nothing."""
    for name in _SEARCHED:
        for folder in filter(None, environment.get(name, "").split(":")):
            if not folder.startswith("/") or in_tree(top, folder):
                return f"programs may come from the tree: {name} has {folder}"
    words = wrapper_flags(environment)
    for word in words:
        if any(old in word for old in escape.pairs):
            return f"the compiler gets the output path from the environment: {word}"
        if word.startswith("@"):
            return f"the compiler gets the response file {word} from the environment"
    return unsplit_flags(words) or odd_flags(words)


def in_tree(top: str, path: str) -> bool:
    """Whether an absolute path leads to something below the top."""
    return any(f"{place}/".startswith(f"{top}/") for place in (os.path.normpath(path), os.path.realpath(path)))


_ODD = re.compile(
    r"-fprofile|-fbranch-prob|-fauto-profile|-fplugin|-?-specs|-frandomize-layout|-fsanitize-\w*list|-B|-wrapper"
    r"|-Xclang$|-aux-info|-fsave-opt|-fopt-info|-fdiagnostics-\w*(?:file|output)|--serialize-d|--config|-ivfsoverlay"
    r"|-fxray-|-fbasic-block-sections=list|-MJ|-fproc-stat-report|-foptimization-record"
)
_RECORDS = re.compile(r"-[fg]record-")
"""The object says with which flags it was made: folders of headers that were only searched are among them."""


def odd_flags(words: Iterable[str]) -> str:
    """Why a compile with these words may read files that no dependency record names, or nothing."""
    for word in words:
        if _ODD.match(word):
            return f"{word.split('=')[0]} may read or write files that no dependency record names"
        if _RECORDS.match(word):
            return f"{word} puts flags into the object that no command shows"
    return ""
