"""What goes wrong around a build: a server that dies, a disk that is full, a checkpoint that is damaged, Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from shimmed import Server, entries, splitphase, stock
from small_project import PATIENCE, Project


def slow(power: int) -> str:
    """A source of so many tokens: ten to this power; a million take about a second."""
    lines = [f"#define D{level + 1} " + " ".join([f"D{level}"] * 10) for level in range(power)]
    return "\n".join(["#define D0 1,", *lines, f"char slow[] = {{ D{power} }};", ""])


def _reached(server: Server, outcome: str) -> None:
    """Wait until a call has got this answer."""
    end = time.monotonic() + PATIENCE
    while not server.sources(outcome):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_server_that_is_killed_while_a_compiler_runs(project: Project) -> None:
    project.write("slow.c", "#warning said\n" + slow(6))
    known = project.stock("gcc -c slow.c -o slow.o", "slow.o")
    with project.keep() as server:
        process = subprocess.Popen(
            ["gcc", "-c", "slow.c", "-o", "slow.o"], cwd=project.source,
            env=server.environment() | {"LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _reached(server, "ran")
        server.kill()
        said = process.communicate(timeout=PATIENCE)[0]
        assert ((process.returncode, said), project.result("slow.o")) == known
        assert project.run("gcc -c a.c -o a.o", server) == (0, b"")
        with pytest.raises(subprocess.CalledProcessError):
            server.end()


def test_a_server_that_stands_still_does_not_stop_a_build_for_ever(project: Project) -> None:
    """The shim's patience is two minutes: here it meets a server that takes calls and ends."""
    with project.keep() as server:
        for process in server.processes():
            os.kill(process, signal.SIGSTOP)
        running = subprocess.Popen(["gcc", "-c", "a.c", "-o", "a.o"], cwd=project.source, env=server.environment())
        time.sleep(0.5)
        assert running.poll() is None
        server.kill()
        assert running.wait(PATIENCE) == 0


@pytest.mark.parametrize("chaos", ["die=100", "refuse=100", "delay=20,refuse=50,die=10", "delay=50"])
def test_a_server_that_is_slow_refuses_or_dies(project: Project, chaos: str) -> None:
    names = [f"m{number}" for number in range(12)]
    for name in names:
        project.write(f"{name}.c", f'#include "a.h"\nint {name} = A;\n')
    project.write("Makefile", f"all: {' '.join(f'{name}.o' for name in names)}\n%.o: %.c\n\t@gcc -c $< -o $@\n")
    known = project.run("make -j2"), {name: project.result(f"{name}.o") for name in names}
    with project.keep() as server:
        project.run("make -j2", server)
        server.end()
    for name in names:
        project.result(f"{name}.o")
    with project.take(options=("--chaos", chaos)) as server:
        assert (project.run("make -j2", server), {name: project.result(f"{name}.o") for name in names}) == known
        taken = len(server.sources("taken"))
    assert {"die=100": taken == 0, "refuse=100": taken == 0, "delay=50": taken == 12}.get(chaos, taken < 12)


def test_chaos_that_is_not_understood(project: Project) -> None:
    assert splitphase_says(project, "--chaos", "often").startswith("error: --chaos often is not understood\nhint: ")


def splitphase_says(project: Project, *options: str) -> str:
    """The error with which the server does not start."""
    server = Server(project.top, options=options)
    done = server.start()
    server.kill()
    shutil.rmtree(server.scratch)
    assert done.returncode != 0
    assert done.stdout == ""
    return done.stderr


@pytest.fixture
def small_disk(project: Project) -> Iterator[Path]:
    """An empty checkpoint of 128 kB."""
    project.checkpoint.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "none", project.checkpoint], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield project.checkpoint
    subprocess.run(["umount", project.checkpoint], check=True)


