"""Custom commands that checkpoints run ahead of the build, and that would run once more in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import checkpoint_cli

PROJECT = """cmake_minimum_required(VERSION 3.13)
project(p C)
include_directories(${CMAKE_BINARY_DIR})
add_custom_command(OUTPUT g.h COMMAND sh -c "echo '#define C 1' > g.h; echo made >> made.txt" VERBATIM)
add_executable(prog a.c b.c g.h)
"""
EACH_TIME = "add_custom_target(prep COMMAND {})\nadd_dependencies(prog prep)\n"


def configured(top: Path, generator: str, more: str) -> Path:
    shutil.rmtree(top, ignore_errors=True)
    work = top / "source/work"
    work.mkdir(parents=True)
    (top / "source/CMakeLists.txt").write_text(PROJECT + more)
    (top / "source/a.c").write_text('#include "g.h"\nint b(void);\nint main(void) { return b() - C; }\n')
    (top / "source/b.c").write_text("int b(void) { return 1; }\n")
    subprocess.run(["cmake", "-G", generator, ".."], cwd=work, check=True, capture_output=True)
    return work


def helper(work: Path, command: str, tool: str, saved: Path) -> str:
    return checkpoint_cli.helper(command, work.parents[1], work, tool, saved)


@pytest.mark.parametrize(("generator", "tool"), [("Ninja", "ninja"), ("Unix Makefiles", "make")])
@pytest.mark.parametrize("command", ["", "mkdir gen", "echo once >> log.txt"])
def test_commands_run_as_often_as_in_a_clean_build(tmp_path: Path, generator: str, tool: str, command: str) -> None:
    if not shutil.which("cmake") or not shutil.which(tool):
        pytest.skip(f"{generator}: not on this machine")
    top, saved = tmp_path / "build", tmp_path / "checkpoint"
    more = EACH_TIME.format(command) if command else ""
    work = configured(top, generator, more)
    helper(work, "observe", tool, saved)
    subprocess.run([tool], cwd=work, check=True, capture_output=True)
    helper(work, "checkpoint", tool, saved)
    work = configured(top, generator, more)
    taken = re.search(r"(\d+) objects taken", helper(work, "reuse", tool, saved))
    assert taken
    assert taken[1] == ("1" if command else "2")
    subprocess.run([tool], cwd=work, check=True, capture_output=True)
    assert helper(work, "confirm", tool, saved) == ""
    assert subprocess.run([str(work / "prog")], check=False).returncode == 0
    assert (work / "made.txt").read_text() == "made\n"
    if "log" in command:
        assert (work / "log.txt").read_text() == "once\n"
