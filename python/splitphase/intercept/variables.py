"""Which environment variables a compiler call depends on, and which make it one that is left to the compiler.

Sources: the manuals of GCC ("Environment Variables Affecting GCC"), Clang and GNU ld; nixpkgs' cc-wrapper,
bintools-wrapper (`add-flags.sh`, `add-hardening.sh`, `ld-wrapper.sh`) and `utils.bash`, which read each list with the
suffixes of the roles (none, `_FOR_BUILD`, `_FOR_TARGET`) and of the platform (`_x86_64_unknown_linux_gnu`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from splitphase.intercept.options import STORE
from splitphase.intercept.reasons import Reason

_ROLES = r"\w*"
_BOTH = (
    r"NIX_(?:CFLAGS_COMPILE|CXXSTDLIB_COMPILE|GNATFLAGS_COMPILE|HARDENING_ENABLE|CC_WRAPPER|CC_USE_RESPONSE_FILE"
    r"|ENFORCE_NO_NATIVE|ENFORCE_PURITY)" + _ROLES + r"|NIX_STORE|NIX_BUILD_TOP|GCC_EXEC_PREFIX|COMPILER_PATH|CPATH"
    r"|(?:C|CPLUS|OBJC|OBJCPLUS)_INCLUDE_PATH|SDKROOT|DEVELOPER_DIR\w*|MACOSX_DEPLOYMENT_TARGET\w*|RC_DEBUG_\w+"
    r"|CLANG_NO_DEFAULT_CONFIG|CLANG_SPAWN_CC1|GCC_ROOT"
)
_LINK = (
    r"|NIX_(?:CFLAGS_LINK|CXXSTDLIB_LINK|LDFLAGS|BINTOOLS_WRAPPER|DYNAMIC_LINKER|LD_USE_RESPONSE_FILE|SET_BUILD_ID"
    r"|BUILD_ID_STYLE|DONT_SET_RPATH|NO_SELF_RPATH|IGNORE_LD_THROUGH_GCC|LINK_TYPE)"
    + _ROLES
    + r"|NIX_COREFOUNDATION_RPATH"
    r"|LIBRARY_PATH|LPATH|LD_RUN_PATH|LD_LIBRARY_PATH|LDEMULATION|GNUTARGET|COLLECT_NO_DEMANGLE|ZERO_AR_DATE|LD_AS_NEEDED"
)
_RELEVANT = {"compile": re.compile(_BOTH), "link": re.compile(_BOTH + _LINK)}
_FOLDERS_FOR_FILES = ("TMP", "TMPDIR", "TEMP", "TEMPDIR")
"""The wrapper's check of paths takes these folders for pure."""
_MESSAGES = re.compile(
    r"LANG|LANGUAGE|LC_\w+|GCC_COLORS|GCC_URLS|TERM_URLS|GCC_EXTRA_DIAGNOSTIC_OUTPUT|TERM|COLUMNS|NO_COLOR|CLICOLOR"
    r"|CLICOLOR_FORCE|FORCE_COLOR|COLORTERM|NIX_CC_WRAPPER_SUPPRESS_TARGET_WARNING"
)
_DATES = ("SOURCE_DATE_EPOCH", "TZ")
_UNSAFE = {
    "DEPENDENCIES_OUTPUT": Reason.WRITING_VARIABLE,
    "SUNPRO_DEPENDENCIES": Reason.WRITING_VARIABLE,
    "GCC_DIAGNOSTICS_LOG": Reason.WRITING_VARIABLE,
    "CC_PRINT_HEADERS": Reason.WRITING_VARIABLE,
    "CC_PRINT_HEADERS_FILE": Reason.WRITING_VARIABLE,
    "CC_PRINT_OPTIONS": Reason.WRITING_VARIABLE,
    "CC_PRINT_PROC_STAT": Reason.WRITING_VARIABLE,
    "CC_PRINT_INTERNAL_STAT": Reason.WRITING_VARIABLE,
    "CC_LOG_DIAGNOSTICS": Reason.WRITING_VARIABLE,
    "CCC_OVERRIDE_OPTIONS": Reason.REWRITING_VARIABLE,
    "CCC_ADD_ARGS": Reason.REWRITING_VARIABLE,
    "QA_OVERRIDE_GCC3_OPTIONS": Reason.REWRITING_VARIABLE,
    "GCC_COMPARE_DEBUG": Reason.REWRITING_VARIABLE,
    "LD_AUDIT": Reason.LOADING_VARIABLE,
    "CLANG_MODULE_CACHE_PATH": Reason.MODULES,
}
_UNSAFE_FOR_COMPILES = frozenset(("DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "CLANG_MODULE_CACHE_PATH"))
"""What only the preprocessor heeds."""
_SEARCHED = ("COMPILER_PATH", "GCC_EXEC_PREFIX")


def relevant(environment: Mapping[str, str], kind: str) -> dict[str, str]:
    """What the result may depend on, sorted by name; `kind` is a Kind, "compile" or "link".

    This becomes part of the key, and an action gets it. PATH is not among it: nixpkgs' GCC knows its assembler and
    linker by absolute path, and the wrapper puts its binutils in front of PATH for what asks there. Neither is HOME:
    nixpkgs' Clang has no folder for configuration files of users or the system built in; those beside its program
    (`<prefix>/bin/*.cfg`) are in the store with it.
    """
    pattern = _RELEVANT[kind]
    found = {name: environment[name] for name in sorted(environment) if pattern.fullmatch(name)}
    if any(name.startswith("NIX_ENFORCE_PURITY") and value == "1" for name, value in found.items()):
        found |= {name: environment[name] for name in _FOLDERS_FOR_FILES if name in environment}
        found = dict(sorted(found.items()))
    return found


def messages(environment: Mapping[str, str]) -> dict[str, str]:
    """What shapes nothing but the messages, sorted by name: it counts only for a call that printed something."""
    return {name: environment[name] for name in sorted(environment) if _MESSAGES.fullmatch(name)}


def dates(environment: Mapping[str, str]) -> dict[str, str]:
    """What `__DATE__` and `__TIME__` depend on: it counts only where a date is seen."""
    return {name: environment[name] for name in _DATES if name in environment}


def unsafe(environment: Mapping[str, str], kind: str) -> str:
    """Why a variable leaves the call to the compiler; empty if none does. `kind` as in `relevant`."""
    for name, reason in _UNSAFE.items():
        if name in environment and not (kind == "link" and name in _UNSAFE_FOR_COMPILES):
            return reason
    for name in _SEARCHED:
        if name in environment and not all(entry.startswith(STORE) for entry in environment[name].split(":")):
            return Reason.PROGRAMS
    if environment.get("LD_PRELOAD"):
        return Reason.LOADING_VARIABLE
    debug = environment.get("NIX_DEBUG", "")
    if debug and debug != "0":
        return Reason.PRINTING_VARIABLE
    return ""


def words_added(environment: Mapping[str, str], kind: str) -> tuple[list[str], list[str]]:
    """The values of variables whose words nixpkgs' wrappers add: for the driver, and for the linker alone."""
    wrappers = [(name, value) for name, value in environment.items() if name.startswith("NIX_")]
    driver = [value for name, value in wrappers if name.startswith(_DRIVER_WORDS[kind])]
    linker = [value for name, value in wrappers if kind == "link" and name.startswith("NIX_LDFLAGS")]
    return driver, linker


def adds_to_compiles(name: str) -> bool:
    """Whether the wrappers hand the words of this variable to the driver, whatever it does."""
    return name.startswith(_DRIVER_WORDS["compile"])


def adds_to_links(environment: Mapping[str, str]) -> bool:
    """Whether the wrappers hand words to the driver where it links, and only there."""
    return any(value.strip() for name, value in environment.items() if name.startswith(_LINKS_ONLY))


_LINKS_ONLY = ("NIX_CFLAGS_LINK", "NIX_CXXSTDLIB_LINK")
_DRIVER_WORDS = {
    "compile": ("NIX_CFLAGS_COMPILE", "NIX_CXXSTDLIB_COMPILE"),
    "link": ("NIX_CFLAGS_COMPILE", "NIX_CXXSTDLIB_COMPILE", *_LINKS_ONLY),
}