def test_a_disk_that_is_full_while_results_are_kept(project: Project, small_disk: Path) -> None:
    project.write("big.c", "char big[100000] = {1};\n")
    project.write("bigger.c", "char bigger[100000] = {2};\n")
    known = {name: project.stock(f"gcc -c {name}.c -o {name}.o", f"{name}.o") for name in ("big", "bigger", "a")}
    with project.keep(jobs=1) as server:
        for name, wanted in known.items():
            done = project.run(f"gcc -c {name}.c -o {name}.o", server)
            assert (done, project.result(f"{name}.o")) == wanted
        said = server.end()
        assert "1 left to the compiler: its result cannot be kept: No space left on device" in said
        assert "2 objects kept" in said
    assert len(entries(small_disk)) == 2
    with project.take() as server:
        for name, wanted in known.items():
            done = project.run(f"gcc -c {name}.c -o {name}.o", server)
            assert (done, project.result(f"{name}.o")) == wanted
        server.end()
        assert server.sources("taken") == ["a.c", "big.c"]


def test_a_disk_that_is_full_when_the_index_is_written(project: Project, small_disk: Path) -> None:
    """There is no checkpoint then, and whoever makes one is told."""
    with project.keep(jobs=1) as server:
        project.run("gcc -c a.c -o a.o", server)
        with pytest.raises(OSError, match="No space"):
            (small_disk / "full").write_bytes(bytes(200_000))
        with pytest.raises(subprocess.CalledProcessError) as caught:
            server.end()
        assert "the results of this build cannot be kept: No space left on device" in caught.value.stderr
    assert not (small_disk / "index.json").exists()


def test_two_build_tools_at_once(project: Project) -> None:
    known = {}
    for place in ("one", "two"):
        for number in range(8):
            project.write(f"{place}/m{number}.c", f'#include "../a.h"\nint {place}{number} = A;\n')
        rule = "all: " + " ".join(f"m{number}.o" for number in range(8)) + "\n%.o: %.c\n\tgcc -c $< -o $@\n"
        project.write(f"{place}/Makefile", rule)
        project.run("make", cwd=project.source / place)
        known |= {f"{place}/m{number}": project.result(f"{place}/m{number}.o") for number in range(8)}
    for mode in (project.keep, project.take):
        with mode() as server:
            running = [
                subprocess.Popen(
                    ["make", "-j2"], cwd=project.source / place, env=server.environment(), stdout=subprocess.DEVNULL
                )
                for place in ("one", "two")
            ]
            assert [process.wait(PATIENCE) for process in running] == [0, 0]
            server.end()
            assert {name: project.result(f"{name}.o") for name in known} == known
            taken = len(server.sources("taken"))
    assert taken == 16


