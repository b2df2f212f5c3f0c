"""Depfiles that real compilers write, against the files that they were told to read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.depfile import read_depfile

HEADERS = ("plain.h", "with space.h", "hash#tag.h", "dollar$.h", "sub dir/deep.h", "a%b.h", "größe.h")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("flags", ["-MD", "-MMD", "-MMD -MP", "-MMD -MT x/y.o -MT z.o", "-MMD -MQ a$b.o"])
def test_real_depfiles(tmp_path: Path, compiler: str, flags: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    for name in HEADERS:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"extern int from_{HEADERS.index(name)};\n")
    includes = "".join(f'#include "{name}"\n' for name in HEADERS)
    (tmp_path / "my main.c").write_text(includes + "#include <stddef.h>\nint x;\n")
    words = [compiler, *flags.split(), "-MF", "main.d", "-c", "-o", "main.o", "my main.c"]
    subprocess.run(words, cwd=tmp_path, check=True)
    found = read_depfile(tmp_path / "main.d")
    own = [path for path in found if not path.startswith("/")]
    assert own == ["my main.c", *HEADERS]
    system = [path for path in found if path.startswith("/")]
    assert any(path.endswith("/stddef.h") for path in system) == (flags == "-MD")
    assert all(Path(path).exists() for path in system)


def test_long_lists_are_continued(tmp_path: Path) -> None:
    names = [f"a-rather-long-header-name-{number:03}.h" for number in range(60)]
    for name in names:
        (tmp_path / name).write_text("")
    (tmp_path / "main.c").write_text("".join(f'#include "./{name}"\n' for name in names))
    subprocess.run(["gcc", "-MMD", "-MP", "-c", "main.c"], cwd=tmp_path, check=True)
    assert "\\\n" in (tmp_path / "main.d").read_text()
    assert read_depfile(tmp_path / "main.d") == ("main.c", *names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("a.o:\n", ()),
        ("a.o: a.c\n", ("a.c",)),
        ("a.o : a.c b.h\n", ("a.c", "b.h")),
        ("a.o: a.c \\\r\n  b.h\r\n", ("a.c", "b.h")),
        ("a.o: a.c ./b.h x/../b.h b.h", ("a.c", "b.h")),
        ("a.o b.o: a.c\nb.h:\n", ("a.c",)),
        ("a.o: a\\:b.c c\\\\d.h\n", ("a:b.c", "c\\\\d.h")),
    ],
)
def test_text(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    path = tmp_path / "x.d"
    path.write_bytes(text.encode())
    assert read_depfile(path) == expected
