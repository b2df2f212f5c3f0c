"""Objects of a source tree whose folder gets another name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.checkpoint.folder import Spelling, folder_of, moved
from splitphase.checkpoint.proof import Call
from splitphase.checkpoint.record import Checkpoint, Identity, Observed, Unit
from splitphase.checkpoint.tied import Name, refused
from splitphase.rewrite import Rewriter

ESCAPE = Rewriter({"0123456789abcdfghijklmnpqrsvwxyz": "e" * 32})
ABSOLUTE = ("gcc", "-I", "{0}", "-o", "{0}/a.o", "-c", "{0}/a.c")


def spelled(folder: str, command: str) -> str:
    return Spelling(ESCAPE, "/build", folder).text(command.replace("FOLDER", folder))


@pytest.mark.parametrize(
    "command",
    [
        "gcc -I/build/FOLDER/include -c /build/FOLDER/a.c",
        "cd /build/FOLDER && gcc -isystem/build/FOLDER -c a.c",
        "gcc '-DROOT=\"/build/FOLDER\"' -c a.c",
    ],
)
def test_commands_are_the_same_but_for_the_name(command: str) -> None:
    assert spelled("source", command) == spelled("hello-2.12", command)


@pytest.mark.parametrize(
    "command",
    [
        "gcc -I../FOLDER -c a.c",
        "gcc -DNAME=FOLDER -c a.c",
        "gcc -I/nix/build/FOLDER -c a.c",
        "gcc -I/build/FOLDER-more -c a.c",
    ],
)
def test_what_is_not_its_path_counts(command: str) -> None:
    assert spelled("source", command) != spelled("hello-2.12", command)


def test_the_folder_is_the_first_below_the_top() -> None:
    assert folder_of("/build/a/b", "/build") == "a"
    assert folder_of("/build", "/build") == folder_of("/elsewhere/a", "/build") == ""


def test_a_moved_checkpoint_has_all_paths_in_the_other_folder() -> None:
    unit = Unit("old/a.o", ("old/a.lo",), "", ("old/a.c", "/usr/include/stdio.h"))
    observed = Observed("/build/old/work", {}, "", "", {"old": "d", "old/a.c": "f", "older": "d"})
    checkpoint = Checkpoint(
        Identity("p", "s", "/build"), observed, "ninja", "", (unit,), {"old/a.c": "1"}, {"old/a.o": "f"}
    )
    found = moved(checkpoint, "/build", "new")
    assert found.units == (Unit("new/a.o", ("new/a.lo",), "", ("new/a.c", "/usr/include/stdio.h")),)
    assert found.observed.directory == "/build/new/work"
    assert set(found.observed.listing) == {"new", "new/a.c", "older"}
    assert found.read == {"new/a.c": "1"}
    assert set(found.left) == {"new/a.o"}
    assert moved(checkpoint, "/build", "older") == checkpoint, "there is such a folder already"


@pytest.mark.parametrize(
    ("text", "flags", "sees"),
    [
        ("int a;", (), False),
        ("int a = sizeof __FILE__;", (), True),
        ("int a; // /build/source", (), False),
        ("const char *a = ROOT;", ('-DROOT="{0}"',), True),
        ("int a;", ('-DROOT="{0}"',), False),
        ("const char *a(void) { return __builtin_FILE(); }", (), True),
        ('#include "missing.h"', (), True),
    ],
)
def test_the_preprocessor_tells_whether_the_compiler_sees_the_name(
    tmp_path: Path, text: str, flags: tuple[str, ...], *, sees: bool
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.c").write_text(text)
    call = Call(str(folder), tuple(word.format(folder) for word in (*ABSOLUTE, *flags)))
    unit = Unit("source/a.o", (), "", ())
    assert bool(refused([unit], lambda _: call, Name(str(tmp_path), "source"), 1)) == sees


@pytest.mark.parametrize("folder", ["hello-2.12", "a\u2013b", "caf\u00e9", "\u65e5\u672c", 'q"\\z', "a b+c"])
def test_the_name_is_found_as_compilers_write_it(tmp_path: Path, folder: str) -> None:
    """A dash of three bytes was looked for as one: objects of a folder with such a name were taken with that name."""
    place = tmp_path / folder
    place.mkdir()
    (place / "a.c").write_text("const char *name = __FILE__;\n")
    name = Name(str(tmp_path), folder)
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            command = [compiler, "-c", "-o", str(tmp_path / "a.o"), str(place / "a.c")]
            subprocess.run(command, check=True)
            assert name.tied(Call(str(place), tuple(command)), [(tmp_path / "a.o").read_bytes()])
            assert name.seen(Call(str(place), tuple(command)))


def test_debug_information_and_names_in_objects_tie_them() -> None:
    name = Name("/build", "hello-2.12")
    assert name.tied(Call("/build/hello-2.12", ("gcc", "-g", "-c", "a.c")), [b""])
    assert name.tied(Call("/build/hello-2.12", ("gcc", "-ffile-prefix-map=/build=x", "-c", "a.c")), [b""])
    assert name.tied(Call("/build/hello-2.12", ("gcc", "-c", "a.c")), [b"_GLOBAL__N__build_hello_2_12_a_c"])
    for flag in ("-funique-internal-linkage-names", "-Wa,--gen-debug,--compress-debug-sections", "-Wa,-g", "--debug"):
        assert name.tied(Call("/build/hello-2.12", ("clang", flag, "-c", "a.c")), [b""])
    assert not name.tied(Call("/build/hello-2.12", ("gcc", "-g0", "-c", "a.c")), [b"/build/hello-2.10"])
    tied = Unit("hello-2.12/a.o", (), "", (), tied=True)
    assert refused([tied], lambda _: Call("/", ()), name, 1)
