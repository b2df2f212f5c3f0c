"""Packs: what tar and zstd find in them, that they are a function of what is read, and the rule for equal files."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from splitphase.errors import SplitphaseError
from splitphase.intercept.journal import File
from splitphase.objcache.packs import Pack, PackFile, PackWriter
from splitphase.paths import Tree

LONG = "/".join(["a-folder-with-a-rather-long-name"] * 5) + "/" + "n" * 120 + ".h"


class Source:
    """A build tree and what a pack of it unpacks to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = root / "top"
        self.captured = root / "captured"
        for folder in (self.top, self.captured):
            folder.mkdir()

    def write(self, name: str, content: bytes | str = "x\n", *, mode: int = 0o644) -> File:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        path.chmod(mode)
        digest = hashlib.sha256(data).hexdigest()
        (self.captured / digest).write_bytes(data)
        return File(str(path), digest, own=False)

    def pack(self, *packs: Pack, target: str = "packs") -> dict[int, PackFile]:
        writer = PackWriter(Tree(str(self.top)), self.captured, self.root / target)
        for number, pack in enumerate(packs):
            writer.add(number, pack)
        return writer.finish()

    def unpack(self, pack: Pack) -> Path:
        """Pack and unpack as the object builder does."""
        written = self.pack(pack)[0]
        place = self.root / "unpacked"
        place.mkdir()
        command = f"zstd -d -q -c '{self.root}/packs/{written.name}' | tar -xf - -C '{place}'"
        subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True)
        return place


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def test_content_comes_back(source: Source) -> None:
    files = {
        "main.c": b"int main;\n",
        "empty.h": b"",
        "block": b"x" * 512,
        "bytes": bytes(range(256)) * 5,
        "größe ☃/a b.h": b"unicode",
        LONG: b"long",
        os.fsdecode(b"caf\xe9.h"): b"latin-1",
    }
    paths = tuple(source.write(name, content) for name, content in files.items())
    script = "splitphaseRun() { :; }\n# ☃ caf\udce9\n"
    place = source.unpack(Pack(script, paths))
    found = {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert found == {**files, ".splitphase/action.sh": script.encode(errors="surrogateescape")}


def test_modes_links_folders_and_times(source: Source) -> None:
    files = (source.write("run.sh", mode=0o711), source.write("own.c", mode=0o600))
    links = tuple(
        (str(source.top / name), to) for name, to in (("link", "../run.sh"), ("far", "/" + "far/" * 60 + "away"))
    )
    folders = (str(source.top / "empty"), str(source.top))
    place = source.unpack(Pack("", files, links, folders))
    assert stat.S_IMODE((place / "run.sh").stat().st_mode) == 0o644
    assert stat.S_IMODE((place / "own.c").stat().st_mode) == 0o644
    assert os.readlink(place / "link") == "../run.sh"
    assert os.readlink(place / "far") == "/" + "far/" * 60 + "away"
    assert (place / "empty").is_dir()
    assert sorted(os.listdir(place)) == [".splitphase", "empty", "far", "link", "own.c", "run.sh"]
    assert {(place / name).stat().st_mtime for name in ("run.sh", "own.c")} == {1.0}


def test_a_function_of_what_is_read(source: Source, tmp_path: Path) -> None:
    """Not of where the tree is, of modes, of who owns it, or of what else lies in it."""
    names = ("a.h", "b/c.h", "main.c")
    first = source.pack(Pack("run", tuple(source.write(name, name) for name in names)))
    (tmp_path / "elsewhere").mkdir()
    other = Source(tmp_path / "elsewhere")
    other.write("unrelated.h")
    paths = [other.write(name, name, mode=0o444) for name in reversed(names)]
    assert other.pack(Pack("run", tuple(paths))) == first


def test_name_is_the_content(source: Source) -> None:
    paths = (source.write("a.h"),)
    packs = [Pack("one", paths), Pack("two", paths), Pack("one", paths)]
    written = source.pack(*packs)
    assert written[0] == written[2] != written[1]
    target = source.root / "packs"
    assert sorted(os.listdir(target)) == sorted({pack.name for pack in written.values()})
    for pack in written.values():
        assert hashlib.sha256((target / pack.name).read_bytes()).hexdigest() == pack.sha256
        assert pack.name == f"{pack.sha256}.tar.zst"


def test_more_packs_than_one_batch(source: Source) -> None:
    paths = (source.write("a.h"),)
    written = source.pack(*(Pack(f"{number}", paths) for number in range(450)))
    assert sorted(written) == list(range(450))
    assert len({pack.name for pack in written.values()}) == 450


@pytest.mark.parametrize("change", ["content", "name", "script", "time", "more"])
def test_every_difference_shows(source: Source, change: str) -> None:
    paths = [source.write("a.h", "one"), source.write("b.h", "two")]
    before = source.pack(Pack("run", tuple(paths)))[0]
    script, times = "run", {}
    if change == "content":
        paths[0] = source.write("a.h", "ONE")
    elif change == "name":
        paths[1] = source.write("c.h", "two")
    elif change == "script":
        script = "RUN"
    elif change == "time":
        times = {paths[0].path: 2}
    else:
        paths.append(source.write("d.h", "three"))
    assert source.pack(Pack(script, tuple(paths), times=times))[0].name != before.name


def _times(place: Path) -> dict[str, int]:
    return {path.name: int(path.stat().st_mtime) for path in place.iterdir() if path.is_file()}


def test_a_time_that_counts_is_kept(source: Source) -> None:
    paths = [source.write("one.c"), source.write("two.h", "two")]
    place = source.unpack(Pack("", tuple(paths), times={paths[0].path: 5000}))
    assert _times(place) == {"one.c": 5000, "two.h": 1}


def test_zstd_that_fails_is_an_error(source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/zstd"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    with pytest.raises(SplitphaseError, match="no space left") as caught:
        source.pack(Pack("", (source.write("a"),)))
    assert "disk" in caught.value.hint
