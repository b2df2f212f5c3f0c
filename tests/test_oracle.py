"""A short run of tests/oracle: checkpointed builds equal clean ones. `dev/oracle` makes long ones."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "oracle"))
import oracle

NEEDED = {
    "cmake-ninja": ("cmake", "ninja"),
    "cmake-make": ("cmake", "make"),
    "meson": ("meson", "ninja"),
    "autotools": ("autoreconf", "automake", "make"),
    "make": ("make", "gcc"),
}


@pytest.mark.parametrize("tool", sorted(NEEDED))
def test_equals_the_clean_build(tool: str) -> None:
    if not all(shutil.which(program) for program in NEEDED[tool]):
        pytest.skip(f"{tool}: not on this machine")
    counts = oracle.run(tool, 3, seed=5)
    assert counts["cases"] == 3


def test_notices_a_rule_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the rule about new names, a header that stands before another one makes a stale build."""
    broken = tmp_path / "python"
    shutil.copytree(oracle.PYTHON, broken)
    module = broken / "splitphase/checkpoint/decide.py"
    text = module.read_text()
    assert "if self.appeared else" in text
    module.write_text(text.replace("if self.appeared else", "if False else"))
    monkeypatch.setenv("ORACLE_PYTHON", str(broken))
    from oracle_edits import _shadow, _source  # noqa: PLC0415 - found through the path above

    with pytest.raises(AssertionError, match="shadow"):
        oracle.run("cmake-ninja", 12, seed=2, kinds=(_shadow, _source))
