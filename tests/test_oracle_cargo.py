"""A short run of the oracle for cargo. `dev/oracle --tool cargo` makes long ones."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "oracle"))
import oracle
import oracle_cargo

pytestmark = pytest.mark.skipif(not Path("/usr/bin/cargo").exists(), reason="cargo: not on this machine")


def test_equals_the_clean_build() -> None:
    counts = oracle_cargo.run(2, seed=3)
    assert counts["cases"] == 2
    assert counts["objects taken"]


@pytest.mark.parametrize(
    ("module", "old", "new", "edit"),
    [
        ("rust.py", "if any(crate.macro for crate in crates):", "if False:", oracle_cargo.undeclared),
        ("rust.py", "all(now[name] == state for name, state in entry.needs)", "True", oracle_cargo.source),
    ],
)
def test_notices_a_rule_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, old: str, new: str, edit: oracle_cargo.Edit
) -> None:
    """Without the rule about what macros may read, or that about sources, an edit makes a stale build."""
    broken = tmp_path / "python"
    shutil.copytree(oracle.PYTHON, broken)
    place = broken / "splitphase/intercept" / module
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))
    monkeypatch.setenv("ORACLE_PYTHON", str(broken))
    with pytest.raises(AssertionError, match=r"clean|one of the two builds fails"):
        oracle_cargo.run(6, seed=1, kinds=(edit,))
