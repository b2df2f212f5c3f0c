"""Which environment variables a call of rustc depends on.

What a crate reads with `env!` its dependency file says (`# env-dep:`). Procedural macros may read any variable, and say
nothing: for calls that use one, all count but those that a shell or cargo has for itself, and attributes that stdenv's
own phases read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from splitphase.shellstate import SHELLS_OWN

_RUSTC = re.compile(r"RUSTC_\w+|RUST_\w+|NIX_RUSTFLAGS")
_CARGOS_OWN = frozenset(("CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS", "CARGO_HOME"))
"""Descriptors of a job server, and a folder that may have a name by chance."""
_STDENVS_OWN = re.compile(
    r"(?:pre|post)[A-Z]\w*|\w+Phases?|\w*(?:Flags|FlagsArray)|dont[A-Z]\w*|do(?:Install)?Check|outputs|name|pname|version|src|srcs"
    r"|sourceRoot|setSourceRoot|unpackCmd|patches|prefixKey|configureScript|cmake[A-Z]\w*|meson[A-Z]\w*"
    r"|cargo(?:Deps|DepsCopy|DepsHook|Hash|Sha256|Patches|UpdateHook|VendorDir)|separateDebugInfo|outputHash\w*"
    r"|(?:dis)?allowed(?:References|Requisites)|__\w+"
)


def rustcs_own(environment: Mapping[str, str]) -> dict[str, str]:
    """What rustc itself reads, sorted by name."""
    return {name: environment[name] for name in sorted(environment) if _RUSTC.fullmatch(name)}


def for_macros(environment: Mapping[str, str]) -> dict[str, str]:
    """What a procedural macro may read, sorted by name."""
    return {
        name: environment[name]
        for name in sorted(environment)
        if name not in _CARGOS_OWN and not SHELLS_OWN.match(name) and not _STDENVS_OWN.fullmatch(name)
    }
