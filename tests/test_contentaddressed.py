"""Content-addressed packages: every entry point ends in the very store path of the stock build.

No flake check can ask for the experimental feature, so this one runs Nix by itself.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NIXPKGS = os.environ.get("SPLITPHASE_NIXPKGS", ROOT / "tests/hostpkgs")
EXPRESSION = f"""
{{ byDefault }}:
let
  pkgs = import {NIXPKGS} {{ config.contentAddressedByDefault = byDefault; }};
  inherit (pkgs) lib;
  scope = (import {ROOT}/lib {{ inherit lib; }}).mkLib pkgs;
  inherit (import {ROOT}/checks/compare.nix {{ inherit pkgs scope; }}) refuse;
  package = stdenv: stdenv.mkDerivation ({{
    name = "content-addressed";
    src = {ROOT}/checks/fixtures/libraries;
    nativeBuildInputs = [ pkgs.cmake pkgs.ninja ];
    # A pack that is in the store already is not looked for below the part that wrote it: each run needs new ones.
    env = {{ NIX_LDFLAGS = "--build-id=none"; NIX_CFLAGS_COMPILE = "-DSTAMP_{os.urandom(4).hex()}"; }};
  }} // lib.optionalAttrs (!byDefault) {{ __contentAddressed = true; }});
  stock = package pkgs.stdenv;
  objcache = package scope.objcacheStdenv;
in
{{
  inherit stock;
  objcache = objcache.overrideAttrs {{ preConfigure = "echo \\"$out\\" > said"; }};
  split = refuse (scope.splitBuildInstall stock);
  both = refuse (scope.splitBuildInstall objcache);
  chain = scope.splitPhases {{ after = [ "unpack" "configure" "build" ]; }} stock;
  checkpoint = scope.mkCheckpointBuild stock (scope.prepareCheckpointBuild stock);
}}
"""


@pytest.mark.parametrize("by_default", ["false", "true"])
def test_same_path_as_stock(by_default: str) -> None:
    """As an attribute of the package, and as the package set's default: then all inputs are content-addressed, too."""
    command = [ROOT / "dev/nix", "--extra-experimental-features", "ca-derivations", "build", "--impure", "--no-link"]
    call = ["--print-out-paths", "--expr", f"builtins.attrValues (({EXPRESSION}) {{ byDefault = {by_default}; }})"]
    result = subprocess.run([*command, *call], check=False, capture_output=True, text=True)
    if "experimental Nix feature 'ca-derivations' is disabled" in result.stderr:
        pytest.skip("the daemon does not have ca-derivations, and lets this user not ask for it")
    assert result.returncode == 0, result.stderr
    paths = result.stdout.split()
    assert len(paths) == 6
    assert len(set(paths)) == 1, paths
