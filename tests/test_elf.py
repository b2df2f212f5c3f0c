"""Build-ids of real linkers: after a rewrite they are what the linker would have written for the other string."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitphase import elf
from splitphase.rewrite import Rewriter
from splitphase.tokens import token

OLD, NEW = "0c5b8vw40dy178xlpddw65q9gf1h2186", token("out")
ESCAPE = Rewriter({OLD: NEW})
SOURCE = """
const char path[] = "/nix/store/HASH-hello-1.0/share";
static int counter;
int add(int x) { return counter += x + path[x]; }
"""
PROGRAM = SOURCE + "int main(int argc, char **argv) { (void)argv; return add(argc); }\n"
BARE = SOURCE + "void _start(void) { add(1); for (;;) ; }\n"

GNU = {
    "program": "gcc -pie -fPIE",
    "no-pie": "gcc -no-pie",
    "optimised": "gcc -O2 -ffunction-sections -Wl,--gc-sections",
    "debug": "gcc -g",
    "compressed debug": "gcc -g -gz=zlib",
    "stripped": "gcc -s",
    "rpath": "gcc -Wl,-rpath,/nix/store/HASH-hello-1.0/lib",
    "separate code": "gcc -Wl,-z,separate-code -Wl,-z,relro,-z,now",
    "shared": "gcc -shared -fPIC -Wl,-soname,libx.so.1",
    "static": "gcc -static",
    "md5": "gcc -Wl,--build-id=md5",
    "sha1": "gcc -Wl,--build-id=sha1",
    "clang": "clang -fuse-ld=bfd -Wl,--build-id",
    "32 bit": "gcc -m32 -nostdlib -static -DBARE",
    "32 bit shared, md5": "gcc -m32 -nostdlib -shared -fPIC -DBARE -Wl,--build-id=md5",
}
OTHERS = {
    "none": "gcc -Wl,--build-id=none",
    "given": "gcc -Wl,--build-id=0x0102030405060708090a0b0c0d0e0f1011121314",
    "uuid": "gcc -Wl,--build-id=uuid",
    "lld": "gcc -fuse-ld=lld -Wl,--build-id=sha1",
    "lld md5": "gcc -fuse-ld=lld -Wl,--build-id=md5",
    "lld fast": "gcc -fuse-ld=lld -Wl,--build-id=fast",
    "gold": "gcc -fuse-ld=gold -Wl,--build-id=sha1",
    "gold md5": "gcc -fuse-ld=gold -Wl,--build-id=md5",
}


def _link(folder: Path, command: str, value: str) -> bytes:
    """Compile and link with `value` for the hash; the same paths each time."""
    words = command.replace("HASH", value).split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]}")
    for linker in ("lld", "gold"):
        if f"-fuse-ld={linker}" in words and shutil.which(f"ld.{linker}") is None:
            pytest.skip(f"no {linker}")
    (folder / "main.c").write_text((BARE if "-DBARE" in words else PROGRAM).replace("HASH", value))
    environment = {"PATH": os.environ["PATH"]}
    compile_words = [word for word in words if not word.startswith(("-Wl,", "-fuse-ld", "-shared", "-static", "-s"))]
    if (
        "-m32" in words
        and "cannot"
        in subprocess.run(["ld", "-m", "elf_i386", "--version"], capture_output=True, text=True, check=False).stderr
    ):
        pytest.skip("this ld links no 32-bit programs")
    subprocess.run([*compile_words, "-c", "-o", "main.o", "main.c"], cwd=folder, check=True, env=environment)
    subprocess.run([*words, "-o", "program", "main.o"], cwd=folder, check=True, env=environment)
    return (folder / "program").read_bytes()


def _build_id(folder: Path, data: bytes) -> str:
    path = folder / "asked"
    path.write_bytes(data)
    text = subprocess.run(["readelf", "-n", str(path)], capture_output=True, text=True, check=True).stdout
    return next((line.split()[-1] for line in text.splitlines() if "Build ID:" in line), "")


@pytest.mark.parametrize("variant", GNU)
def test_gnu_build_id_follows(tmp_path: Path, variant: str) -> None:
    original = _link(tmp_path, GNU[variant], OLD)
    wanted = _link(tmp_path, GNU[variant], NEW)
    assert _build_id(tmp_path, original) not in ("", _build_id(tmp_path, wanted))
    assert ESCAPE.data(original) == wanted
    assert Rewriter({NEW: OLD}).data(wanted) == original


@pytest.mark.parametrize("variant", OTHERS)
def test_other_ids_stay(tmp_path: Path, variant: str) -> None:
    original = _link(tmp_path, OTHERS[variant], OLD)
    assert OLD.encode() in original
    assert ESCAPE.data(original) == original.replace(OLD.encode(), NEW.encode())


def test_damaged_content_is_left_alone(tmp_path: Path) -> None:
    """A file that was changed after its link (strip, patchelf) keeps the id, as it does in the stock build."""
    original = bytearray(_link(tmp_path, GNU["program"], OLD))
    place = original.index(b"-hello-1.0")
    original[place : place + 6] = b"-HELLO"
    assert ESCAPE.data(bytes(original)) == bytes(original).replace(OLD.encode(), NEW.encode())


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    _link(folder, GNU["program"], OLD)
    return folder / "program"


@settings(max_examples=300, deadline=None)
@given(
    cut=st.one_of(st.none(), st.integers(0, 100)),
    edits=st.lists(st.tuples(st.booleans(), st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_file_is_too_damaged(linked: Path, cut: int | None, edits: list[tuple[bool, int, int]]) -> None:
    """Headers that lie, and files that end early, are files without a build-id that could be computed."""
    whole = linked.read_bytes()
    content = bytearray(whole[:cut])
    headers = int.from_bytes(whole[40:48], "little")
    for in_sections, offset, value in edits:
        place = headers + offset if in_sections else offset % 64
        if place < len(content):
            content[place] = value
    changed = bytearray(content)
    elf.refresh(changed, bytes(content))
    assert len(changed) == len(content)


def test_the_seed_decides_the_order_of_debug_strings(tmp_path: Path) -> None:
    """doc/limits.md: with `-g`, builds with other output paths differ in more than the path, stock builds as well."""
    words = ["gcc", "-g", "-c", "-o", "main.o", "main.c"]
    (tmp_path / "main.c").write_text(PROGRAM.replace("HASH", "x"))
    objects = []
    for value in (NEW, *(f"{number:010}{OLD[10:]}" for number in range(20))):
        subprocess.run([*words, f"-frandom-seed={value[:10]}"], cwd=tmp_path, check=True)
        objects.append(Rewriter({value: NEW}).data((tmp_path / "main.o").read_bytes()))
    assert len(set(objects)) > 1
