"""Tokens: what they are made of, that they never meet each other, and that they never change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitphase.paths import STORE_PATH, existing_store_paths, store_paths
from splitphase.tokens import HASH_LENGTH, token, tokens

BASE32 = set("0123456789abcdfghijklmnpqrsvwxyz")
FOREIGN = set("eotu")
USUAL = ("out", "dev", "bin", "lib", "man", "doc", "devdoc", "info", "debug", "static", "data", "py", "dist", "tests")
THERE = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x-1.0"
GONE = "/nix/store/zyxwvsrqpnmlkjihgfdcba9876543210-x"
NAMES = [*USUAL, *(f"out{number}" for number in range(500))]


def windows(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)]


def both(names: list[str]) -> list[str]:
    return [each for pair in tokens(names).values() for each in pair]


def test_golden() -> None:
    """A token that changed would rebuild every object that holds one, and snapshots would not restore."""
    assert tokens(["out", "dev"]) == {
        "out": ("oknow8xu1a4t1sco8s9o5sguqv3oa4pt", "tp2o6vpt22nurdgobvaeiwpopd8emabt"),
        "dev": ("tfst0p7t5kje72aoy5wupv4e5vse6x6u", "udveq0stc0qo4v2t0blt216urcleb1qe"),
    }


def test_alphabet_and_length() -> None:
    for each in both(NAMES):
        assert len(each) == HASH_LENGTH
        assert set(each) <= BASE32 | FOREIGN
        assert len(set(each)) > 10, "not the `eeee...` that nuke-refs writes"


def test_every_four_byte_window_is_foreign_to_base_32() -> None:
    for each in both(NAMES):
        assert all(FOREIGN & set(window) for window in windows(each, 4))


def test_a_token_is_no_store_path() -> None:
    for each in both(NAMES):
        assert not STORE_PATH.search(f"/nix/store/{each}-x")
    assert store_paths(f"a {THERE}/lib:b") == {THERE}


@pytest.mark.parametrize("behind", ["", "/include", "=/nix/store/" + "e" * 32 + "-x-1.0", ".", "?", "=" + GONE, ".."])
def test_a_store_path_ends_where_one_is_there(behind: str) -> None:
    """A wrapper of Clang says `-fmacro-prefix-map=<path>=<other>` for each dependency: Nix was asked for `<path>=`."""
    assert existing_store_paths(f"-D={THERE}{behind} {GONE}", {THERE}.__contains__) == {THERE}


def test_no_window_of_eight_occurs_twice() -> None:
    found = [window for each in both(NAMES) for window in windows(each, 8)]
    assert len(found) == len(set(found))


@given(st.sets(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=9), min_size=1, max_size=6))
def test_a_function_of_the_name_alone(names: set[str]) -> None:
    for name, pair in tokens(names).items():
        assert pair == (token(name), token(name, "B"))


def test_no_store_path_begins_or_ends_like_a_token() -> None:
    """`/store/x` and `x-hello-` may be all that a constant of 8 bytes has of a token."""
    for each in both(NAMES):
        assert {each[0], each[31]} <= FOREIGN
