"""Dependency files in a folder of another name, against what the compilers write there."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.intercept.wrapping import rewritten

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]


def _written(compiler: str, folder: Path, options: list[str]) -> bytes:
    subprocess.run([compiler, "-c", f"{folder}/a.c", "-MD", "-o", "a.o", *options], cwd=folder, check=True)
    return (folder / "a.d").read_bytes()


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("options", [[], ["-MP"], ["-MT", "one", "-MT", "x" * 60, "-MT", "y" * 30], ["-MT", "z" * 80]])
@pytest.mark.parametrize("seed", range(8))
def test_as_the_compiler_writes_it(tmp_path: Path, compiler: str, options: list[str], seed: int) -> None:
    chance = random.Random(seed)
    names = ["h" * chance.randrange(1, 70) + f"{number}.h" for number in range(12)] + [
        "with space.h",
        "do$$ar.h",
        "#.h",
    ]
    texts = []
    folders = [tmp_path / ("s" * chance.randrange(1, 40)) for _ in range(2)]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_text("")
        (folder / "a.c").write_text("".join(f'#include "{name}"\n' for name in names))
        texts.append(_written(compiler, folder, options))
    old, new = (str(folder).encode() + b"/" for folder in folders)
    assert rewritten(texts[0], lambda text: text.replace(old, new), gcc=compiler == "gcc") == texts[1]


def test_what_is_no_dependency_file() -> None:
    assert rewritten(b"", bytes.upper, gcc=True) == b""
    assert rewritten(b"a b c\n", bytes.upper, gcc=True) is None
    assert rewritten(b"a.o:  b.c\n", bytes.upper, gcc=True) is None
    assert rewritten(b"a.o: b.c\n", bytes.upper, gcc=True) == b"A.O: B.C\n"
