"""A short run of tests/oracle: checkpointed builds equal clean ones. `dev/oracle` makes long ones."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "oracle"))
import oracle
import oracle_cargo

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


def test_cargo_equals_the_clean_build() -> None:
    if not shutil.which("cargo"):
        pytest.skip("cargo: not on this machine")
    counts = oracle_cargo.run(3, seed=3)
    assert counts["cases"] == 3
    assert counts["objects kept"]


def test_notices_that_undeclared_reads_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the rule about what build scripts and macros may read, a file that one reads makes a stale build."""
    if not shutil.which("cargo"):
        pytest.skip("cargo: not on this machine")
    broken = tmp_path / "python"
    shutil.copytree(oracle.PYTHON, broken)
    module = broken / "splitphase/checkpoint/cargounits.py"
    text = module.read_text()
    assert "if package.wide and unknown:" in text
    module.write_text(text.replace("if package.wide and unknown:", "if False:"))
    monkeypatch.setenv("ORACLE_PYTHON", str(broken))
    with pytest.raises(AssertionError, match=r"data/(?:limits|undeclared)"):
        oracle_cargo.run(6, seed=1, kinds=(oracle_cargo.undeclared,))
