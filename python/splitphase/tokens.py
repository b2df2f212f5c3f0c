"""Tokens: the fixed 32-character stand-ins for the hash part of an output path.

A token is a function of the output's name (`out`, `dev`, ...) alone, so that an object does not change when an
unrelated attribute of its package does. Every fourth character is one of `e o t u`, the letters that Nix's base 32
leaves out, so no 4-byte window of a token can be part of a store hash and Nix never takes it for a reference. The first
character is one of them as well, as the last is: no store path begins with `/nix/store/` and such a letter, so even a
chunk of which only one character is the token's cannot be mistaken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count

HASH_LENGTH = 32
"""Characters of the hash part of a store path."""
SEED_LENGTH = 10
"""Characters of the hash that nixpkgs puts behind `-frandom-seed=`."""

_BASE32 = "0123456789abcdfghijklmnpqrsvwxyz"
_FOREIGN = "eotu"
_WINDOW = 8


def token(output: str, token_set: str = "A") -> str:  # noqa: S107 - a token of ours is no password
    """Return the token of an output name; sets `A` and `B` differ in every window (proof by two tokens)."""
    digest = hashlib.sha512(f"splitphase {token_set} {output}".encode()).digest()
    return "".join(
        _FOREIGN[byte % 4] if index == 0 or index % 4 == 3 else _BASE32[byte % 32]
        for index, byte in enumerate(digest[:HASH_LENGTH])
    )


def tokens(outputs: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Map each output name to its tokens of set A and set B, no 8-byte window of which occurs twice.

    A clash (about 1 in 2^30 per pair of names) is stepped over with a numbered set, the same one for the same outputs.
    """
    seen: set[str] = set()
    result = {}
    for output in sorted(outputs):
        pair = []
        for token_set in ("A", "B"):
            for attempt in count():
                candidate = token(output, token_set if attempt == 0 else f"{token_set}{attempt}")
                windows = [candidate[i : i + _WINDOW] for i in range(HASH_LENGTH - _WINDOW + 1)]
                if len(set(windows)) == len(windows) and seen.isdisjoint(windows):
                    break
            seen.update(windows)
            pair.append(candidate)
        result[output] = (pair[0], pair[1])
    return result
