"""Look at a build just before its tool runs: environment, tree, and with plain make what it is about to do."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping

from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.record import Observed
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


def digest(text: str) -> str:
    """Digest of a string."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def observe(facts: Facts, own: str, environment: Mapping[str, str], flags: str) -> Observed:
    """What there is now; `own` is splitphase's folder below the top."""
    escape = facts.escape
    return Observed(
        directory=escape.text(os.getcwd()),
        environment={
            name: digest(escape.text(value))
            for name, value in sorted(environment.items())
            if not SHELLS_OWN.match(name) and name not in EARLY
        },
        epoch=environment.get("SOURCE_DATE_EPOCH", ""),
        flags=digest(escape.text(flags)),
        listing=facts.listing(own),
    )


def differing(before: Observed, after: Observed, ignored: Iterable[str]) -> str:
    """Why no compile of the earlier build can be taken for one of this, or nothing."""
    if before.directory != after.directory:
        return f"the build was in {before.directory}, now it is in {after.directory}"
    names = sorted(before.environment.keys() | after.environment.keys())
    skipped = set(ignored)
    for name in names:
        if name not in skipped and before.environment.get(name) != after.environment.get(name):
            return f"the variable {name} differs"
    return ""


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
    r"-fprofile|-fbranch-prob|-fauto-profile|-fplugin|-?-specs|-frandomize-layout|-fsanitize-\w*list|-B|-wrapper|-Xclang$|-aux-info|-fsave-opt|-fopt-info|-fdiagnostics-\w*(?:file|output)|--serialize-d"
)


def odd_flags(words: Iterable[str]) -> str:
    """Why a compile with these words may read files that no dependency record names, or nothing."""
    for word in words:
        if _ODD.match(word):
            return f"{word.split('=')[0]} may read files that no dependency record names"
    return ""
