"""What Nix says to wrong uses of the library, word for word: evaluation and builds with the real Nix."""

from __future__ import annotations

import os
import re
import subprocess
import time
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


HIDDEN = r"""''mkdir sub; printf '\x04\x22\x4d\x18%s' "$out" > sub/data.lz4''"""


def build(expression: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Evaluate and build."""
    command = [str(ROOT / "dev/nix"), "nix-build", "--no-out-link", *options, "--expr", HEAD + expression]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def failure(expression: str, *options: str) -> str:
    """Evaluate and build; return what was said. The expression must fail."""
    result = build(expression, *options)
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
            # A code that no form covers, and that is undone behind the cut.
            """splitBuildInstall (package {
              buildPhase = "echo $out | tr 0-9a-z 5-9a-z0-4 > secret";
              installPhase = "mkdir $out; tr 5-9a-z0-4 0-9a-z < secret > $out/said";
            })""",
            [
                "error: splitphase: an output refers to an earlier part of the build",
                "/said",
                "hint: a phase before the cut encoded the output path",
            ],
        ),
        (
            # The same, of the part that unpacks and patches.
            """objcacheStdenv.mkDerivation {
              name = "package";
              src = pkgs.runCommand "source" { } "mkdir $out; echo 'int x;' > $out/x.c";
              postPatch = "echo $out | tr 0-9a-z 5-9a-z0-4 > secret.md";
              buildPhase = "$CC -c -o x.o x.c";
              installPhase = "mkdir $out; tr 5-9a-z0-4 0-9a-z < secret.md > $out/said";
            }""",
            ["error: splitphase: an output refers to an earlier part of the build", "/said"],
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
            f"splitBuildInstall (package {{ buildPhase = {HIDDEN}; }})",
            [
                "error: /build/sub/data.lz4: the hash stands in a lz4 file, which has checksums; it cannot be replaced",
                "hint: cut before this file is made, or, where the old path may stay in it, name it with the reason in",
                'splitphaseKeep = [ "PATH" ]',
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
    ids=[
        "buildCommand",
        "empty",
        "string",
        "no-package",
        "earlier-part",
        "sources-part",
        "no-phase",
        "order",
        "hidden",
        "exit",
        "failing",
    ],
)
def test_message(expression: str, lines: list[str]) -> None:
    """Each is said."""
    said = failure(expression)
    for line in lines:
        assert line in said, said


def test_source_of_a_flake() -> None:
    """`src = ./.` there is a folder in the store, which is copied under its whole name."""
    said = build(
        f"""objcacheStdenv.mkDerivation {{
          name = "package";
          nativeBuildInputs = [ pkgs.cmake pkgs.ninja ];
          src = builtins.path {{
            path = {ROOT}/checks/fixtures/plain;
            name = "0c5b8vw40dy178xlpddw65q9gf1h2186-source";
          }};
        }}"""
    ).stderr
    assert "src = self" in said


def test_zstd_that_an_overlay_splits() -> None:
    """The helper needs zstd: its own is the one below that overlay."""
    result = build(
        """
        (import pkgs.path {
          overlays = [
            (import LIB/overlay.nix (import LIB { inherit (pkgs) lib; }))
            (final: prev: {
              zstd = final.splitBuildInstall (final.stdenv.mkDerivation {
                name = "zstd";
                dontUnpack = true;
                installPhase = "mkdir $out; ln -s ${prev.zstd}/bin $out/bin";
              });
            })
          ];
        }).zstd""".replace("LIB", f"{ROOT}/lib")
    )
    assert result.returncode == 0, result.stderr


def test_source_with_an_error() -> None:
    """Final's compiler says what is wrong, as the stock build's would; and nothing runs once more for it."""
    source = """objcacheStdenv.mkDerivation {
      name = "wrong";
      nativeBuildInputs = [ pkgs.cmake pkgs.ninja ];
      unpackPhase = ''
        mkdir source
        cd source
        echo 'CONTENT' > main.c
        printf 'cmake_minimum_required(VERSION 3.16)\\nproject(x C)\\nadd_executable(x main.c)\\n' > CMakeLists.txt
      '';
    }"""
    said = failure(source.replace("CONTENT", "int main(void) { return wrong; }"))
    assert re.search("error: .wrong. undeclared", said)
    assert " -c /build/source/main.c" in said
    assert "compiled main.c: it fails in its derivation" in said
    assert "once more, with the compilers alone" not in said
    assert "objcacheLeave" not in said


def test_keep() -> None:
    """A file that is named may hold the old path; the log says so."""
    kept = f"""splitBuildInstall (package {{
      salt = "{time.time_ns()}";
      buildPhase = {HIDDEN};
      splitphaseKeep = [ "sub/*.lz4" ];
      installPhase = "mkdir $out; cp sub/data.lz4 $out/";
    }})"""
    result = build(kept)
    assert result.returncode == 0, result.stderr
    assert (Path(result.stdout.strip()) / "data.lz4").read_bytes()[4:15] == b"/nix/store/"
    assert "sub/data.lz4: left as it is (keep sub/*.lz4)" in result.stderr
