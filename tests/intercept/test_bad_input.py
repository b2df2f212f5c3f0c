"""Odd calls, callers and trees under the shim: what comes out is what the compiler alone would have made."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from shimmed import Server, kept_sources, stock
from small_project import PATIENCE, Project

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
FUTURE = 4_102_444_800
"""The year 2100."""


def test_a_result_is_kept_and_taken(project: Project) -> None:
    """So that the others here can fail."""
    project.write("a.c", '#include "a.h"\n#warning as kept\nint a(void) { return A; }\n')
    project.alike("gcc -c a.c -MD -o a.o", taken=1)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("source", ["int a(void) { return b }\n", "#include <not-there.h>\n", '#error "no"\n'])
def test_a_compile_that_fails(project: Project, compiler: str, source: str) -> None:
    project.write("bad.c", "#warning before\n" + source)
    project.alike(f"{compiler} -c bad.c -o bad.o", taken=0)


def test_a_build_that_fails_says_the_same_in_the_same_order(project: Project) -> None:
    for name in "bcd":
        project.write(f"{name}.c", f"#warning {name}\nint {name}(void) {{ return 0; }}\n")
    project.write("bad.c", "int bad(void) { return }\n")
    project.write("Makefile", "all: a.o b.o bad.o c.o d.o\n%.o: %.c\n\t@echo begin $<\n\tgcc -c $< -o $@\n")
    project.alike("make -k", taken=4)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("words", ["-c -o -", "-c -o /dev/null", "-S -o -", "-E -o -", "-c", "-c -o none/a.o"])
def test_odd_outputs(project: Project, compiler: str, words: str) -> None:
    project.alike(f"{compiler} {words} a.c")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_source_from_standard_input(project: Project, compiler: str) -> None:
    command = f"{compiler} -x c -c -o a.o -"
    known = project.stock(command, stdin=None, input=b"int a(void) { return 5; }\n")
    for mode in (project.keep, project.take):
        with mode() as server:
            done = project.run(command, server, stdin=None, input=b"int a(void) { return 5; }\n")
            assert (done, project.result()) == known
            server.end()


@pytest.mark.parametrize("way", ["command", "response file"])
@pytest.mark.parametrize(("compiler", "count"), [("gcc", 1200), ("gcc", 2600), ("clang", 2600)])
def test_a_long_command(project: Project, compiler: str, count: int, way: str) -> None:
    """200 kB; GCC cannot take more than 128 kB of options, and says so."""
    words = " ".join(f"-DNAME_{number}={'x' * 60}" for number in range(count))
    assert count < 2600 or len(words) > 180_000
    project.write("words", words)
    words = "@words" if way == "response file" else words
    project.alike(f"{compiler} -c a.c -o a.o {words}", taken=int((compiler, count) != ("gcc", 2600)))


def test_another_response_file_is_another_call(project: Project) -> None:
    project.write("words", "-DA=5 -include a.c")
    project.write("a.h", "")
    with project.keep() as server:
        project.run("gcc -c @words a.c -o a.o", server)
        server.end()
    project.write("words", "-DA=6")
    known = project.stock("gcc -c @words a.c -o a.o")
    with project.take() as server:
        assert (project.run("gcc -c @words a.c -o a.o", server), project.result()) == known
        server.end()
        assert server.sources("taken") == []


@pytest.mark.parametrize("way", ["keep", "take"])
def test_a_working_directory_that_is_gone(project: Project, way: str) -> None:
    command = f"gcc -c {project.source}/a.c -o {project.source}/a.o"
    steps = f"mkdir gone && cd gone && rmdir ../gone && exec {stock()['PATH'].split(':')[0]}/{command}"
    script = ["sh", "-c", steps]
    known = project.stock(script)
    with project.keep() as server:
        project.run(command, server)
        project.result()
        server.end()
    with getattr(project, way)() as server:
        assert (project.run(script, server), project.result()) == known
        server.end()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_folder_that_may_not_be_written(project: Project) -> None:
    (project.source / "shut").mkdir()
    command = "gcc -c a.c -MD -o shut/a.o"
    with project.keep() as server:
        project.run(command, server)
        server.end()
    for name in ("a.o", "a.d"):
        (project.source / "shut" / name).unlink()
    (project.source / "shut").chmod(0o555)
    known = project.run(command, user=65534)
    assert known[0]
    for mode in (project.take, project.keep):
        with mode() as server:
            Path(server.socket).chmod(0o777)
            assert project.run(command, server, user=65534) == known
            server.end()
            assert list((project.source / "shut").iterdir()) == []


def test_an_object_that_may_not_be_written_over(project: Project) -> None:
    """Compilers unlink what is there; its mode and other names of it do not count."""
    project.write("a.o", "old").chmod(0o444)
    os.link(project.source / "a.o", project.source / "other.o")
    project.alike("gcc -c a.c -o a.o", taken=1)
    assert (project.source / "a.o").stat().st_nlink == 1


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ('__asm__(".incbin \\"a.o\\"");\n', "gcc -c a.c -o a.o"),
        ('#include "a.d"\n', "gcc -c a.c -MD -MF a.d -o a.o"),
        ("int a;\n", "gcc -c a.c -include a.o -o a.o"),
    ],
)
def test_a_call_that_reads_what_it_writes(project: Project, source: str, command: str) -> None:
    """Each run makes something else of it."""
    project.write("a.c", source)
    first = {"a.o": "int b;\n", "a.d": "int b;\n"}
    for name, text in first.items():
        project.write(name, text)
    known = [(project.run(command)[0], _left(project)) for _ in range(3)]
    for mode in (project.keep, project.take):
        for name, text in first.items():
            project.write(name, text)
        with mode() as server:
            for number in range(3):
                assert (project.run(command, server)[0], _left(project)) == known[number], (mode, number)
            server.end()


def _left(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.source.glob("a.[od]")}


@pytest.mark.parametrize("moment", ["before", "after", "and back"])
def test_a_header_that_changes_while_the_compiler_runs(project: Project, moment: str) -> None:
    """The wrapper edits it, and compiles for real; with the old content there is nothing to take."""
    wrapper = project.folder / "edits"
    for name in ("bin", "nix-support"):
        (wrapper / name).mkdir(parents=True)
    (wrapper / "nix-support/orig-cc").write_text("/usr\n")
    lines = ['gcc=/usr/bin/gcc; edit() { [ -z "$EDIT" ] || printf "#define A %s\\n" "$1" > a.h; }']
    lines += {
        "before": ['edit 2; exec $gcc "$@"'],
        "after": ['$gcc "$@"; edit 2'],
        "and back": ['edit 2; $gcc "$@"; edit 1'],
    }[moment]
    (wrapper / "bin/gcc").write_text("\n".join(["#!/bin/bash", *lines, ""]))
    (wrapper / "bin/gcc").chmod(0o755)
    command = f"{wrapper}/bin/gcc -c a.c -o a.o"
    with project.keep(options=("--fixed", f"{wrapper}/")) as server:
        project.run(["env", "EDIT=1", *command.split()], server)
        assert "1 left to the compiler: a file that it read changed while it ran" in server.end()
    project.write("a.h", "#define A 1\n")
    known = project.stock(command)
    with project.take(options=("--fixed", f"{wrapper}/")) as server:
        assert (project.run(command, server), project.result()) == known
        server.end()
        assert server.sources("taken") == []


def test_the_header_that_does_not_change_is_taken(project: Project) -> None:
    """The other half of the last one."""
    with project.keep() as server:
        project.run("gcc -c a.c -o a.o", server)
        server.end()
    project.write("a.h", "#define A 1\n")
    with project.take() as server:
        project.run("gcc -c a.c -o a.o", server)
        server.end()
        assert server.sources("taken") == ["a.c"]


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_caller_without_standard_descriptors(project: Project, closed: str) -> None:
    project.write("a.c", "#warning said\nint a;\n")
    script = ["sh", "-c", f"gcc -c a.c -o a.o {closed}; echo $?"]
    known = project.stock(script)
    with project.keep() as server:
        project.run("gcc -c a.c -o a.o", server)
        project.result()
        server.end()
    for mode in (project.take, project.keep):
        with mode() as server:
            assert (project.run(script, server), project.result()) == known
            server.end()


def _on_terminal(project: Project, command: str, server: Server | None = None) -> tuple[int, bytes]:
    """As Project.run, with a terminal for stderr."""
    leader, follower = pty.openpty()
    said: list[bytes] = []

    def read() -> None:
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:
                return
            if not data:
                return
            said.append(data)

    thread = threading.Thread(target=read)
    thread.start()
    environment = server.environment() if server else stock()
    done = subprocess.run(
        command.split(), cwd=project.source, env=environment | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, check=False, timeout=PATIENCE,
    )  # fmt: skip
    os.close(follower)
    thread.join(PATIENCE)
    os.close(leader)
    return done.returncode, b"".join(said)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_colour_terminal_and_none(project: Project, compiler: str) -> None:
    project.write("a.c", "#warning said\nint a;\n")
    command = f"{compiler} -c a.c -o a.o"
    coloured, plain = _on_terminal(project, command), project.run(command)
    assert b"\x1b[" in coloured[1]
    with project.keep() as server:
        assert _on_terminal(project, command, server) == coloured
        server.end()
    with project.take() as server:
        assert project.run(command, server) == plain
        assert _on_terminal(project, command, server) == coloured
        server.end()


def test_more_callers_than_workers(project: Project) -> None:
    names = [f"m{number}" for number in range(32)]
    for name in names:
        project.write(f"{name}.c", f'#include "a.h"\nint {name} = A;\n')
    known = {name: project.stock(f"gcc -c {name}.c -o {name}.o", f"{name}.o")[1] for name in names}
    for mode in (project.keep, project.take):
        with mode(jobs=2) as server:
            running = [
                subprocess.Popen(
                    ["gcc", "-c", f"{name}.c", "-o", f"{name}.o"], cwd=project.source, env=server.environment()
                )
                for name in names
            ]
            assert [process.wait(PATIENCE) for process in running] == [0] * len(names)
            server.end()
            assert server.log() == ""
            assert {name: project.result(f"{name}.o") for name in names} == known
            taken = server.sources("taken")
    assert len(kept_sources(project.checkpoint)) == len(taken) == len(names)


def test_times_in_the_future(project: Project) -> None:
    for path in project.source.iterdir():
        os.utime(path, (FUTURE, FUTURE))
    project.alike("gcc -c a.c -MD -o a.o", taken=1)
    with project.keep() as server:
        project.run("gcc -c a.c -o a.o", server)
        server.end()
    project.write("a.h", "#define A 2\n")
    os.utime(project.source / "a.h", (FUTURE, FUTURE))
    known = project.stock("gcc -c a.c -o a.o")
    with project.take() as server:
        assert (project.run("gcc -c a.c -o a.o", server), project.result()) == known
        server.end()
