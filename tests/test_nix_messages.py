"""What Nix says to wrong uses of the library, word for word: evaluation and builds with the real Nix."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAD = f"""
let
  pkgs = import {os.environ.get("SPLITPHASE_NIXPKGS", ROOT / "tests/hostpkgs")} {{ }};
  scope = (import {ROOT}/lib {{ inherit (pkgs) lib; }}).mkLib pkgs;
  inherit (scope) splitBuildInstall splitPhases objcacheStdenv withObjcache;
  base = {{ name = "package"; dontUnpack = true; installPhase = "mkdir $out"; }};
  package = attrs: pkgs.stdenv.mkDerivation (base // attrs);
in
"""


def failure(expression: str, *options: str) -> str:
    """Evaluate and build; return what was said. The expression must fail."""
    command = [str(ROOT / "dev/nix"), "nix-build", "--no-out-link", *options, "--expr", HEAD + expression]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode, result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        (
            'splitBuildInstall (pkgs.runCommand "x" { } "mkdir $out")',
            ["splitphase.splitPhases: x cannot be cut: it has a buildCommand and so no phases.", "Use it as it is"],
        ),
        (
            "splitPhases { after = [ ]; } (package { })",
            [
                "splitphase.splitPhases: `after` is [], but must be a list of phases",
                'splitPhases { after = [ "build" ]; }',
            ],
        ),
        (
            'splitPhases { after = "build"; } (package { })',
            ['splitphase.splitPhases: `after` is "build", but must be a list of phases'],
        ),
        (
            'splitBuildInstall { name = "none"; }',
            ['splitphase.splitPhases: this is no package of stdenv.mkDerivation: "none".', "`overrideAttrs`"],
        ),
        (
            'splitPhases { after = [ "polish" ]; } (package { })',
            [
                "error: splitphase: there is no polish or polishPhase to cut after; the phases are: unpackPhase",
                "hint: name one of these in splitPhases { after = [ ... ]; }, or leave the package whole",
            ],
        ),
        (
            """splitPhases { after = [ "unpack" "late" "early" ]; } (package {
              phases = [ "unpackPhase" "early" "late" "installPhase" ];
              early = "true";
              late = "true";
            })""",
            [
                "error: splitphase: the cut after early is not behind the one after late; the phases are",
                "hint: name the phases in splitPhases { after = [ ... ]; } in this order",
            ],
        ),
        (
            'splitBuildInstall (package { buildPhase = "exit 0"; })',
            ["error: builder for", "failed to produce output path for output 'out'"],
        ),
        (
            'splitBuildInstall (package { buildPhase = "echo no >&2; false"; })',
            ["no", "failed with exit code 1"],
        ),
    ],
    ids=["buildCommand", "empty", "string", "no-package", "no-phase", "order", "exit", "failing"],
)
def test_message(expression: str, lines: list[str]) -> None:
    """Each is said."""
    said = failure(expression)
    for line in lines:
        assert line in said, said
