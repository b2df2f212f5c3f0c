"""Writing files: what they keep, and that a crash leaves the old one or the new one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from hash_cases import OTHER, OUT, OUTPUTS, TOKENS
from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter, walk

TOKEN = TOKENS["out"]
OLD_NS = 1_234_567_890_123_456_789
OLD, NEW = f"/nix/store/{OUT}-hello-1.0\n".encode(), f"/nix/store/{TOKEN}-hello-1.0\n".encode()
WAYS: dict[str, Callable[[], Rewriter]] = {
    "in place": lambda: Rewriter.escaping(OUTPUTS),
    "beside": lambda: Rewriter.escaping(OUTPUTS, atomic=True),
}
both = pytest.mark.parametrize("way", WAYS)


@both
@pytest.mark.parametrize("mode", [0o644, 0o755, 0o444, 0o4711, 0o600])
def test_mode_and_times(tmp_path: Path, way: str, mode: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD)
    path.chmod(mode)
    os.utime(path, ns=(OLD_NS, OLD_NS + 7))
    assert WAYS[way]().tree(tmp_path) == ["a"]
    status = path.stat()
    assert path.read_bytes() == NEW
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (mode, OLD_NS + 7)
    assert [entry.name for entry in walk(tmp_path)] == ["a"]


@both
def test_hard_links_inside_the_tree(tmp_path: Path, way: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_bytes(OLD)
    os.link(tmp_path / "a", tmp_path / "sub" / "b")
    os.link(tmp_path / "a", tmp_path / f"c-{OUT}")
    changed = WAYS[way]().tree(tmp_path)
    assert f"c-{TOKEN}" in changed
    files = [path for path in walk(tmp_path) if path.is_file()]
    assert len(files) == 3
    assert len({path.stat().st_ino for path in files}) == 1
    assert {path.read_bytes() for path in files} == {NEW}
    assert files[0].stat().st_nlink == 3


def test_a_link_from_outside_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_bytes(OLD)
    os.link(tmp_path / "tree" / "a", tmp_path / "outside")
    WAYS["beside"]().tree(tmp_path / "tree")
    assert (tmp_path / "outside").read_bytes() == OLD
    assert (tmp_path / "tree" / "a").read_bytes() == NEW


@both
def test_holes_stay(tmp_path: Path, way: str) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as stream:
        stream.write(OLD)
        stream.seek(64 << 20)
        stream.write(OLD)
        stream.truncate(128 << 20)
    before = path.stat().st_blocks
    if before > 1 << 10:
        pytest.skip("the file system has no holes")
    WAYS[way]().tree(tmp_path)
    assert path.stat().st_size == 128 << 20
    assert path.stat().st_blocks <= before + 16
    with path.open("rb") as stream:
        assert stream.read(len(NEW)) == NEW
        stream.seek(64 << 20)
        assert stream.read(len(NEW)) == NEW


@both
def test_read_only_folders(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(OLD)
    (folder / "link").symlink_to(OLD.decode().strip())
    (folder / f"name-{OUT}").write_bytes(b"x")
    for path in (folder / "a", folder):
        path.chmod(0o555)
        os.utime(path, ns=(OLD_NS, OLD_NS))
    WAYS[way]().tree(tmp_path)
    assert (folder / "a").read_bytes() == NEW
    assert os.readlink(folder / "link") == NEW.decode().strip()
    assert (folder / f"name-{TOKEN}").exists()
    for path in (folder / "a", folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o555
        assert path.stat().st_mtime_ns == OLD_NS


def test_extended_attributes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD)
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    WAYS["beside"]().tree(tmp_path)
    assert os.getxattr(path, "user.note") == b"kept"


@pytest.mark.parametrize("call", ["replace", "utime", "fchmod", "pwrite"])
def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD * 1000)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, call, crash)
        with pytest.raises(KeyboardInterrupt):
            WAYS["beside"]().file(path)
    assert path.read_bytes() == OLD * 1000
    assert [entry.name for entry in walk(tmp_path)] == ["a"]
    WAYS["beside"]().file(path)
    assert path.read_bytes() == NEW * 1000


def test_a_crash_between_hard_links_leaves_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(OLD)
    os.link(tmp_path / "a", tmp_path / "b")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", crash)
        with pytest.raises(KeyboardInterrupt):
            WAYS["beside"]().tree(tmp_path)
    assert {path.read_bytes() for path in walk(tmp_path)} == {OLD, NEW}


@both
def test_links_are_not_followed(tmp_path: Path, way: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(OLD)
    root = tmp_path / "root"
    root.mkdir()
    (root / "folder").symlink_to("../outside")
    (root / "file").symlink_to("../outside/file")
    (root / "loop").symlink_to("loop")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    assert WAYS[way]().tree(root) == []
    assert (outside / "file").read_bytes() == OLD


def test_keep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.gz", "sub/x.lto", "sub/y", f"kept-{OUT}/z"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(OLD)
    rewriter = Rewriter.escaping(OUTPUTS, keep=["*.lto", "kept-*"])
    assert rewriter.tree(tmp_path) == ["a.gz", "sub/y"]
    assert (tmp_path / "sub/x.lto").read_bytes() == OLD
    assert (tmp_path / f"kept-{OUT}/z").read_bytes() == OLD
    assert "sub/x.lto: left as it is (keep *.lto)" in caplog.text


def test_a_refused_file_is_untouched(tmp_path: Path) -> None:
    path = tmp_path / "x.lz4"
    path.write_bytes(b"\x04\x22\x4d\x18" + OLD)
    with pytest.raises(RewriteError, match=r"x\.lz4: .*lz4") as caught:
        WAYS["in place"]().tree(tmp_path)
    assert "splitphaseKeep" in caught.value.hint
    assert path.read_bytes() == b"\x04\x22\x4d\x18" + OLD


def test_unreadable_files_are_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(OTHER.encode())
    rewriter = WAYS["in place"]()
    monkeypatch.setattr(rewriter.strong, "sift", lambda paths: bytes([4] * len(paths)))
    with pytest.raises(RewriteError, match="cannot be read"):
        rewriter.tree(tmp_path)


def test_what_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk or a file system that loses a write is noticed."""
    (tmp_path / "a").write_bytes(OLD)
    monkeypatch.setattr("splitphase.rewrite.write_in_place", lambda *_: None)
    with pytest.raises(RewriteError, match="not what was decided"):
        WAYS["in place"]().tree(tmp_path)


@pytest.mark.parametrize(
    "outputs", [{"out": "/usr/x"}, {"out": "/nix/store/short-x"}, {"out": f"/nix/store/{OUT[:-1]}é-x"}]
)
def test_outputs_must_be_store_paths(outputs: dict[str, str]) -> None:
    with pytest.raises(RewriteError, match="store path"):
        Rewriter.escaping(outputs)
