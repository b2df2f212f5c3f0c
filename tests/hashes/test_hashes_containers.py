"""Files that hide a hash: they stay of the same kind, their own tools accept them, nothing passes unseen."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from hash_cases import ESCAPE, OUT, RESTORE, TOKENS, needs
from splitphase.errors import RewriteError
from splitphase.hashes.examine import Engine
from splitphase.hashes.sources import Memory
from splitphase.rewrite import Rewriter

TOKEN = TOKENS["out"]
TEXT = b"".join(b"%d prefix /nix/store/%s-hello-1.0/share\n" % (number, OUT.encode()) for number in range(200))
WANTED = TEXT.replace(OUT.encode(), TOKEN.encode())
PLAIN = b"nothing to see\n" * 500


def tool(*words: str, data: bytes = b"") -> bytes:
    needs(words[0])
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


FILTERS = {
    "gzip": ("gzip -c", "gzip -t"),
    "gzip -n -9": ("gzip -n -9 -c", "gzip -t"),
    "gzip -1": ("gzip -1 -c", "gzip -t"),
    "xz": ("xz -c", "xz -t"),
    "xz -9e": ("xz -9e -c", "xz -t"),
    "xz -0 --check=crc32": ("xz -0 --check=crc32 -c", "xz -t"),
    "xz -T2": ("xz -T2 -c", "xz -t"),
    "zstd": ("zstd -c", "zstd -t"),
    "zstd -19": ("zstd -19 -c", "zstd -t"),
    "zstd --no-check": ("zstd --no-check -c", "zstd -t"),
    "bzip2": ("bzip2 -c", "bzip2 -t"),
    "bzip2 -1": ("bzip2 -1 -c", "bzip2 -t"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_give_what_the_stock_build_would(name: str, caplog: pytest.LogCaptureFixture) -> None:
    pack, check = (words.split() for words in FILTERS[name])
    old = tool(*pack, data=TEXT)
    new = ESCAPE.data(old)
    assert new == tool(*pack, data=WANTED)
    tool(*check, data=new)
    assert RESTORE.data(new) == old
    assert not caplog.records
    clean = tool(*pack, data=PLAIN)
    assert ESCAPE.data(clean) == clean


@pytest.mark.parametrize("level", range(1, 10))
def test_every_gzip_level_of_python(level: int) -> None:
    old = gzip.compress(TEXT, level, mtime=7)
    assert ESCAPE.data(old) == gzip.compress(WANTED, level, mtime=7)


def test_gzip_header_is_kept_and_searched() -> None:
    stream = io.BytesIO()
    with gzip.GzipFile(f"lib-{OUT}", "wb", 9, stream, 12345) as file:
        file.write(TEXT)
    wanted = io.BytesIO()
    with gzip.GzipFile(f"lib-{TOKEN}", "wb", 9, wanted, 12345) as file:
        file.write(WANTED)
    assert ESCAPE.data(stream.getvalue()) == wanted.getvalue()


def test_files_of_several_streams() -> None:
    """The content is right and the file of the same kind; that it is not packed as before is said."""
    for pack, unpack in (
        (gzip.compress, gzip.decompress),
        (bz2.compress, bz2.decompress),
        (lzma.compress, lzma.decompress),
    ):
        old = pack(TEXT) + pack(PLAIN)
        outcome = ESCAPE.engine.examine(Memory(old))
        assert any("other parameters" in text for text in outcome.warnings)
        assert unpack(ESCAPE.data(old)) == WANTED + PLAIN


def test_unusual_parameters_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 1, zlib.Z_HUFFMAN_ONLY)
    path = tmp_path / "odd.gz"
    path.write_bytes(packer.compress(TEXT) + packer.flush())
    assert ESCAPE.file(path)
    assert gzip.decompress(path.read_bytes()) == WANTED
    assert "other parameters" in caplog.text


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08\0", b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"])
def test_damaged_files_are_notes(magic: bytes) -> None:
    """Test data of other packages: no proof is possible, and no failure is called for."""
    outcome = ESCAPE.engine.examine(Memory(magic + b"damaged" * 30))
    assert (outcome.problems, outcome.patches) == ([], [])
    assert len(outcome.notes) == 1
    with pytest.raises(RewriteError, match="cannot be looked into"):
        ESCAPE.data(magic + b"damaged " + OUT.encode())


@pytest.mark.parametrize("cut", [10, 30, 100])
def test_files_that_end_early_are_notes(cut: int) -> None:
    old = gzip.compress(TEXT * 5)[:-cut]
    assert ESCAPE.engine.examine(Memory(old)).notes
    assert ESCAPE.data(old) == old


def _zip(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in (("a", PLAIN), ("folder/b", content), (f"c-{'x' * 300}", b"last")):
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = b"a comment"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_zip(tmp_path: Path, method: int) -> None:
    _zip(tmp_path / "old.zip", TEXT, method)
    _zip(tmp_path / "wanted.zip", WANTED, method)
    old = (tmp_path / "old.zip").read_bytes()
    new = ESCAPE.data(old)
    assert new == (tmp_path / "wanted.zip").read_bytes()
    assert RESTORE.data(new) == old


@pytest.mark.parametrize(
    "words", ["zip -q -r", "zip -q -r -0", "zip -q -r -9", "zip -q -r -fz", "jar cf", "zip -q -r -Z bzip2"]
)
def test_zip_programs(tmp_path: Path, words: str) -> None:
    """Data descriptors, extra fields, zip64: whatever they write, unzip accepts the result, and so does Python."""
    needs("unzip")
    needs(words.split(maxsplit=1)[0])
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "text").write_bytes(TEXT)
    (tmp_path / "in" / OUT).write_bytes(PLAIN)
    (tmp_path / "in" / "more").write_bytes(PLAIN)
    subprocess.run([*words.split(), "../x.zip", "."], cwd=tmp_path / "in", check=True)
    assert ESCAPE.file(tmp_path / "x.zip")
    subprocess.run(["unzip", "-tq", "x.zip"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert {name.removeprefix("./") for name in archive.namelist()} >= {"sub/text", TOKEN, "more"}
        assert archive.read(next(name for name in archive.namelist() if name.endswith("text"))) == WANTED
    assert OUT.encode() not in (tmp_path / "x.zip").read_bytes()


def test_zip_from_a_stream_has_descriptors(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[type-var]
        for name, data in (("a", TEXT), ("b", PLAIN), ("c", TEXT)):
            archive.writestr(name, data)
    new = ESCAPE.data(pipe.data)
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.testzip() is None
        assert (archive.read("a"), archive.read("b"), archive.read("c")) == (WANTED, PLAIN, WANTED)
    (tmp_path / "x.zip").write_bytes(new)
    needs("unzip")
    subprocess.run(["unzip", "-tq", "x.zip"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)


def test_signed_jars_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.jar", "w") as archive:
        archive.writestr("META-INF/ME.SF", "x")
        archive.writestr("a", TEXT)
    with pytest.raises(RewriteError, match="signed jar"):
        ESCAPE.file(tmp_path / "x.jar")


def test_encrypted_members_are_notes(tmp_path: Path) -> None:
    needs("zip")
    (tmp_path / "text").write_bytes(TEXT)
    subprocess.run(["zip", "-q", "-P", "secret", "x.zip", "text"], cwd=tmp_path, check=True)
    outcome = ESCAPE.engine.examine(Memory((tmp_path / "x.zip").read_bytes()))
    assert [note for note in outcome.notes if "encrypted" in note]
    assert not outcome.problems


def _tar(name: str, content: bytes, form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for path, data in ((name, content), ("other", PLAIN), ("long" * 40 + name, content)):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, f"/nix/store/{name}-hello-1.0"
        archive.addfile(link)
    return stream.getvalue()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_headers_have_their_checksums(form: int) -> None:
    if form == tarfile.USTAR_FORMAT:
        pytest.skip("its names are too short for this case")
    old = _tar(OUT, TEXT, form)
    assert ESCAPE.data(old) == _tar(TOKEN, WANTED, form)
    packed = gzip.compress(old, mtime=1)
    assert ESCAPE.data(packed) == gzip.compress(_tar(TOKEN, WANTED, form), mtime=1)


def test_compressed_members_of_tar_are_refused() -> None:
    with pytest.raises(RewriteError, match="member of a tar archive"):
        ESCAPE.data(_tar("x.gz", gzip.compress(TEXT), tarfile.GNU_FORMAT))


def test_one_in_the_other(tmp_path: Path) -> None:
    _zip(tmp_path / "x.zip", gzip.compress(TEXT, mtime=0), zipfile.ZIP_STORED)
    new = gzip.decompress(ESCAPE.data(gzip.compress((tmp_path / "x.zip").read_bytes(), mtime=0)))
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert gzip.decompress(archive.read("folder/b")) == WANTED


def test_what_is_too_deep_is_a_note() -> None:
    data = TEXT
    for _ in range(6):
        data = gzip.compress(data, mtime=0)
    assert any("deeper" in note for note in ESCAPE.engine.examine(Memory(data)).notes)


@pytest.mark.parametrize("magic", [b"\x04\x22\x4d\x18", b"hsqs", b"7z\xbc\xaf\x27\x1c"])
def test_formats_with_checksums_of_their_own_are_refused(magic: bytes) -> None:
    with pytest.raises(RewriteError, match="checksums"):
        ESCAPE.data(magic + TEXT)


def test_large_content_goes_through_a_file() -> None:
    """More than is kept in memory."""
    content = PLAIN * 4000 + TEXT
    old = gzip.compress(content, 1, mtime=0)
    assert len(content) > 16 << 20
    assert gzip.decompress(Rewriter({OUT: TOKEN}).data(old)) == PLAIN * 4000 + WANTED
    assert len(Engine({OUT: TOKEN}).examine(Memory(old)).finds) == 200
