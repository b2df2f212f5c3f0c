"""Moving a tree to another file system."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from splitphase import relocate
from splitphase.errors import SplitphaseError


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that was copied from the store, and a rename that does not reach other folders."""

    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(relocate, "move", refuse)
    root = tmp_path / "from"
    (root / "share/deep").mkdir(parents=True)
    (root / "share/deep/file").write_text("text")
    os.link(root / "share/deep/file", root / "share/linked")
    (root / "dangling").symlink_to("nowhere")
    os.utime(root / "share/deep/file", ns=(1, 123_456_789))
    for folder in ("share/deep", "share"):
        (root / folder).chmod(0o555)
    return root


def test_read_only_folders(tree: Path, tmp_path: Path) -> None:
    """What is read-only could be copied but not removed."""
    target = tmp_path / "to"
    relocate.transfer(tree, target)
    assert not tree.exists()
    assert (target / "share").stat().st_mode & 0o777 == 0o555
    moved = target / "share/deep/file"
    assert moved.stat().st_mtime_ns == 123_456_789
    assert moved.samefile(target / "share/linked")
    assert os.readlink(target / "dangling") == "nowhere"
    for folder in ("share", "share/deep"):
        (target / folder).chmod(0o755)


def test_files_and_links(tree: Path, tmp_path: Path) -> None:
    relocate.transfer(tree / "dangling", tmp_path / "link")
    relocate.transfer(tree / "share", tmp_path / "folder")
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tree.iterdir()) == []
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)


def test_what_cannot_be_copied(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SplitphaseError, match="cannot be moved to"):
        relocate.transfer(tree, tmp_path / "no/such/folder")
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)
