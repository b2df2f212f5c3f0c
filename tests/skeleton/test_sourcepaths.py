"""Hiding the store paths of sources, and seeing who looks for them."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from splitphase.errors import SplitphaseError
from splitphase.skeleton.sourcepaths import SOURCE, StandIns, hide, is_clear, named, show, store_paths_below

HASH = "0123456789abcdfghijklmnpqrsvwxyz"
ONE, OTHER = f"/nix/store/{HASH}-one.tar", f"/nix/store/{HASH[::-1]}-other"


def test_paths_are_hidden_and_shown() -> None:
    sources = named([ONE, f"{OTHER}/sub", OTHER])
    assert sources == {"-one.tar": HASH, "-other": HASH[::-1]}
    text = f"a={ONE} b={OTHER}/sub/x subject {HASH}"
    hidden = hide(text, sources)
    assert hidden == f"a=/nix/store/{SOURCE}-one.tar b=/nix/store/{SOURCE}-other/sub/x subject {HASH}"
    assert show(hidden, sources) == text


def test_another_form_is_not_clear() -> None:
    assert is_clear(f"x=/nix/store/{SOURCE}-other y", ["-other"])
    assert not is_clear(f"x={SOURCE}", ["-other"])
    assert not is_clear(f"x=/nix/store/{SOURCE}-o", ["-other"])


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["/home/x"], "not in the store"),
        ([f"/nix/store/{HASH}-a", f"/nix/store/{HASH[::-1]}-a"], "two sources have the name a"),
        ([f"/nix/store/{HASH}-a", f"/nix/store/{HASH[::-1]}-a-b"], "begins with a"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(paths: list[str], message: str) -> None:
    with pytest.raises(SplitphaseError, match=message):
        named(paths)


def test_store_paths_are_found_in_files_and_links(tmp_path: Path) -> None:
    existing = (
        sorted(path for path in Path("/nix/store").glob("*-*") if path.is_dir())[:2]
        if Path("/nix/store").exists()
        else []
    )
    if len(existing) < 2:
        pytest.skip("the machine has no store")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_bytes(b"\xff " + os.fsencode(existing[0]) + b"/bin/x\0" + os.fsencode(ONE))
    (tmp_path / "link").symlink_to(existing[1] / "lib")
    assert store_paths_below(tmp_path) == {"folder/file": {str(existing[0])}, "link": {str(existing[1])}}


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A store and a memory."""
    store, memory = tmp_path / "store", tmp_path / "memory"
    store.mkdir()
    memory.mkdir()
    return store, memory


@pytest.mark.parametrize(
    "command",
    [
        "test -e $src",
        "test -e $src/sub/file",
        "cat $src",
        "ls $src/",
        "readlink -f $src",
        "cp -r $src/. x",
        "find -L $src",
        "stat -L $src",
    ],
)
def test_who_looks_is_seen(places: tuple[Path, Path], command: str) -> None:
    stand_ins = StandIns(["-one.tar", "-other"], *places)
    source = places[0] / f"{SOURCE}-other"
    time.sleep(0.01)
    assert not stand_ins.were_followed()
    subprocess.run(["sh", "-c", command], env={**os.environ, "src": str(source)}, check=False, capture_output=True)
    assert stand_ins.were_followed()


def test_nobody_looks(places: tuple[Path, Path]) -> None:
    stand_ins = StandIns(["-other"], *places)
    subprocess.run(["ls", "-l", str(places[0])], check=True, capture_output=True)
    assert not stand_ins.were_followed()


def test_no_place_is_said(places: tuple[Path, Path]) -> None:
    with pytest.raises(SplitphaseError, match="nothing can be put in the place of the source"):
        StandIns(["-other"], places[0], places[1] / "nothing")
