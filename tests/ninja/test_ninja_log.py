"""`.ninja_log`, read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitphase.errors import BuildGraphError
from splitphase.ninja.log import Log, LogEntry, log_version, read_log, write_log

WORDS = st.integers(0, (1 << 64) - 1)
ENTRIES = st.builds(
    LogEntry,
    st.integers(0, (1 << 31) - 1),
    st.integers(0, (1 << 31) - 1),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.binary(min_size=1, max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape")).filter(
        {"\t", "\n", "\0"}.isdisjoint
    ),
    WORDS,
)  # fmt: skip


def read(directory: Path, text: str) -> Log:
    path = directory / ".ninja_log"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_log(str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([5, 6, 7]), st.lists(ENTRIES, unique_by=lambda entry: entry.output))
def test_round_trip(tmp_path: Path, version: int, entries: list[LogEntry]) -> None:
    log = Log(version, tuple(entries))
    write_log(str(tmp_path / "log"), log)
    assert read_log(str(tmp_path / "log")) == log
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_text(tmp_path: Path) -> None:
    write_log(str(tmp_path / "log"), Log(7, (LogEntry(1, 20, 1700000000123456789, "a b/ü", 0xDEADBEEF),)))
    text = (tmp_path / "log").read_text()
    assert text == "# ninja log v7\n1\t20\t1700000000123456789\ta b/ü\tdeadbeef\n"


def test_last_entry_wins(tmp_path: Path) -> None:
    log = read(tmp_path, "# ninja log v5\n1\t2\t3\ta\t4\n1\t2\t3\tb\t5\n6\t7\t8\ta\tff\n")
    assert log == Log(5, (LogEntry(6, 7, 8, "a", 255), LogEntry(1, 2, 3, "b", 5)))


def test_damaged_lines(tmp_path: Path) -> None:
    """Too few fields, no newline at the end, and numbers as C reads them."""
    lines = [
        "",
        "no tabs",
        "1\t2\t3\tfour",
        "x\t-2y\t3\tbad numbers\txyz",
        "1\t2\t3\tlong\t123456789abcdef012",
        "1\t2\t3\tmore\t0x1f\tg",
    ]
    log = read(tmp_path, "# ninja log v6\n" + "\n".join(lines) + "\n1\t2\t3\tcut\tab")
    assert [(entry.output, entry.command_hash) for entry in log.entries] == [
        ("bad numbers", 0),
        ("long", (1 << 64) - 1),
        ("more", 31),
    ]
    assert log.entries[0] == LogEntry(0, -2, 3, "bad numbers", 0)


@pytest.mark.parametrize("text", ["", "# ninja log v4\n", "# ninja log v8\n", "1\t2\t3\ta\t4\n", "# ninja log vx\n"])
def test_other_logs(tmp_path: Path, text: str) -> None:
    with pytest.raises(BuildGraphError, match="versions 5, 6 and 7 can be read") as caught:
        read(tmp_path, text)
    assert "delete the file" in caught.value.hint


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(BuildGraphError, match=r"cannot read .*: No such file"):
        read_log(str(tmp_path / "log"))


@pytest.mark.parametrize("output", ["", "a\tb", "a\nb"])
def test_outputs_that_no_log_can_hold(tmp_path: Path, output: str) -> None:
    with pytest.raises(BuildGraphError, match="cannot stand in a log"):
        write_log(str(tmp_path / "log"), Log(7, (LogEntry(0, 0, 0, output, 0),)))
    assert not list(tmp_path.iterdir())


def test_versions_that_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(BuildGraphError, match="version 4 cannot be written"):
        write_log(str(tmp_path / "log"), Log(4, ()))


@pytest.mark.parametrize(
    ("ninja", "version"),
    [
        ("1.9.0", 5),
        ("1.9.0.git.kitware.dyndep-1.jobserver-1", 5),
        ("1.10.2.git.kitware.jobserver-1", 5),
        ("1.11.1.git.kitware.jobserver-1\n", 5),
        ("1.12.1", 6),
        ("1.13.0.git.kitware.jobserver-pipe-1", 7),
        ("1.13.2", 7),
    ],
)
def test_log_version(ninja: str, version: int) -> None:
    assert log_version(ninja) == version


@pytest.mark.parametrize("ninja", ["1.8.2", "1.14.0", "2.0", "", "samurai", "0.57.1"])
def test_unknown_ninja(ninja: str) -> None:
    with pytest.raises(BuildGraphError, match=f"'{ninja}' is not known") as caught:
        log_version(ninja)
    assert "1.9 to 1.13" in caught.value.hint