def _running(group: int) -> list[str]:
    """What still runs in a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            state, _, its = rest.split()[:3]
            if int(its) == group and state != "Z":
                found.append(name)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_compiler_too(project: Project, number: signal.Signals) -> None:
    project.write("slow.c", slow(7))
    with project.keep() as server:
        process = subprocess.Popen(
            ["gcc", "-c", "slow.c", "-o", "slow.o"], cwd=project.source, env=server.environment(), process_group=0,
            # Who runs tests in the background ignores interrupts.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs here
        )  # fmt: skip
        _reached(server, "ran")
        time.sleep(0.3)
        os.killpg(process.pid, number)
        assert process.wait(PATIENCE) == -number
        time.sleep(0.2)
        assert _running(process.pid) == []
        assert "0 objects kept" in server.end()


def _kept(project: Project) -> None:
    with project.keep() as server:
        assert project.run("gcc -c a.c -MD -o a.o", server) == (0, b"")
        server.end()
    for name in ("a.o", "a.d"):
        (project.source / name).unlink()


def _index(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(checkpoint: Path) -> None:
        raw = json.loads((checkpoint / "index.json").read_text())
        change(raw)
        (checkpoint / "index.json").write_text(json.dumps(raw))

    return damage


DAMAGES = {
    "no folder": shutil.rmtree,
    "no index": lambda checkpoint: (checkpoint / "index.json").unlink(),
    "half an index": lambda checkpoint: os.truncate(checkpoint / "index.json", 200),
    "an empty index": lambda checkpoint: os.truncate(checkpoint / "index.json", 0),
    "no JSON": lambda checkpoint: (checkpoint / "index.json").write_bytes(b"\xff\xfe{}"),
    "a list": lambda checkpoint: (checkpoint / "index.json").write_text("[]"),
    "no format": _index(lambda raw: raw.pop("format")),
    "no identity": _index(lambda raw: raw.pop("identity")),
    "an identity of another kind": _index(lambda raw: raw.update(identity=3)),
    "no entries": _index(lambda raw: raw.pop("entries")),
    "entries of another kind": _index(lambda raw: raw.update(entries=[1])),
    "an entry without files": _index(lambda raw: raw["entries"][0].pop("files")),
    "an entry that knows more": _index(lambda raw: raw["entries"][0].update(more=1)),
    "an entry with too few files": _index(lambda raw: raw["entries"][0].update(files=[])),
    "an entry with a path": _index(lambda raw: raw["entries"][0].update(files=["../index.json", ""])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint(project: Project, damage: str) -> None:
    _kept(project)
    DAMAGES[damage](project.checkpoint)
    said = splitphase_says(project, "--take", str(project.checkpoint))
    error, hint = said.splitlines()
    assert error.startswith(f"error: damaged checkpoint {project.checkpoint}: ")
    assert hint == "hint: build the checkpoint again with prepareCheckpointBuild"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package": "other"}, "is a checkpoint of another package: of package, not of other"),
        ({"system": "there"}, "is a checkpoint of another system: of here, not of there"),
        ({"top": Path("/elsewhere")}, "is a checkpoint of another build directory: of "),
    ],
)
def test_a_checkpoint_of_something_else(project: Project, change: dict[str, Any], message: str) -> None:
    _kept(project)
    server = Server(**{"top": project.top, "take": project.checkpoint, **change})
    done = server.start()
    shutil.rmtree(server.scratch)
    assert done.returncode
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("change", [{"format": 3}, {"splitphase": "0.0.1"}])
def test_a_checkpoint_of_another_version(project: Project, change: dict[str, Any]) -> None:
    _kept(project)
    _index(lambda raw: raw.update(change))(project.checkpoint)
    error, hint = splitphase_says(project, "--take", str(project.checkpoint)).splitlines()
    assert f"is of splitphase {change.get('splitphase', '')}" in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("damage", ["gone", "short", "other", "a folder"])
def test_a_content_that_is_not_what_it_was(project: Project, damage: str) -> None:
    """The compiler makes it anew."""
    project.write("a.c", '#include "a.h"\n#warning said\nint a(void) { return A; }\n')
    known = project.run("gcc -c a.c -MD -o a.o"), project.result(), project.result("a.d")
    with project.keep() as server:
        project.run("gcc -c a.c -MD -o a.o", server)
        server.end()
    saved = project.folder / "saved"
    shutil.copytree(project.checkpoint, saved)
    for path in (saved / "objects").iterdir():
        shutil.rmtree(project.checkpoint)
        shutil.copytree(saved, project.checkpoint)
        content = project.checkpoint / "objects" / path.name
        data = content.read_bytes()
        content.unlink()
        if damage == "a folder":
            content.mkdir()
        elif damage != "gone":
            content.write_bytes(data[: len(data) // 2] if damage == "short" else data[:-1] + b"?")
        with project.take() as server:
            done = project.run("gcc -c a.c -MD -o a.o", server)
            assert (done, project.result(), project.result("a.d")) == known, path.name
            server.end()


def test_no_socket_can_be_made(project: Project) -> None:
    with project.keep() as server:
        error, hint = splitphase_says(project, "--scratch", str(server.scratch)).splitlines()
        assert error.startswith(f"error: no socket can be made at {server.socket}: ")
        assert hint.startswith("hint: ")
        server.end()


def test_without_a_server_the_compiler_just_runs(project: Project) -> None:
    assert "BASH_ENV" not in stock()
    with project.keep() as server:
        server.end()
        assert project.run("gcc -c a.c -o a.o", server) == (0, b"")
    assert splitphase("serve", "--top", "x").returncode == 2
