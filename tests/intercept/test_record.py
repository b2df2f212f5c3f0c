"""Record: a build leaves stubs, and programs that it runs itself are made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from shimmed import OUTPUT, Server, tools
from small_project import Project
from splitphase.intercept.journal import Journal, Recorded
from splitphase.intercept.journal import recorded as recorded_calls
from splitphase.intercept.realize import IDLE
from splitphase.intercept.reasons import Reason
from splitphase.intercept.stub import calls_in


class Recording(Server):
    """The server of a recorded build."""

    @property
    def written(self) -> Path:
        return self.top.parent / "written"

    def command(self) -> list[str]:
        words = ["record", "--top", str(self.top), "--output", f"out={OUTPUT}", "--scratch", str(self.scratch)]
        words += ["--jobs", "2", "--shim", str(tools() / "shim")]
        for option in ("manifest", "known", "packs"):
            words += [f"--{option}", str(self.written / option)]
        return words

    def manifest(self) -> dict[str, list[dict[str, object]]]:
        """What was written in the end."""
        found: dict[str, list[dict[str, object]]] = json.loads((self.written / "manifest/manifest.json").read_text())
        return found


@contextmanager
def recorded(project: Project) -> Iterator[Recording]:
    """A build under record."""
    server = Recording(project.top)
    try:
        assert server.prepare(server.command()).returncode == 0
        yield server
    finally:
        server.kill()


@pytest.fixture
def generator(project: Project) -> Project:
    project.write("say.c", '#include <stdio.h>\nint main(void) { puts("#define SAID 7"); }\n')
    project.write("use.c", '#include "said.h"\nint used(void) { return SAID; }\n')
    return project


def test_program_that_is_run_is_made(generator: Project) -> None:
    with recorded(generator) as server:
        for command in ("gcc -c say.c -o say.o", "gcc say.o -o say", "sh -c ./say>said.h", "gcc -c use.c -o use.o"):
            assert generator.run(["sh", "-c", command], server) == (0, b"")
        server.end()
        assert server.log() == ""
        assert (generator.source / "said.h").read_text() == "#define SAID 7\n"
        assert sorted(action["source"] for action in server.manifest()["actions"]) == [
            "source/say",
            "source/say.c",
            "source/use.c",
        ]


def test_program_that_was_moved_is_made(generator: Project) -> None:
    """Its first place holds another program by then: that one was replaced."""
    steps = """
    gcc -c say.c -o say.o && gcc say.o -o new && mv new say
    echo 'int main(void) { return 3; }' > other.c && gcc -c other.c -o other.o && gcc other.o -o new
    ./say && ./say && ./new
    """
    with recorded(generator) as server:
        assert generator.run(["sh", "-c", steps], server) == (3, b"#define SAID 7\n" * 2)
        server.end()
        assert server.log() == ""
        assert [action["name"] for action in server.manifest()["actions"]] == ["other.o", "say.o", "new", "new-2"]


@pytest.mark.parametrize(
    ("words", "actions", "left"),
    [
        ("", ["print.c.o", "a.o", "name.o", "print"], []),
        (
            "-save-temps",
            ["a.o", "name.o"],
            [{"output": "source/print", "kind": "link", "reason": Reason.TEMPORARIES}],
        ),
    ],
)
def test_compile_and_link_in_one_call_of_stubs(
    generator: Project, words: str, actions: list[str], left: list[dict[str, str]]
) -> None:
    """It was run for real, could not link stubs and ended the build: bash's bashversion."""
    generator.write("name.c", 'const char *name = "bash";\n')
    generator.write("print.c", "#include <stdio.h>\nextern const char *name;\nint main(void) { puts(name); }\n")
    with recorded(generator) as server:
        link = f"gcc -O2 {words} print.c name.o -o print"
        steps = f"gcc -c name.c -o name.o && {link} && gcc -c a.c && ./print && ./print"
        assert generator.run(["sh", "-c", steps], server) == (0, b"bash\nbash\n")
        server.end()
        assert server.log() == ""
        assert [action["name"] for action in server.manifest()["actions"]] == actions
        assert server.manifest()["left"] == left


def test_several_sources_in_one_call_are_not_compiled(generator: Project) -> None:
    """Sqlite's shell is linked from two sources: record compiled for longer than it waits for a call, and was ended."""
    generator.write("say.c", '#include <stdio.h>\nint a(void);\nint main(void) { printf("%d", a()); }\n')
    with recorded(generator) as server:
        assert generator.run("gcc say.c a.c -o say", server) == (0, b"")
        assert calls_in(generator.source / "say")
        assert generator.run(["./say"], server) == (0, b"1")
        server.end()
        assert server.log() == ""


def test_many_programs_behind_the_last_compile(generator: Project) -> None:
    """Each of coreutils' programs is run for its manual page: all of the package was compiled in prepare."""
    names = [f"say{number}" for number in range(IDLE + 2)]
    links = " && ".join(f"gcc say.o -o {name}" for name in names)
    runs = "; ".join(f"./{name} > {name}.1 2> {name}.2" for name in names)
    with recorded(generator) as server:
        assert generator.run(["sh", "-c", f"gcc -c say.c && {links} && {{ {runs}; true; }}"], server) == (0, b"")
        server.end()
        assert server.log() == ""
    pages = [(generator.source / f"{name}.1").read_text() for name in names]
    assert pages == ["#define SAID 7\n"] * IDLE + ["", ""]
    assert "since the last compile" in (generator.source / f"{names[-1]}.2").read_text()


def test_a_call_that_is_being_written_is_none(tmp_path: Path) -> None:
    """A worker wrote while a program was made: that failed, and what needed it was compiled in the end."""
    journal = Journal(tmp_path)
    call = Recorded("key", "compile", "gcc", ("-c",), "/", {}, {}, "a.c", "a.c", ("a.o",))
    journal.call(call)
    (written,) = tmp_path.glob("calls-*")
    whole = written.read_bytes()
    journal.call(replace(call, key="other"))
    written.write_bytes(written.read_bytes()[:-5])
    assert recorded_calls(tmp_path) == [call]
    assert written.read_bytes().startswith(whole)
