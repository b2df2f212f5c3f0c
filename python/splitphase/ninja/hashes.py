"""The hash of a command in `.ninja_log`.

Source: ninja's src/build_log.cc, for log v5 and v6 MurmurHash64A (Austin Appleby's 64-bit MurmurHash2) with a fixed
seed, for v7 rapidhash (src/third_party/rapidhash, its default seed and secrets). Both read the bytes as little-endian
64-bit words (MurmurHash64A: in the machine's order, which is the same on all supported machines) and compute modulo
2**64.

Both are chains of one step per word, and Python's cost is per step, so what does not depend on the chain is done for
all words at once, as one long integer.
"""

from __future__ import annotations

import struct
from array import array
from functools import lru_cache

from splitphase.errors import BuildGraphError
from splitphase.ninja.graph import Edge

_MASK = (1 << 64) - 1

_MURMUR_SEED = 0xDECAFBADDECAFBAD
_MURMUR_MULTIPLIER = 0xC6A4A7935BD1E995
_MURMUR_SHIFT = 47
_MURMUR_CHUNK = 512
"""Words that are prepared at once: the masks are this long."""

_TWO_WORDS = struct.Struct("<2Q")
_HALF_WORD = struct.Struct("<L")
_RAPID_SEED = 0xBDD89AA982704029
_RAPID_SECRET = (0x2D358DCCAA6C78A5, 0x8BB84B93962EACC9, 0x4B33A62ED433D4A3)


def command_hash(log_version: int, command: str) -> int:
    """Hash of a command as a log of that version holds it. Raises BuildGraphError for another version than 5, 6, 7."""
    data = command.encode("utf-8", "surrogateescape")
    if log_version == 7:
        return _rapidhash(data)
    if log_version in (5, 6):
        return _murmur_hash_64a(data)
    raise BuildGraphError(
        f"the command hash of ninja log version {log_version} is not known",
        hint="versions 5, 6 and 7 are: use Ninja 1.9 to 1.13",
    )


def edge_hash(log_version: int, edge: Edge) -> int:
    """Hash that Ninja compares for this edge: its command, and the content of its response file where there is one."""
    if edge.rspfile_content:
        return command_hash(log_version, f"{edge.command};rspfile={edge.rspfile_content}")
    return command_hash(log_version, edge.command)


def _murmur_hash_64a(data: bytes) -> int:
    multiplier, mask = _MURMUR_MULTIPLIER, _MASK
    size = len(data)
    count = size >> 3
    state = _MURMUR_SEED ^ (size * multiplier & mask)
    for start in range(0, count, _MURMUR_CHUNK):
        for word in _murmur_words(data[start * 8 : min(start + _MURMUR_CHUNK, count) * 8]):
            state = (state ^ word) * multiplier & mask
    if size & 7:
        state = (state ^ int.from_bytes(data[count * 8 :], "little")) * multiplier & mask
    state = (state ^ state >> _MURMUR_SHIFT) * multiplier & mask
    return state ^ state >> _MURMUR_SHIFT


def _murmur_words(data: bytes) -> array[int]:
    """Mix each word by itself, `w *= m; w ^= w >> 47; w *= m`, all in one integer with 128 bits for each word."""
    count = len(data) >> 3
    lanes = array("Q", bytes(count * 16))
    lanes[::2] = array("Q", data)
    low, low_17 = _lane_masks(count)
    packed = int.from_bytes(lanes.tobytes(), "little") * _MURMUR_MULTIPLIER & low
    packed = (packed ^ (packed >> _MURMUR_SHIFT & low_17)) * _MURMUR_MULTIPLIER
    lanes = array("Q", packed.to_bytes(count * 16, "little"))
    return lanes[::2]


@lru_cache(maxsize=_MURMUR_CHUNK)
def _lane_masks(count: int) -> tuple[int, int]:
    """The low 64 and the low 17 bits of each 128-bit lane."""
    ones = int.from_bytes((b"\1" + bytes(15)) * count, "little")
    return ones * _MASK, ones * ((1 << 64 - _MURMUR_SHIFT) - 1)


def _rapidhash(data: bytes) -> int:
    first, second, third = _RAPID_SECRET
    size = len(data)
    seed = _RAPID_SEED ^ _mix(_RAPID_SEED ^ first, second) ^ size
    if size <= 16:
        low, high = _rapid_short(data)
    else:
        steps = size // 48 if size > 48 else 0
        if steps:
            # Three chains, each over a third of every 48 bytes.
            words = array("Q", data[: steps * 48])
            seed = (
                _chain(seed, first, words[0::6], words[1::6])
                ^ _chain(seed, second, words[2::6], words[3::6])
                ^ _chain(seed, third, words[4::6], words[5::6])
            )
        rest = size - steps * 48
        at = steps * 48
        if rest > 16:
            one, two = _TWO_WORDS.unpack_from(data, at)
            seed = _mix(one ^ third, two ^ seed ^ second)
        if rest > 32:
            one, two = _TWO_WORDS.unpack_from(data, at + 16)
            seed = _mix(one ^ third, two ^ seed)
        low, high = _TWO_WORDS.unpack_from(data, size - 16)
    product = (low ^ second) * (high ^ seed)
    return _mix(product & _MASK ^ first ^ size, product >> 64 ^ second)


def _rapid_short(data: bytes) -> tuple[int, int]:
    """The two words for up to 16 bytes: overlapping 32-bit reads from both ends."""
    size = len(data)
    if size >= 4:
        step = 4 if size >= 8 else 0
        (head,) = _HALF_WORD.unpack_from(data)
        (tail,) = _HALF_WORD.unpack_from(data, size - 4)
        (after_head,) = _HALF_WORD.unpack_from(data, step)
        (before_tail,) = _HALF_WORD.unpack_from(data, size - 4 - step)
        return head << 32 | tail, after_head << 32 | before_tail
    if size:
        return data[0] << 56 | data[size >> 1] << 32 | data[-1], 0
    return 0, 0


def _chain(state: int, secret: int, ones: array[int], twos: array[int]) -> int:
    mask = _MASK
    for one, two in zip(ones, twos, strict=True):
        product = (one ^ secret) * (two ^ state)
        state = product & mask ^ product >> 64
    return state


def _mix(one: int, two: int) -> int:
    """Low half xor high half of the 128-bit product."""
    product = one * two
    return product & _MASK ^ product >> 64
