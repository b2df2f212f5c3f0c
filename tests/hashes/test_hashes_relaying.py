"""Objects with a section of another size: laid out as the tools do it, or refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splitphase.errors import RewriteError
from splitphase.rewrite import Rewriter
from splitphase.tokens import token


@pytest.mark.parametrize("behind", ["", '.section .debug_info,"",@progbits\n.byte 1,2,3\n'])
@pytest.mark.parametrize("kind", ["x.o", "x.a", "x.so"])
def test_a_compressed_section_is_as_the_assembler_has_it(tmp_path: Path, behind: str, kind: str) -> None:
    """Of another size or not: all stands where it does if the file is made with the other hash."""

    def made(name: str, value: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        text = '.section .debug_str,"",@progbits\n' + f'.string "{value} and so on"\n' * 300
        (folder / "x.s").write_text(text + behind + ".data\n.globl x\nx: .fill 20000\n")
        subprocess.run(["gcc", "-c", "-Wa,--compress-debug-sections=zlib", "x.s"], cwd=folder, check=True)
        if kind == "x.a":
            subprocess.run(["ar", "rcD", "x.a", "x.o"], cwd=folder, check=True)
        if kind == "x.so":
            words = ["gcc", "-shared", "-nostdlib", "-Wl,--compress-debug-sections=zlib,--build-id=sha1"]
            subprocess.run([*words, "-o", "x.so", "x.o"], cwd=folder, check=True)
        return folder / kind

    sizes = set()
    for number in range(6):
        path = made(f"old{number}", token("out"))
        Rewriter({token("out"): token("out", f"C{number}")}).file(path)
        assert path.read_bytes() == made(f"new{number}", token("out", f"C{number}")).read_bytes()
        sizes.add(path.stat().st_size)
    assert len(sizes) > 1 or kind == "x.so"


def test_an_object_with_gaps_is_refused(tmp_path: Path) -> None:
    """It was not laid out by the rule, so what would be the right place is not known."""
    text = '.section .debug_str,"",@progbits\n' + f'.string "{"0" * 31}1 and so on"\n' * 300
    (tmp_path / "x.s").write_text(text)
    subprocess.run(["gcc", "-c", "-Wa,--compress-debug-sections=zlib", "x.s"], cwd=tmp_path, check=True)
    path = tmp_path / "x.o"
    path.write_bytes(path.read_bytes() + bytes(64))
    with pytest.raises(RewriteError, match="not placed as compilers do it"):
        Rewriter({"0" * 31 + "1": token("out")}).file(path)
