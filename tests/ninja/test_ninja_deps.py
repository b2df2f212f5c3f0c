"""`.ninja_deps`, read and written."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitphase.errors import BuildGraphError
from splitphase.ninja.deps import DepsEntry, read_deps, write_deps
from splitphase.ninja.paths import canonical_path

PATHS = (
    st.binary(min_size=1, max_size=12)
    .filter(lambda name: b"\0" not in name)
    .map(lambda name: canonical_path(name.decode("utf-8", "surrogateescape")))
)
ENTRIES = st.builds(DepsEntry, PATHS, st.integers(-(1 << 63), (1 << 63) - 1), st.lists(PATHS, max_size=6).map(tuple))

TWO = (
    b"# ninjadeps\n\x04\0\0\0"
    b"\x08\0\0\0out\0\xff\xff\xff\xff"
    b"\x0c\0\0\0header.h\xfe\xff\xff\xff"
    b"\x10\0\0\x80\0\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0"
)


def read(directory: Path, data: bytes) -> dict[str, DepsEntry]:
    path = directory / ".ninja_deps"
    path.write_bytes(data)
    return read_deps(str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ENTRIES, max_size=8))
def test_round_trip(tmp_path: Path, entries: list[DepsEntry]) -> None:
    write_deps(str(tmp_path / "deps"), entries)
    assert read_deps(str(tmp_path / "deps")) == {entry.output: entry for entry in entries}
    assert [path.name for path in tmp_path.iterdir()] == ["deps"]


def test_bytes(tmp_path: Path) -> None:
    entry = DepsEntry("out", (1 << 32) + 2, ("header.h",))
    assert read(tmp_path, TWO) == {"out": entry}
    write_deps(str(tmp_path / "deps"), [DepsEntry("./out", (1 << 32) + 2, ("x/..//header.h",))])
    assert (tmp_path / "deps").read_bytes() == TWO


def test_last_record_wins(tmp_path: Path) -> None:
    again = b"\x0c\0\0\x80\0\0\0\0\x03\0\0\0\0\0\0\0"
    assert read(tmp_path, TWO + again) == {"out": DepsEntry("out", 3, ())}


@given(st.integers(16, len(TWO) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_short(tmp_path: Path, end: int) -> None:
    assert read(tmp_path, TWO + TWO[16:end]) == read(tmp_path, TWO)
    assert read(tmp_path, TWO[:end]) == {}


@pytest.mark.parametrize(
    "record",
    [
        b"\x08\0\0\0new\0\xff\xff\xff\xff",  # the number of another path
        b"\x08\0\0\0out\0\xfd\xff\xff\xff",  # a path once more
        b"\x04\0\0\0\xfd\xff\xff\xff",  # no path
        b"\x02\0\0\0\0\0",
        b"\x10\0\0\x80\0\0\0\0\x02\0\0\0\x01\0\0\0\x09\0\0\0",  # an input that has no number yet
        b"\x10\0\0\x80\0\0\0\0\x02\0\0\0\x01\0\0\0\xff\xff\xff\xff",
        b"\x0e\0\0\x80\0\0\0\0\x02\0\0\0\x01\0\0\0\0\0",  # no multiple of 4
        b"\x04\0\0\x80\0\0\0\0",
        b"\0\0\x08\0" + bytes(1 << 19),  # larger than a record can be
    ],
    ids=range(9),
)
def test_damaged_records_end_the_log(tmp_path: Path, record: bytes) -> None:
    assert read(tmp_path, TWO + record + b"\x0c\0\0\x80\0\0\0\0\x03\0\0\0\0\0\0\0") == read(tmp_path, TWO)


@pytest.mark.parametrize("data", [b"", b"# ninjadeps\n", b"# ninjadeps\n\x03\0\0\0", b"# ninja log v5\n"])
def test_other_files(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BuildGraphError, match="not a deps log") as caught:
        read(tmp_path, data)
    assert "delete the file" in caught.value.hint


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(BuildGraphError, match=r"cannot read .*: No such file"):
        read_deps(str(tmp_path / "deps"))


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_no_paths(tmp_path: Path, name: str) -> None:
    with pytest.raises(BuildGraphError, match="is no path"):
        write_deps(str(tmp_path / "deps"), [DepsEntry("a", 1, (name,))])


def test_records_that_ninja_would_not_read(tmp_path: Path) -> None:
    most = ((1 << 19) - 1) // 4 - 3
    write_deps(str(tmp_path / "deps"), [DepsEntry("a", 1, ("b",) * most)])
    assert len(read_deps(str(tmp_path / "deps"))["a"].deps) == most
    with pytest.raises(BuildGraphError, match="Ninja reads no more than 524287"):
        write_deps(str(tmp_path / "other"), [DepsEntry("a", 1, ("b",) * (most + 1))])
    assert struct.calcsize("=I") * (most + 3) < 1 << 19
