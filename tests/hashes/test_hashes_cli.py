"""The commands find, escape, restore and verify."""

from __future__ import annotations

import gzip
import json
import os
import socket
from pathlib import Path

import pytest

from hash_cases import OUT, OUTPUTS, TOKENS, compile_c
from splitphase.cli import main

OUTPUT = f"--output=out={OUTPUTS['out']}"
PATH = OUTPUTS["out"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "build"
    root.mkdir()
    (root / "text").write_text(f"prefix={PATH}\nid {OUT[:10]}\n")
    (root / "wide").write_bytes(PATH.encode("utf-16-le"))
    (root / "text.gz").write_bytes(gzip.compress(PATH.encode(), mtime=0))
    (root / f"name-{OUT}").write_text("")
    (root / "link").symlink_to(f"{PATH}/lib")
    (root / "clean").write_text("nothing")
    return root


def said(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> str:
    assert main([str(word) for word in words]) == code
    output = capsys.readouterr()
    return output.out if code == 0 or output.out else output.err


def test_find(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    table = said(capsys, "find", "--hash", PATH, folder)
    rows = {tuple(line.split()[:2]) for line in table.splitlines() if line.startswith(str(folder))}
    assert rows >= {
        (str(folder / "text"), "whole"),
        (str(folder / "text"), "seed"),
        (str(folder / "text.gz"), "whole"),
        (str(folder / f"name-{OUT}"), "file"),
        (str(folder / "link"), "symlink"),
    }
    assert "gzip" in table
    assert "whole, UTF-16LE" in table
    assert "6 in 5 files, links and names" in table
    assert "clean" not in table


def test_find_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    found = json.loads(said(capsys, "find", "--json", OUTPUT, folder))
    assert found["version"] == 1
    assert found["hashes"] == [OUT]
    assert found["summary"]["whole"] == 2
    finds = {(os.path.basename(find["path"]), find["kind"]): find for find in found["finds"]}
    assert finds["text.gz", "whole"]["inside"] == ["gzip"]
    assert finds["text", "whole"]["offset"] == 7
    assert finds["wide", "whole"]["form"] == "UTF-16LE"
    assert (found["problems"], found["notes"]) == ([], [])


def test_find_in_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = '#include <string.h>\nvoid copy(char *to) { strcpy(to, PREFIX "/share"); }\nint main(void) { return 0; }\n'
    compile_c(tmp_path, source, f'-DPREFIX="{PATH}"', "-O1")
    (tmp_path / "main.c").unlink()
    found = json.loads(said(capsys, "find", "--json", "--hash", PATH, tmp_path))["finds"]
    assert {(find["kind"], find["section"], find["symbol"]) for find in found} == {("chunk 8", ".text", "copy")}


def test_a_bare_hash_and_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert "2 in 1 files" in said(capsys, "find", "--hash", OUT, folder / "text")


def test_escape_verify_restore(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if not path.is_symlink()}
    said(capsys, "verify", OUTPUT, folder, code=1)
    assert said(capsys, "escape", OUTPUT, folder).splitlines()[-1] == "5 changed"
    assert said(capsys, "verify", OUTPUT, folder) == "no trace is left\n"
    assert OUT[:10] not in said(capsys, "verify", "--tokens", OUTPUT, folder, code=1)
    assert os.readlink(folder / "link") == f"/nix/store/{TOKENS['out']}-hello-1.0/lib"
    changed = json.loads(said(capsys, "restore", "--json", OUTPUT, folder))
    assert len(changed["changed"]) == 5
    assert {path.name: path.read_bytes() for path in folder.iterdir() if not path.is_symlink()} == before
    assert said(capsys, "verify", "--tokens", OUTPUT, folder) == "no trace is left\n"


def test_verify_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert json.loads(said(capsys, "verify", "--json", OUTPUT, folder, code=1))["finds"]
    assert json.loads(said(capsys, "verify", "--json", "--hash", "z" * 32, folder))["finds"] == []


def test_what_cannot_be_rewritten_is_said_before_anything_changes(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "z.lz4").write_bytes(b"\x04\x22\x4d\x18" + OUT.encode())
    before = (folder / "text").read_bytes()
    message = said(capsys, "escape", OUTPUT, folder, code=1)
    assert f"error: {folder / 'z.lz4'}: the hash stands in a lz4 file" in message
    assert "nothing was changed" in message
    assert "hint: cut before" in message
    assert "--keep PATH" in message
    assert (folder / "text").read_bytes() == before
    assert "cannot be rewritten" in said(capsys, "find", OUTPUT, folder)
    said(capsys, "escape", "--keep", "*.lz4", OUTPUT, folder)
    assert (folder / "z.lz4").read_bytes().endswith(OUT.encode())


def test_special_files_are_refused(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    assert f"error: {folder / 'fifo'} is a fifo" in said(capsys, "escape", OUTPUT, folder, code=1)
    assert "it is a fifo" in said(capsys, "find", OUTPUT, folder)
    (folder / "fifo").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
        assert "is a socket" in said(capsys, "restore", OUTPUT, folder, code=1)


def test_symlink_loops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "here").symlink_to(".")
    assert said(capsys, "escape", OUTPUT, tmp_path) == "0 changed\n"
    assert "0 in 0 files" in said(capsys, "find", OUTPUT, tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("find", "."), "nothing to look for"),
        (("find", "--hash", "short", "."), "'short' is neither a hash"),
        (("find", "--hash", "/nix/store/é", "."), "is neither a hash"),
        (("find", "--hash", OUT, "/absent"), "/absent: no such file or folder"),
        (("verify", "--output", f"out={OUT}", "."), "not a store path"),
        (("escape", "--output", "out", "."), "not NAME=VALUE"),
        (("escape", "--output", f"out=/nix/store/{OUT}", "."), "not a store path"),
        (("restore", OUTPUT, "/absent"), "/absent: no such file or folder"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str) -> None:
    output = said(capsys, *words, code=1)
    assert message in output
    assert "hint: " in output


def test_unreadable_files_are_notes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (folder / "clean").chmod(0)
    assert "clean: it cannot be read" in said(capsys, "find", OUTPUT, folder)
