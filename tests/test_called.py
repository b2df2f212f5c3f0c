"""Calls of build tools: what stands before them on PATH, and what their arguments ask for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from splitphase.checkpoint import called, record
from splitphase.checkpoint.called import Parsed, parse
from splitphase.checkpoint.dryrun import dry_run
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.record import Checkpoint, Identity, Observed, Unit
from splitphase.checkpoint.request import Request
from splitphase.rewrite import Rewriter

HOOKS = Path(__file__).resolve().parent.parent / "lib/hooks"


def parsed(tool: str, *arguments: str) -> Parsed:
    return parse(tool, "/", arguments)


def test_options_variables_and_targets_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    found = parse(
        "make", str(tmp_path), ["-j4", "-C", "sub", "tool", "CFLAGS=-O1 -g", "-kf", "a.mk", "-sw", "--", "-x"]
    )
    assert found.directory == f"{tmp_path}/sub"
    assert found.options == ("CFLAGS=-O1 -g", "-k", "-f", "a.mk")
    assert found.targets == ("tool", "-x")
    assert found.parallel
    assert not found.reason


@pytest.mark.parametrize(
    "arguments", [["-j", "4"], ["-j"], ["--jobs=3"], ["-l2.5", "-j2"], ["-Oline"], ["--no-print-directory"]]
)
def test_how_many_at_once_and_what_is_printed_do_not_matter(arguments: list[str]) -> None:
    found = parsed("make", *arguments, "all")
    assert (found.arguments, found.reason) == (("all",), "")


@pytest.mark.parametrize(
    "arguments",
    [["-t"], ["-W", "x"], ["--what-if=x"], ["-p"], ["--unknown"], ["-f", "-"], ["-f/dev/fd/63"], ["-C", "gone"]],
)
def test_what_is_not_known_of_make_is_a_reason(arguments: list[str]) -> None:
    assert parsed("make", *arguments).reason


def test_ninja(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    found = parse("ninja", str(tmp_path), ["-Cbuild", "-j", "4", "-v", "tool", "-k0", "-d", "stats", "-l", "1", "X=1"])
    assert found == Parsed(f"{tmp_path}/build", (), ("tool", "X=1"), parallel=True, reason="")
    for arguments in (["-f", "other.ninja"], ["-d", "keepdepfile"], ["-w", "dupbuild=err"], ["--what"]):
        assert parsed("ninja", *arguments).reason, arguments


def test_cmakes_makefiles_may_not_get_variables() -> None:
    assert not parsed("make", "VERBOSE=1", "-k", "tool").for_graph
    assert "CFLAGS=-O1" in parsed("make", "CFLAGS=-O1").for_graph
    assert "-B" in parsed("make", "-B").for_graph


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """The folder that stands on PATH, with a helper that only notes its arguments."""
    helper = tmp_path / "helper"
    helper.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/helped\necho said\ntest ! -e {tmp_path}/fail\n')
    helper.chmod(0o755)
    begin(tmp_path, "/checkpoint", "")
    return tmp_path


def begin(top: Path, checkpoint: str, reuse: str) -> None:
    script = f"""
    set -eu
    splitphaseOutputs=(out) out=/nix/store/x
    splitphaseOutputArguments() {{ splitphaseArguments=(--output out=$out); }}
    splitphaseNoPostBuild() {{ :; }}
    splitphaseFail() {{ echo "error: $1" >&2; exit 1; }}
    splitphaseHelper={top}/helper splitphasePath=/zstd splitphasePackage=p splitphaseSystem=s
    splitphaseShim={HOOKS}/called.sh
    splitphaseCheckpoint={checkpoint} splitphaseReuse={reuse}
    source {HOOKS}/checkpoint-called.sh
    splitphaseCalledBegin make ninja cargo gone
    """
    subprocess.run(["bash", "-c", script], check=True, env=os.environ | {"NIX_BUILD_TOP": str(top)})


def run(top: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{top}/.splitphase-called/bin:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], check=False, cwd=top, env=os.environ | {"PATH": path} | variables,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def calls(top: Path) -> list[str]:
    noted = top / ".splitphase-called/calls"
    return noted.read_text().splitlines() if noted.exists() else []


def test_only_tools_that_there_are_are_stood_before(shim: Path) -> None:
    found = {path.name for path in (shim / ".splitphase-called/bin").iterdir()}
    assert found == {name for name in ("make", "ninja", "cargo") if shutil.which(name)}


MAKEFILE = """
all: sub
\t@echo '$(MAKE)|$(MAKEFLAGS)|$(MAKELEVEL)|$(PWD)|$(X)'
\t@env | LC_ALL=C sort | grep -v -e '^SHLVL=' -e MAKEFLAGS
\t@cat
sub:
\t@$(MAKE) leaf
leaf:
\t@echo '$(MAKE) $(MAKELEVEL)'
"""


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        "make -j2 X='a b'",
        "echo in | make -s",
        "cd sub; env -u PWD -C .. X=1 make all",
        "command make",
        "nice make 2>&1",
        "echo all | xargs make",
        'X=$(make -s all); echo "$X"',
        "make() { command make -s; }; make",
        "exec make",
        "env -i PATH=$PATH make",
    ],
)  # fmt: skip
def test_make_is_as_without(shim: Path, command: str, *, reuse: bool) -> None:
    """What make sees of its name, environment, folder and input; and what it prints."""
    if reuse:
        begin(shim, "", "/checkpoint")
    (shim / "Makefile").write_text(MAKEFILE)
    (shim / "sub").mkdir()
    variables = {
        "tool": "theirs",
        "path": "theirs",
        "BASH_ENV": "/dev/null",
        "checkpoint": "theirs",
        "odd.name": "x",
        "Y": "a\nb",
    }
    first = run(shim, command, **variables)
    (shim / ".splitphase-called").rename(shim / "away")
    second = run(shim, command, **variables)
    gone = f"{shim}/.splitphase-called/bin:"
    assert (first.stdout, first.returncode, first.stderr) == (
        second.stdout.replace(gone, ""),
        second.returncode,
        second.stderr,
    )
    assert second.stdout
    noted = (shim / "away/calls").read_text().splitlines()
    assert len(noted) == 1
    call = called.read(shim / "away/call")
    assert call.tool == "make"
    assert b"splitphase" not in call.environment[b"PATH"]
    helped = [line.split()[0] for line in (shim / "helped").read_text().splitlines()]
    assert helped == (["reuse"] if reuse else ["observe", "ended"])


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (
            "make --version; make -n; make -kn; make -sq; make -h; ninja --version; ninja -t list; ninja -n; ninja -vh",
            [],
        ),
        ("make -C . --version; make -fMakefile -j2 -n", []),
        ("make -f -n; make -fn", ["make -f -n", "make -fn"]),
        ("make --; make -j2 a", ["make --", "make -j2 a"]),
        ("ninja -j2 -C . a; ninja -tclean", ["ninja -j2 -C . a"]),
        ("cargo --version; cargo metadata", []),
        ("cargo test -q", ["cargo test -q"]),
        ("MAKELEVEL=1 make x", ["make x (in a make that was called otherwise)"]),
        ("$(type -P make) --version; sh -c 'make x\"\n\"y'", ["make x y"]),
    ],
)
def test_calls_that_build(shim: Path, command: str, wanted: list[str]) -> None:
    run(shim, command)
    assert calls(shim) == wanted
    first = wanted and not wanted[0].startswith(("cargo test", "make x (in"))
    assert (shim / ".splitphase-called/call").exists() == bool(first)


def test_calls_at_once_are_both_noted_and_one_is_the_first(shim: Path) -> None:
    (shim / "Makefile").write_text("%:\n\t@echo $@\n")
    assert sorted(run(shim, "make a & make b & wait").stdout.split()) == ["a", "b"]
    assert sorted(calls(shim)) == ["make a", "make b"]
    assert len((shim / "helped").read_text().splitlines()) == 2


def test_calls_that_compile_nothing_come_before_the_first(shim: Path) -> None:
    (shim / "helper").write_text(
        f"#!/bin/sh\ncase $(cat {shim}/.splitphase-called/calls) in *config) touch $CALL/idle ;; esac\n"
    )
    text = (shim / "helper").read_text().replace("$CALL", f"{shim}/.splitphase-called/call")
    (shim / "helper").write_text(text)
    (shim / "Makefile").write_text("%:\n\t@echo $@\n")
    assert run(shim, "make config; make b; make config").stdout.split() == ["config", "b", "config"]
    assert calls(shim) == ["make b", "make config"]
    assert (shim / ".splitphase-called/idle").read_text() == "make config\n"
    assert called.read(shim / ".splitphase-called/call").arguments == ("b",)


def test_a_call_that_compiles_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/Makefile").write_text("all: a.o\na.o:\n\tgcc -c -o a.o a.c\nconfig:\n\techo config\n")
    monkeypatch.chdir(tmp_path / "top")
    for target, idle in (("config", True), ("all", False)):
        request = Request(str(tmp_path / "top"), {}, "make", "", (target,), (target,), "", call=tmp_path)
        assert request.idle(request.look(request.facts())) == idle
    assert (tmp_path / "idle").exists()


def test_a_helper_that_fails_fails_the_call(shim: Path) -> None:
    (shim / "fail").touch()
    (shim / "Makefile").write_text("all:\n\t@echo made\n")
    found = run(shim, "make")
    assert (found.returncode, found.stdout, found.stderr) == (1, "", "said\n")
    assert (shim / ".splitphase-called/failed").read_text() == "make"


def test_the_status_of_the_tool_is_kept(shim: Path) -> None:
    (shim / "Makefile").write_text("all:\n\t@exit 3\n")
    assert run(shim, "make").returncode == 2
    begin(shim, "", "")
    assert run(shim, "make").returncode == 2


def test_a_call_is_entered(shim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shim / "in side").mkdir()
    run(shim, "cd 'in side'; X=$'a\\nb' make -C .. ''", Y="1")
    monkeypatch.setenv("SPLITPHASE_PATH", "/zstd")
    entered: list[str] = []
    monkeypatch.setattr(os, "chdir", entered.append)
    before = dict(os.environ)
    call = called.read(shim / ".splitphase-called/call")
    try:
        call.enter()
        assert (os.environ["X"], os.environ["Y"], os.environ["PATH"]) == ("a\nb", "1", f"{before['PATH']}:/zstd")
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert call.arguments == ("-C", "..", "")
    assert entered == [f"{shim}/in side"]


def test_what_is_written_behind_the_call_is_noticed(tmp_path: Path) -> None:
    top, folder = tmp_path / "top", tmp_path / "call"
    (top / "real").mkdir(parents=True)
    folder.mkdir()
    (top / "link").symlink_to("real")
    for name in ("a.o", "b.o", "b.lo", "c.o", "d.o", "real/c.h", "c.c"):
        (top / name).write_text(name)
    units = [
        Unit("a.o", (), "", ("c.c", "/usr/include/stdio.h")),
        Unit("b.lo", ("b.o",), "", ()),
        Unit("c.o", (), "", ("link/c.h",)),
        Unit("d.o", (), "", ("new.h",)),
    ]
    assert set(called.spoiled(str(top), folder, units)) == {"a.o", "b.lo", "c.o", "d.o"}
    called.note_end(str(top), folder)
    assert set(called.spoiled(str(top), folder, units)) == {"d.o"}
    status = (top / "real/c.h").stat()
    (top / "real/c.h").write_text("C.h")
    os.utime(top / "real/c.h", ns=(status.st_atime_ns, status.st_mtime_ns))
    (top / "b.o").write_text("other")
    found = called.spoiled(str(top), folder, units)
    assert set(found) == {"b.lo", "c.o", "d.o"}
    assert "what it read" in found["c.o"]


def test_programs_that_run_beside_are_seen() -> None:
    assert called.beside(os.getppid()) == ""
    code = "import sys; from splitphase.checkpoint.called import beside; import os; print(beside(int(sys.argv[1])))"
    script = '"$0" -c "$1" $$ | tee /dev/null; sleep 20 & "$0" -c "$1" $$; kill $!'
    found = subprocess.run(
        ["bash", "-c", script, sys.executable, code], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(HOOKS.parent.parent / "python")},
    )  # fmt: skip
    assert found.stdout.splitlines() == ["", "another program runs beside the build tool: sleep"]


def test_the_hook_knows_an_empty_checkpoint_by_its_text(tmp_path: Path) -> None:
    """hooks/checkpoint.sh looks for `"tool":""`."""
    observed = Observed("/build", {}, "1", "", {})
    for tool in ("", "ninja"):
        record.write(tmp_path, Checkpoint(Identity("p", "s", "/build"), observed, tool, "why", (), {}, {}))
        assert ('"tool":""' in (tmp_path / record.FILE).read_text()) == (not tool)
    assert """'"tool":""'""" in (HOOKS / "checkpoint.sh").read_text()


def test_a_dry_run_leaves_folders_the_same_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell that calls make is in one of them; it was removed and copied back."""
    work = tmp_path / "work"
    (work / "gone").mkdir(parents=True)
    for name in ("kept", "gone/file", "file"):
        (work / name).write_text(name)
    (work / "Makefile").write_text(
        "all:\n\t: $(MAKE); echo >> kept; rm -r gone file; mkdir file new; echo > file/x; echo > new/y; touch gone\n"
    )
    monkeypatch.chdir(work)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in sorted(work.rglob("*"))}
    inode = work.stat().st_ino
    spelling = Facts(str(tmp_path), Rewriter({}), "work").spelling
    dry_run(str(tmp_path), "own", [], spelling)
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in sorted(work.rglob("*"))} == before
    assert work.stat().st_ino == inode
    assert (work / "kept").read_text() == "kept"
    assert Path.cwd() == work
