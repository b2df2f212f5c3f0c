"""The helper's commands about checkpoints as the hooks call them, in a build that a test runs itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[1] / "python"


def helper(command: str, top: Path, work: Path, tool: str, saved: Path) -> str:
    """Run `splitphase COMMAND` in the working directory `work` of a build below `top`; returns what it prints."""
    run = subprocess.run(
        [sys.executable, "-m", "splitphase", command, "--top", str(top), "--output", f"out=/nix/store/{'0' * 32}-p",
         "--package", "p", "--system", "here", "--tool", tool, "--checkpoint", str(saved)],
        cwd=work, env=os.environ | {"PYTHONPATH": str(PYTHON)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout
