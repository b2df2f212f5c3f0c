"""Hashes in text that encodes text: rewritten where the code is regular, refused by name where lines break it."""

from __future__ import annotations

import base64
import random
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hash_cases import OUT, OUTPUTS, TOKENS
from splitphase.errors import RewriteError
from splitphase.hashes.forms import BASE32
from splitphase.rewrite import Rewriter
from splitphase.tokens import HASH_LENGTH

ESCAPE = Rewriter.escaping(OUTPUTS)
RESTORE = Rewriter.restoring(OUTPUTS)
Code = Callable[[str], bytes]


def base64_text(text: str) -> bytes:
    return base64.b64encode(text.encode())


CODES: dict[str, Code] = {
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "upper case": lambda text: text.encode().hex().upper().encode(),
    "array": lambda text: ",".join(hex(byte) for byte in text.encode()).encode(),
    "array with blanks": lambda text: ", ".join(hex(byte) for byte in text.encode()).encode(),
    "array in upper case": lambda text: ", ".join(f"0x{byte:02X}" for byte in text.encode()).encode(),
    "escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "base 64": base64_text,
    "base 64, second alignment": lambda text: base64_text("p" + text),
    "base 64, third alignment": lambda text: base64_text("pq" + text),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("text", [f"/nix/store/{OUT}-hello-1.0/share", f"prefix=/nix/store/{OUT}-hello-1.0\n"])
def test_there_and_back(tmp_path: Path, code: str, text: str) -> None:
    encode = CODES[code]
    path = tmp_path / "file"
    path.write_bytes(b"x = " + encode(text) + b";\n")
    before = path.read_bytes()
    assert ESCAPE.file(path)
    assert path.read_bytes() == b"x = " + encode(text.replace(OUT, TOKENS["out"])) + b";\n"
    assert RESTORE.file(path)
    assert path.read_bytes() == before
    assert ESCAPE.text(before.decode()).encode() == b"x = " + encode(text.replace(OUT, TOKENS["out"])) + b";\n"


@pytest.mark.parametrize("width", [24, 40, 60, 76])
@pytest.mark.parametrize("code", CODES)
def test_broken_over_lines(tmp_path: Path, code: str, width: int) -> None:
    """Rewritten if no line ends in the hash; else refused, at escaping."""

    def wrapped_text(value: str) -> bytes:
        text = CODES[code](f"/nix/store/{value}-hello-1.0/share").decode()
        return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False)).encode()

    wrapped = wrapped_text(OUT)
    path = tmp_path / "file"
    path.write_bytes(wrapped)
    if code.startswith("base 64") and width >= 60:
        assert ESCAPE.file(path)
        assert path.read_bytes() == wrapped_text(TOKENS["out"])
        return
    with pytest.raises(RewriteError, match="broken over lines"):
        ESCAPE.file(path)
    assert path.read_bytes() == wrapped


@pytest.mark.parametrize("width", [30, 38, 40])
def test_plain_text_broken_over_lines(tmp_path: Path, width: int) -> None:
    """What is left of the hash on one of the lines may be too short to be found by itself."""
    text = f"/nix/store/{OUT}-hello-1.0/share"
    path = tmp_path / "file"
    path.write_text("\n".join(text[start : start + width] for start in range(0, len(text), width)))
    with pytest.raises(RewriteError, match="the hash is broken over lines"):
        ESCAPE.file(path)


def test_arrays_of_xxd(tmp_path: Path) -> None:
    (tmp_path / "data").write_text(f"/nix/store/{OUT}-hello-1.0/share")
    done = subprocess.run(["xxd", "-i", "data"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "data.c").write_bytes(done.stdout)
    with pytest.raises(RewriteError, match="encoded and broken over lines"):
        ESCAPE.file(tmp_path / "data.c")


@pytest.mark.parametrize("code", CODES)
def test_another_hash_stays(tmp_path: Path, code: str) -> None:
    """Four numbers in a row that two hashes share are an accident: about one pair in fifty has them."""
    path = tmp_path / "file"
    found = []
    chance = random.Random(CODES[code]("seed"))
    for _ in range(1000):
        other = "".join(chance.choices(sorted(BASE32), k=HASH_LENGTH))
        path.write_bytes(CODES[code](f"/nix/store/{other}-hello-1.0/share"))
        if ESCAPE.file(path):
            found.append(other)
    assert found == []


def test_other_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CODES["array"]("0123456789abcdfghijklmnpqrsvwxyz") + CODES["hexadecimal"]("/nix/store/") * 20)
    assert not ESCAPE.file(path)
