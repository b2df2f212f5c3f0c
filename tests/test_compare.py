"""checks/compare.sh: what every check of equality rests on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STOCK, SPLIT = "0c5b8vw40dy178xlpddw65q9gf1h2186", "p4m9xk2rqz7ywl1vj8s3n6hd5gf0cbaa"
Compare = Callable[..., tuple[bool, str]]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Compare two outputs that hold these texts; whether they are equal, and what is said."""
    helper = tmp_path / "helper"
    helper.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT}/python exec {sys.executable} -m splitphase "$@"\n')
    helper.chmod(0o755)

    def run(stock: str, split: str, form: str = "if compare; then echo same; fi", **more: str) -> tuple[bool, str]:
        paths = {}
        for value, text in ((STOCK, stock), (SPLIT, split)):
            folder = tmp_path / f"{value}-package"
            folder.mkdir()
            (folder / "file").write_text(text)
            paths[value] = str(folder)
        work = tmp_path / "work"
        work.mkdir()
        done = subprocess.run(
            ["bash", "-c", f"set -e; source {ROOT}/checks/compare.sh; {form}"],
            cwd=work, check=False, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "stockPaths": paths[STOCK], "splitPaths": paths[SPLIT], **more},
        )  # fmt: skip
        return done.returncode == 0 and "same" in done.stdout, done.stdout + done.stderr

    return run


def test_equal(compare: Compare) -> None:
    equal, said = compare(f"path {STOCK}\n", f"path {SPLIT}\n")
    assert equal
    assert "helper" not in said


def test_differing_in_a_condition(compare: Compare) -> None:
    """Errexit is off in there."""
    equal, said = compare("one\n", "other\n")
    assert not equal
    assert "equal:" not in said


def test_differing(compare: Compare) -> None:
    equal, said = compare("one\n", "other\n", form="compare; echo same")
    assert not equal
    assert "equal:" not in said


def test_nothing_to_compare(compare: Compare) -> None:
    equal, said = compare("one\n", "one\n", form="stockPaths=; if compare; then echo same; fi")
    assert not equal
    assert "not to be compared" in said


def test_no_help_where_it_is_not_asked_for(compare: Compare, tmp_path: Path) -> None:
    """Only the checks on a list are mapped by what they test."""
    texts = [f"/nix/store/{value}-package".encode().hex() for value in (STOCK, SPLIT)]
    equal, _ = compare(*texts, helper=str(tmp_path / "helper"))
    assert not equal
