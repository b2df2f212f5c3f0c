"""Command hashes: known values, plain implementations to compare with, and what real Ninjas write into their logs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_ninja import Ninja
from splitphase.errors import BuildGraphError
from splitphase.ninja.graph import Edge
from splitphase.ninja.hashes import command_hash, edge_hash
from splitphase.ninja.log import read_log
from splitphase.ninja.parser import read_graph

MASK = (1 << 64) - 1


def plain_murmur(data: bytes) -> int:
    multiplier = 0xC6A4A7935BD1E995
    state = 0xDECAFBADDECAFBAD ^ len(data) * multiplier & MASK
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        word = int.from_bytes(data[at : at + 8], "little") * multiplier & MASK
        word = (word ^ word >> 47) * multiplier & MASK
        state = (state ^ word) * multiplier & MASK
    if data[whole:]:
        state = (state ^ int.from_bytes(data[whole:], "little")) * multiplier & MASK
    state = (state ^ state >> 47) * multiplier & MASK
    return state ^ state >> 47


@pytest.mark.parametrize(
    ("version", "command", "value"),
    [
        (5, "true", 0x486A3ACADD116B47),
        (5, "true 123456", 0xA773935F6CBA593A),
        (5, "true 12345678901", 0x2696734AAA3FD746),
        (5, "true 123456789012", 0xA3A2B7BE7382BB1C),
        (5, "gcc -O2 -c -o main.o main.c -DNAME=48bytes-long-xxxx", 0x8BE12E51179E9FB8),
        (
            5,
            (
                "gcc -O2 -c -o 'ä b.o' 'ä b.c' "
                "-Iinclude -DVALUE=1 -Wall -Wextra -pipe -fPIC -g -pthread -std=c11 ; true 100"
            ),
            0x177BE9D2441A1F1F,
        ),
        (7, "true", 0x90A52A5DCA2ED61),
        (7, "true 123456", 0x54B5A46224BE9636),
        (7, "true 12345678901", 0x548A129F55B3C2AA),
        (7, "true 123456789012", 0xDC4F7FD14720BD04),
        (7, "gcc -O2 -c -o main.o main.c -DNAME=48bytes-long-xxxx", 0xA86E692195E80CCD),
        (
            7,
            (
                "gcc -O2 -c -o 'ä b.o' 'ä b.c' "
                "-Iinclude -DVALUE=1 -Wall -Wextra -pipe -fPIC -g -pthread -std=c11 ; true 100"
            ),
            0x87AD97259745AECD,
        ),
    ],
)
def test_known_values(version: int, command: str, value: int) -> None:
    """Taken from the logs of Ninja 1.11.1 and 1.13.0."""
    assert command_hash(version, command) == value


@given(st.binary(max_size=200) | st.binary(min_size=4080, max_size=4120) | st.binary(min_size=8180, max_size=8210))
def test_murmur_is_the_plain_one(data: bytes) -> None:
    assert command_hash(5, data.decode("utf-8", "surrogateescape")) == plain_murmur(data)


@given(st.text(max_size=60), st.text(max_size=60))
def test_response_file_is_part_of_the_hash(command: str, content: str) -> None:
    edge = Edge("r", ("o",), (), command=command, rspfile="o.rsp", rspfile_content=content)
    both = f"{command};rspfile={content}" if content else command
    for version in (5, 6, 7):
        assert edge_hash(version, edge) == command_hash(version, both)


@pytest.mark.parametrize("version", [0, 4, 8])
def test_other_versions(version: int) -> None:
    with pytest.raises(BuildGraphError, match=f"version {version}"):
        command_hash(version, "")


def test_every_length(ninja: Ninja, tmp_path: Path) -> None:
    """Commands of 0 to 300 bytes, of lengths around the steps of the long loops, and of more than one preparation."""
    letters = random.Random(1)
    lengths = [*range(301), 479, 480, 481, 511, 512, 4095, 4096, 4097, 8192, 20000, 100000]
    lines = ["rule r", "  command = $c"]
    for length in lengths:
        text = (
            ":" * min(length, 1) + " " * (length > 1) + "".join(letters.choices("abcdefgh12345 ", k=max(length - 2, 0)))
        )
        lines += [f"build o{length}: r", f"  c = {text}"]
    compare(ninja, tmp_path, "\n".join(lines) + "\n", len(lengths))


def test_response_files(ninja: Ninja, tmp_path: Path) -> None:
    inputs = " ".join(f"dir$ {number}/ö{number}.o" for number in range(2000))
    lines = ["rule r", "  command = cp $rspfile $out", "  rspfile = $out.rsp", "  rspfile_content = $in_newline$x"]
    lines += ["build a$ b | c: r one two$ three", "build é: r", "  x = y", "build empty: r", f"build long: r {inputs}"]
    for path in ("one", "two three", *(f"dir {number}/ö{number}.o" for number in range(2000))):
        Path(tmp_path, path).parent.mkdir(exist_ok=True)
        Path(tmp_path, path).touch()
    compare(ninja, tmp_path, "\n".join(lines) + "\n", 5)
    graph = read_graph(str(tmp_path))
    for edge in graph.edges:
        assert Path(tmp_path, edge.outputs[0]).read_text() == edge.rspfile_content, "the file that Ninja wrote"


def test_spaces_unicode_and_bytes(ninja: Ninja, tmp_path: Path) -> None:
    text = (
        "rule r\n  command = : $in > $out '$x'\n"
        "build a$ b: r ä$ ö\n  x = 日本\nbuild o\udcff: r\n  x = \udcfe\udc80\nbuild it's: r\n"
    )
    Path(tmp_path, "ä ö").touch()
    compare(ninja, tmp_path, text, 3)


def compare(ninja: Ninja, directory: Path, text: str, count: int) -> None:
    Path(directory, "build.ninja").write_bytes(text.encode("utf-8", "surrogateescape"))
    ninja(directory, "--quiet" if ninja.version >= "1.11" else "-j2")
    log = read_log(str(directory / ".ninja_log"))
    assert log.version == ninja.log_version
    graph = read_graph(str(directory))
    expected = {output: edge_hash(log.version, edge) for edge in graph.edges for output in edge.outputs}
    assert {entry.output: entry.command_hash for entry in log.entries} == expected
    assert len(expected) == count
