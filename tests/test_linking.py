"""What a link reads, by its words: against the linker's own list of the files that it opened."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splitphase.graph import Edge
from splitphase.linking import LinkReader
from splitphase.paths import Tree
from splitphase.steps import Kind, classify


class Linker:
    """A folder with objects and libraries, and links in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "lib dir").mkdir()
        for name in ("main", "a", "b", "c"):
            body = "int main(void) { return 0; }" if name == "main" else f"int {name};"
            (root / f"{name}.c").write_text(body)
            self.run(f"gcc -fPIC -c -o {name}.o {name}.c")
        self.run("ar rc 'lib dir/liba.a' a.o")
        self.run("gcc -shared -Wl,-soname,libb.so.1 -o 'lib dir/libb.so.1' b.o")
        (root / "lib dir/libb.so").symlink_to("libb.so.1")
        (root / "x.map").write_text("{ global: *; };\n")
        (root / "order.txt").write_text("main\n")
        (root / "words.rsp").write_text("'c.o'\n\"lib dir/liba.a\"\n")

    def run(self, command: str) -> None:
        subprocess.run(["bash", "-c", command], cwd=self.root, check=True)

    def asked(self, command: str, *, rsp: str = "") -> set[str]:
        """What the reader says, relative."""
        edge = Edge("C_LINKER__x", ("out",), (), command=command, rspfile="r.rsp" if rsp else "", rspfile_content=rsp)
        step = classify(edge, str(self.root))
        assert step.kind is Kind.LINK
        found = LinkReader(Tree(str(self.root)), str(self.root), set()).files(step)
        return {str(Path(path).relative_to(self.root)) for path in found}

    def opened(self, command: str) -> set[str]:
        """What the linker really opened below the folder, `ld --trace` and `strace`-free: its dependency file."""
        self.run(f"{command} -Wl,--dependency-file=deps")
        words = (self.root / "deps").read_text().split(":\n")[0].split(":", 1)[1]
        paths = words.replace("\\\n", " ").replace("\\ ", "\0").split()
        places = [(self.root / path.replace("\0", " ")) for path in paths]
        return {str(path.relative_to(self.root)) for path in places if path.is_relative_to(self.root) and path.exists()}


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    return Linker(tmp_path_factory.mktemp("link"))


@pytest.mark.parametrize(
    "words",
    [
        "main.o a.o ./b.o",
        "main.o 'lib dir/liba.a'",
        "main.o -L'lib dir' -la -lb",
        "main.o -L'lib dir' -l:libb.so.1",
        "main.o -Wl,--whole-archive,'lib dir/liba.a',--no-whole-archive",
        "main.o -Wl,--version-script=x.map -shared",
        "main.o -Wl,--version-script,x.map -shared",
        "main.o -Wl,--just-symbols=a.o",
        "main.o @words.rsp",
        "main.o -Wl,-rpath,/nowhere -Wl,--start-group a.o b.o -Wl,--end-group",
    ],
)
def test_everything_that_the_linker_opens(linker: Linker, words: str) -> None:
    command = f"/usr/bin/gcc -o out {words}"
    opened = linker.opened(command)
    asked = linker.asked(command)
    resolved = {str((linker.root / path).resolve().relative_to(linker.root)) for path in opened}
    assert "main.o" in opened
    assert resolved <= {str((linker.root / path).resolve().relative_to(linker.root)) for path in asked}
    assert opened - {"lib dir/libb.so"} <= asked


def test_links_come_with_their_targets(linker: Linker) -> None:
    assert linker.asked("/usr/bin/gcc -o out main.o -L'lib dir' -lb") == {
        "main.o",
        "lib dir/libb.so",
        "lib dir/libb.so.1",
    }


def test_response_files_of_ninja(linker: Linker) -> None:
    found = linker.asked("/usr/bin/gcc -o out @r.rsp", rsp="main.o \"lib dir/liba.a\"\n-L'lib dir' -lb")
    assert found == {"main.o", "lib dir/liba.a", "lib dir/libb.so", "lib dir/libb.so.1"}


def test_archives(linker: Linker) -> None:
    assert linker.asked("/usr/bin/ar qc out a.o b.o && /usr/bin/ranlib out") == {"a.o", "b.o"}


def test_absent_files_and_outputs_are_not_read(linker: Linker) -> None:
    (linker.root / "out").write_text("")
    assert linker.asked("/usr/bin/gcc -o out main.o absent.o -labsent -Wl,-O1,--as-needed") == {"main.o"}


def test_files_that_the_build_makes(linker: Linker) -> None:
    edge = Edge("C_LINKER__x", ("out",), (), command="/usr/bin/gcc -o out main.o later.o -Llibs -lmade")
    made = {str(linker.root / "later.o"), str(linker.root / "libs/libmade.so")}
    found = LinkReader(Tree(str(linker.root)), str(linker.root), made).files(classify(edge, str(linker.root)))
    assert found == {str(linker.root / "main.o"), *made}
