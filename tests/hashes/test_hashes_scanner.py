"""The scanner against a plain reference in Python, at every block boundary, and over files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hash_cases import DEV, FORMS, LABELS, OTHER, OUT, TOKENS, in_shape
from splitphase.errors import SplitphaseError
from splitphase.hashes import scanner as scanner_module
from splitphase.hashes.forms import Form
from splitphase.hashes.scanner import FAILED, HIT, MAGIC, Run, Scanner
from splitphase.hashes.sources import Memory

STRONG, WEAK = Scanner(FORMS), Scanner(FORMS[:1], weak=True)
Key = tuple[int, int, bytes, int]


def key(run: Run) -> Key:
    return run.offset, run.length, run.form.text, run.start


def naive(data: bytes, forms: tuple[Form, ...], length: int, inside: int | None) -> set[Key]:
    """All maximal runs that count, by comparing every text with every place."""
    found = set()
    for form in forms:
        unit = form.shape.unit
        least_length = length * unit
        least_hash = inside if inside is not None else 5 * unit
        for base in range(-len(form.text), len(data)):
            position = max(0, -base)
            while position < len(form.text) and base + position < len(data):
                if data[base + position] != form.text[position]:
                    position += 1
                    continue
                start = position
                while (
                    position < len(form.text)
                    and base + position < len(data)
                    and data[base + position] == form.text[position]
                ):
                    position += 1
                hashed = min(position, form.hash_end) - max(start, form.hash_start)
                if position - start >= least_length and hashed >= least_hash:
                    found.add((base + start, position - start, form.text, start))
    return found


def planted(rng: random.Random, size: int) -> bytes:
    parts = [rng.randbytes(rng.randrange(9))]
    while sum(map(len, parts)) < size:
        value = rng.choice([OUT, OUT, DEV, OTHER, TOKENS["out"]])
        text = in_shape(rng.randrange(len(LABELS)), f"/nix/store/{value}-hello-1.0")
        start, end = sorted(rng.choices(range(len(text) + 1), k=2))
        parts.append(rng.choice([text, text[start:end], rng.randbytes(rng.randrange(20)), bytes(rng.randrange(9))]))
    return b"".join(parts)


@pytest.mark.parametrize("seed", range(20))
def test_finds_what_comparing_everything_finds(seed: int) -> None:
    data = planted(random.Random(seed), 700)
    found = {key(run) for run in STRONG.runs(Memory(data))}
    wanted = naive(data, FORMS, 8, None)
    assert found <= wanted
    for start, length, *_ in wanted:
        assert any(offset < start + length and start < offset + size for offset, size, *_ in found), (
            "every run is found, or one that it overlaps"
        )


@pytest.mark.parametrize("seed", range(10))
def test_weak_windows(seed: int) -> None:
    rng = random.Random(seed)
    text = f"/nix/store/{OUT}-hello-1.0".encode()
    data = b"".join(
        text[start : start + 8] + rng.randbytes(rng.randrange(7)) for start in rng.choices(range(len(text) - 8), k=40)
    )
    found = {key(run) for run in WEAK.runs(Memory(data))}
    assert found == naive(data, FORMS[:1], 8, 1) or found <= naive(data, FORMS[:1], 8, 1)
    for start, length, *_ in naive(data, FORMS[:1], 8, 1):
        assert any(offset < start + length and start < offset + size for offset, size, *_ in found)


@pytest.mark.parametrize("shape", range(len(LABELS)), ids=LABELS)
@pytest.mark.parametrize("shift", range(8))
def test_every_form_at_every_alignment(shape: int, shift: int) -> None:
    text = in_shape(shape, f"/nix/store/{OUT}-hello-1.0")
    runs = list(STRONG.runs(Memory(b"\xff" * shift + text + b"\xff" * 9)))
    assert [(run.offset, run.length) for run in runs] == [(shift, len(text))]
    for start in range(len(text) - 8 * FORMS[shape].shape.unit + 1):
        window = text[start : start + 8 * FORMS[shape].shape.unit]
        inside = min(start + len(window), FORMS[shape].hash_end) - max(start, FORMS[shape].hash_start)
        if inside >= 5 * FORMS[shape].shape.unit:
            (run,) = STRONG.runs(Memory(b"\xff" * shift + window + b"\xff" * 9))
            assert (run.offset, run.length) == (shift, len(window))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 30), st.integers(8, 600))
def test_blocks_make_no_difference(seed: int, block: int) -> None:
    data = planted(random.Random(seed), 500)
    whole = [key(run) for run in STRONG.runs(Memory(data))]
    assert [key(run) for run in STRONG.runs(Memory(data), block)] == whole


def test_every_block_boundary() -> None:
    data = planted(random.Random(5), 900)
    whole = [key(run) for run in STRONG.runs(Memory(data))]
    assert whole
    for block in range(8, len(data), 8):
        assert [key(run) for run in STRONG.runs(Memory(data), block)] == whole


def test_more_runs_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner_module, "_ROOM", 7)
    data = (OUT + " ").encode() * 100
    assert [run.offset for run in STRONG.runs(Memory(data), 64)] == [index * 33 for index in range(100)]


def test_sift(tmp_path: Path) -> None:
    cases = {
        "empty": (b"", 0),
        "plain": (b"x" * 1000, 0),
        "hit": (OUT.encode(), HIT),
        "late": (bytes(300_000) + OUT.encode(), HIT),
        "gzip": (b"\x1f\x8b\x08" + bytes(50), MAGIC),
        "elf": (b"\x7fELF" + bytes(300_000) + OUT.encode() + bytes(99), HIT | MAGIC),
        "tar": (bytes(257) + b"ustar" + bytes(300), MAGIC),
    }
    # A hit at each place around the boundary of the buffer.
    for shift in range(-80, 80, 7):
        cases[f"boundary{shift}"] = (bytes((256 << 10) + shift) + OUT[3:19].encode() + bytes(70), HIT)
    for name, (content, _) in cases.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link").symlink_to("hit")
    paths = [str(tmp_path / name) for name in (*cases, "link", "absent")]
    assert list(STRONG.sift(paths)) == [*(flags for _, flags in cases.values()), FAILED, FAILED]
    assert STRONG.sift([]) == b""


def test_no_forms_find_nothing() -> None:
    assert list(Scanner(()).runs(Memory(OUT.encode()))) == []


def test_a_missing_scanner_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner_module, "LIBRARY", "/absent/_scan.so")
    scanner_module._library.cache_clear()  # noqa: SLF001 - it is loaded once
    try:
        with pytest.raises(SplitphaseError, match="cannot be loaded") as caught:
            Scanner(FORMS)
        assert "cc -std=c11" in caught.value.hint
    finally:
        scanner_module._library.cache_clear()  # noqa: SLF001 - it is loaded once


def test_tables_of_letters_are_no_text() -> None:
    """LLVM's libraries have such tables: numbers of 4 bytes that are the characters of a part of the hash."""
    for start in range(28):
        table = b"".join(ord(letter).to_bytes(4, "little") for letter in OUT[start : start + 4])
        assert list(STRONG.runs(Memory(bytes(64) + table + bytes(64)))) == []
