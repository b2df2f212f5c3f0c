"""lib/hooks/intercept.sh in a shell as stdenv's: recording and taking, and a server that is killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorded_build import helper, new_folder
from shimmed import ROOT, stock, tools

HASH = "0c5b8vw40dy178xlpddw65q9gf1h2186"
SETTINGS = """
set -e
export IN_NIX_SHELL=1 NIX_BUILD_TOP={folder}/build NIX_BUILD_CORES=2
export out={folder}/{hash}-package
outputs=out splitphaseOutputs=out splitphaseOwn= splitphaseKeep= splitphaseEnv= splitphaseLeave=
splitphaseHelper={helper} splitphaseShim={tools}/shim splitphaseIntercept={hooks}/intercept.bash splitphasePath={path}
splitphaseManifest={folder}/manifest splitphaseSnapshot={folder}/snapshot splitphasePacks={folder}/packs
splitphasePackage=package splitphaseSystem=here splitphaseState= splitphaseIdleSeconds=60 splitphaseRecordSeconds=600
source {hooks}/cut.sh
source {hooks}/intercept.sh
splitphaseRunPhaseItself() {{ "$@"; }}
killServer() {{
  local entry
  for entry in /proc/[0-9]*/cmdline; do
    if [ -r "$entry" ] && tr '\\0' ' ' <"$entry" 2>/dev/null | grep -q "splitphase [a-z]* --top $NIX_BUILD_TOP "; then
      entry=${{entry%/cmdline}}
      kill -KILL "${{entry#/proc/}}"
    fi
  done
}}
cd "$NIX_BUILD_TOP/source"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = new_folder()
    (folder / "build/source").mkdir(parents=True)
    (folder / "build/source/a.c").write_text("int a;\n")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    settings = SETTINGS.format(
        folder=folder, hash=HASH, helper=helper(), tools=tools(), hooks=ROOT / "lib/hooks", path=os.environ["PATH"]
    )
    return subprocess.run(
        ["bash", "-c", settings + script],
        env=stock(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_record(folder: Path) -> None:
    done = run(folder, "buildPhase() { gcc -c a.c; }\nsplitphaseRecord\ndeclare -p BASH_ENV && exit 5\n:")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((folder / "manifest/manifest.json").read_text())
    assert [action["name"] for action in manifest["actions"]] == ["a.o"]
    assert (folder / "manifest/packs").read_text() == f"{folder}/packs"


def test_a_build_that_fails_while_it_is_recorded(folder: Path) -> None:
    done = run(folder, "buildPhase() { gcc -c a.c; false; gcc -c b.c; }\nsplitphaseRecord\n")
    assert done.returncode == 0, done.stderr
    assert "ended with status 1" in done.stdout
    assert len(json.loads((folder / "manifest/manifest.json").read_text())["actions"]) == 1


def test_a_recording_that_is_killed_is_no_failure(folder: Path) -> None:
    """The package was not built at all."""
    done = run(folder, "buildPhase() { gcc -c a.c; killServer; }\nsplitphaseRecord\necho behind\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("behind\n")
    manifest = json.loads((folder / "manifest/manifest.json").read_text())
    assert "could not be recorded" in manifest["reason"]


def test_a_build_that_waits_for_a_program_is_ended(folder: Path) -> None:
    done = run(folder, "splitphaseIdleSeconds=2\nbuildPhase() { gcc -c a.c; sleep 100; }\nsplitphaseRecord\n")
    assert done.returncode == 0, done.stderr
    assert "record ends" in done.stdout
    assert len(json.loads((folder / "manifest/manifest.json").read_text())["actions"]) == 1


def test_a_checkpoint_whose_server_is_killed_is_an_error(folder: Path) -> None:
    script = (
        "splitphaseCheckpoint=$out-checkpoint\nbuildPhase() { gcc -c a.c; killServer; }\nsplitphaseFromCheckpoint\n"
    )
    done = run(folder, script)
    assert done.returncode == 1
    assert "error: splitphase: the server of this build did not end well" in done.stderr
    assert "hint: " in done.stderr
