"""Signatures, listings and digests from the C library against what Python says."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitphase.errors import SplitphaseError
from splitphase.scan import signatures
from splitphase.scan.contents import Contents
from splitphase.scan.signatures import ABSENT, Fixed, Watch

_names = st.lists(st.text("abc", min_size=1, max_size=3).map(str.encode), unique=True, max_size=8)


def _joined(names: list[bytes]) -> bytes:
    return b"".join(b"f" + name + b"\0" for name in names)


@given(_names, _names, st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=3))
def test_difference(old: list[bytes], other: list[bytes], edits: list[tuple[int, bool]]) -> None:
    edited = list(old)
    for place, insert in edits:
        if insert:
            edited.insert(place, b"new%d" % place)
        else:
            del edited[place : place + 1]
    for new in (other, edited):
        gone, come = signatures.difference(_joined(old), _joined(new))
        assert gone == {b"f" + name for name in set(old) - set(new)}
        assert come == {b"f" + name for name in set(new) - set(old)}


def test_entries(tmp_path: Path) -> None:
    names = {f"{'long' * 30}{number}" for number in range(1000)} | {"größe\udcff"}
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("absent")
    os.mkfifo(tmp_path / "pipe")
    expected = {"f" + name for name in names} | {"dfolder", "llink", "fpipe"}
    assert set(signatures.entries(str(tmp_path)).split(b"\0")) == {b"", *map(os.fsencode, expected)}
    with pytest.raises(FileNotFoundError):
        signatures.entries(str(tmp_path / "absent"))


def test_signatures(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    paths = [f"{tmp_path}/{name}" for name in ("file", "link", "absent", "a\0b")]
    one = signatures.signature_of((tmp_path / "file").stat())
    assert signatures.signatures(paths) == one + one + ABSENT + ABSENT
    assert (
        signatures.signatures(paths, follow=False)
        == one + signatures.signature_of((tmp_path / "link").lstat()) + ABSENT + ABSENT
    )
    watch = Watch()
    for path in paths:
        watch.set(path, signatures.signatures([path], follow=False))
    assert watch.changed() == []
    (tmp_path / "file").write_text("xy")
    assert watch.changed() == paths[:1]
    assert watch.changed() == []


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    contents = Contents()
    paths = [f"{tmp_path}/{name}" for name in ("file", "link", "pipe", "absent", "")]
    first = contents.digests(paths)
    assert list(first) == paths[:2]
    status = (tmp_path / "file").stat()
    (tmp_path / "file").write_text("two")  # within the same tick of the kernel's clock, perhaps
    os.utime(tmp_path / "file", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert contents.digests(paths) == Contents().digests(paths) != first
    before = contents.signatures(paths)
    assert contents.digest(paths[3]) is None
    (tmp_path / "absent").write_text("")
    assert contents.signatures(paths) != before


def test_remembers_what_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("one")
    time.sleep(0.15)
    contents = Contents()
    digest = contents.digest(f"{tmp_path}/file")
    monkeypatch.setattr(Contents, "load", lambda *_: pytest.fail("read again"))
    assert contents.digest(f"{tmp_path}/file") == digest


def test_fixed() -> None:
    fixed = Fixed(("/nix/store/", "/usr/"), ("/nix/store/abc-out", "/usr/src/top"))
    assert fixed.covers("/nix/store/abc-out-dev/x.h")
    assert fixed.covers("/usr/include/x.h")
    assert not any(map(fixed.covers, ("/nix/store/abc-out", "/nix/store/abc-out/x.h", "/usr/src/top/x.h", "/usr")))


def test_library_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "LIBRARY", "/absent/_stat.so")
    signatures._library.cache_clear()  # noqa: SLF001
    with pytest.raises(SplitphaseError, match="cannot be loaded"):
        signatures.signatures(["/"])
    monkeypatch.undo()
    signatures._library.cache_clear()  # noqa: SLF001
