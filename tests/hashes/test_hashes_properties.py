"""There and back, in every form and whatever stands beside: nothing of the old is left, no length changes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hash_cases import DEV, ESCAPE, LABELS, NAMES, OTHER, OUT, RESTORE, TOKENS, in_shape
from splitphase.errors import RewriteError
from splitphase.hashes.sources import Memory
from splitphase.rewrite import Rewriter

BESIDE = st.one_of(st.binary(max_size=12), st.sampled_from([b"", b"\0", b" ", b"/", b"seed=", b"/nix/store/"]))


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A store path, or a part of one, in a shape."""
    shape = draw(st.integers(0, len(LABELS) - 1))
    value = draw(st.sampled_from([OUT, OUT, DEV, OTHER]))
    text = f"/nix/store/{value}-{NAMES.get(value, 'other-2')}"
    data = in_shape(shape, text)
    if draw(st.booleans()):
        return data
    unit = len(data) // len(text)
    start = draw(st.integers(0, len(text) - 8))
    length = draw(st.sampled_from([8, 16, 32, 10, len(text)]))
    return data[start * unit : (start + length) * unit]


DATA = st.lists(st.one_of(texts(), BESIDE), max_size=10).map(b"".join)


@settings(deadline=None, max_examples=500)
@given(DATA)
def test_there_and_back(data: bytes) -> None:
    try:
        escaped = ESCAPE.data(data)
    except RewriteError as error:
        assert error.hint  # noqa: PT017 - it may be refused, but only with a reason and a remedy
        return
    assert len(escaped) == len(data)
    assert RESTORE.data(escaped) == data
    for value in (OUT, DEV):
        for text in (value, value.upper(), value[::-1]):
            assert text.encode() not in escaped
            assert text.encode("utf-16-le") not in escaped
            assert text.encode("utf-32-le") not in escaped
    assert not list(ESCAPE.engine.pieces(Memory(escaped)))


@settings(deadline=None)
@given(DATA)
def test_other_paths_stay(data: bytes) -> None:
    """What is no hash of ours is never touched."""
    rewriter = Rewriter({"v" * 32: "w" * 32})
    assert rewriter.data(data) == data


@pytest.mark.parametrize("shape", range(len(LABELS)), ids=LABELS)
@pytest.mark.parametrize("beside", [b"", b"\0", b"\xff", b"abc", b"\x90" * 16])
def test_each_form(shape: int, beside: bytes) -> None:
    for value in (OUT, DEV):
        name = "out" if value == OUT else "dev"
        old, new = (in_shape(shape, f"/nix/store/{text}-{NAMES[value]}") for text in (value, TOKENS[name]))
        assert ESCAPE.data(beside + old + beside) == beside + new + beside
        assert RESTORE.data(beside + new + beside) == beside + old + beside


def test_the_random_seed() -> None:
    for before in ("-frandom-seed=", " ", '"'):
        assert ESCAPE.text(f"{before}{OUT[:10]} -O2") == f"{before}{TOKENS['out'][:10]} -O2"


@pytest.mark.parametrize("length", [8, 9, 10, 12, 20, 31])
def test_truncated_in_text(length: int) -> None:
    assert ESCAPE.text(f"id {OUT[:length]}.") == f"id {TOKENS['out'][:length]}."


def test_parts_of_other_store_paths_stay() -> None:
    """A path that shares its first or last characters is somebody else's."""
    first = OUT[:6] + OTHER[6:]
    last = OTHER[:-6] + OUT[-6:]
    for text in (f"/nix/store/{first}-x", f"/nix/store/{last}-hello-1.0", f"{last}-hello-1.0/bin"):
        assert ESCAPE.text(text) == text
        assert ESCAPE.data(text.upper().encode()) == text.upper().encode()
        assert ESCAPE.data(text.encode("utf-16-le")) == text.encode("utf-16-le")


def test_what_could_not_be_told_apart_is_refused() -> None:
    """A truncated hash before a character that would go on with the token: restoring would take it for a part of it."""
    token = TOKENS["out"]
    with pytest.raises(RewriteError, match="could not be told") as caught:
        ESCAPE.data(f"id {OUT[:12]}{token[12]} ".encode())
    assert "splitphaseKeep" in caught.value.hint


def test_a_token_that_was_there_before_is_refused() -> None:
    with pytest.raises(RewriteError, match="could not be told"):
        ESCAPE.data(f"{OUT} {TOKENS['out']}".encode())


def test_random_data_is_left_alone() -> None:
    data = random.Random(1).randbytes(1 << 20)
    assert ESCAPE.data(data) == data
    assert RESTORE.data(data) == data
