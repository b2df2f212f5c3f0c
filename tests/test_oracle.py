"""A short run of tests/oracle: builds with the shim equal stock ones. `dev/oracle` makes long ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "oracle"))
import oracle
import oracle_edits
from oracle_objcache import ObjcacheOracle

NEEDED = {
    "cmake-ninja": ("cmake", "ninja"),
    "cmake-make": ("cmake", "make"),
    "meson": ("meson", "ninja"),
    "autotools": ("autoreconf", "automake", "make"),
    "make": ("make", "gcc"),
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str, str], None]:
    """Changes a line of the helper that the oracle runs."""

    def change(module: str, old: str, new: str) -> None:
        shutil.copytree(oracle.PYTHON, tmp_path / "python")
        path = tmp_path / "python/splitphase" / module
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        monkeypatch.setenv("ORACLE_PYTHON", str(tmp_path / "python"))

    return change


def _skip_without(tool: str) -> None:
    if not all(shutil.which(program) for program in NEEDED[tool]):
        pytest.skip(f"{tool}: not on this machine")


@pytest.mark.parametrize("tool", sorted(NEEDED))
def test_equals_the_clean_build(tool: str) -> None:
    _skip_without(tool)
    cases: list[dict[str, Any]] = []
    counts = oracle.run(tool, 3, seed=5, notes=cases)
    assert counts["cases"] == len(cases) == 3
    assert all(case["equal"] and (case["taken"] or not case["untouched"]) for case in cases)
    assert counts["sources untouched"]


@pytest.mark.parametrize("tool", sorted(NEEDED))
def test_objcache_equals_the_clean_build(tool: str) -> None:
    _skip_without(tool)
    cases: list[dict[str, Any]] = []
    counts = oracle.run(tool, 3, seed=5, notes=cases, maker=ObjcacheOracle)
    assert counts["cases"] == len(cases) == 3
    assert counts["sources untouched"]
    assert all(case["equal"] and case["taken"] for case in cases)


@pytest.mark.parametrize(
    "ways",
    [
        oracle.Ways(verify=True),
        oracle.Ways(chaos="delay=50"),
        oracle.Ways(chaos="delay=50,refuse=30,die=3"),
        oracle.Ways(kill=True),
    ],
)
def test_equals_the_clean_build_whatever_becomes_of_the_server(ways: oracle.Ways) -> None:
    _skip_without("make")
    assert oracle.run("make", 3, seed=6, ways=ways)["cases"] == 3


def test_notices_a_header_that_is_forgotten(broken: Callable[[str, str, str], None]) -> None:
    broken("intercept/keys.py", "[held.digest for held in files.values()]", "[]")
    with pytest.raises(AssertionError, match="with the shim"):
        oracle.run("make", 12, seed=2, kinds=(oracle_edits.header,))


def test_notices_a_place_that_is_forgotten(broken: Callable[[str, str, str], None]) -> None:
    """A header that stands before another one is read in its place: neither its path nor its content is in the key."""
    broken("intercept/keys.py", '*rest, _joined(read), b"\\0".join(lines)', "*rest")
    with pytest.raises(AssertionError, match="with the shim"):
        oracle.run("make", 12, seed=2, kinds=(oracle_edits.shadow,))


def test_notices_that_nothing_is_taken(broken: Callable[[str, str, str], None]) -> None:
    broken("intercept/artifacts.py", "return self._entries.get(key.exact) or (", "return None and (")
    with pytest.raises(AssertionError, match="no edit could reach it, and it was not taken"):
        oracle.run("make", 6, seed=5)


def test_notices_that_nothing_is_kept(broken: Callable[[str, str, str], None]) -> None:
    broken("intercept/session.py", "self._keeper.add(entry)", "pass")
    with pytest.raises(AssertionError, match="no edit could reach it, and it was not taken"):
        oracle.run("make", 6, seed=5)


def test_objcache_notices_that_all_is_built_again(broken: Callable[[str, str, str], None]) -> None:
    broken("objcache/packs.py", "stream.write(bytes(2 * _BLOCK))", "stream.write(bytes(2 * _BLOCK) + os.urandom(16))")
    with pytest.raises(AssertionError, match="its action was built again"):
        oracle.run("make", 6, seed=5, maker=ObjcacheOracle)
