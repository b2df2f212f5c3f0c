"""A recorded package is replayed: all is taken, and after a change all but what the change reaches."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from recorded_build import Build, Replayed
from small_package import FILES, LINKS, MAKEFILE, SOURCES


def taken(
    build: Build, replayed: Replayed, *, compiled: set[str] = frozenset(), linked: set[str] = frozenset()
) -> None:
    """All of the small package is taken but these, and the result is the stock build's."""
    assert replayed.status == 0, replayed.said
    assert replayed.log == ""
    assert replayed.contents == build.stock()
    assert set(replayed.named("ran")) == set(compiled)
    assert set(replayed.named("linked")) == set(linked)
    assert set(replayed.named("taken")) == set(SOURCES) - set(compiled)
    assert set(replayed.named("link taken")) == set(LINKS) - set(linked)


@pytest.fixture
def built(small: Build) -> Build:
    small.record()
    assert small.record_log == ""
    small.build()
    return small


def test_all_is_taken(built: Build) -> None:
    assert {(left["output"], left["kind"]) for left in built.manifest["left"]} == {("source/prog", "link")}
    taken(built, built.replay(), linked={"prog"})


def test_all_is_taken_by_one_worker_as_well(small: Build) -> None:
    small.jobs = 1
    taken(small, small.whole(), linked={"prog"})


def test_links_of_links_are_taken_where_there_is_no_partial_one(small: Build) -> None:
    text = MAKEFILE.replace("gh.o: g.o h.o\n\tld -r -o $@ $^\n", "").replace("gh.o", "g.o h.o")
    small.write({"Makefile": text})
    replayed = small.whole()
    taken(small, replayed)
    assert small.manifest["left"] == []


def test_verified(small: Build) -> None:
    """What is taken is made as well, and is the same."""
    small.record()
    small.build()
    taken(small, small.replay(["--verify"]), linked={"prog"})


def test_verifying_finds_another_object_and_another_program(built: Build) -> None:
    for name, path in (("a.o", "source/a.o"), ("gen", "source/gen")):
        number = next(index for index, action in enumerate(built.manifest["actions"]) if action["name"] == name)
        with (built.outputs[number] / path).open("ab") as stream:
            stream.write(b"more")
        replayed = built.replay(["--verify"])
        assert replayed.status
        assert "not what is kept" in replayed.said
        built.build_action(number)


def test_a_changed_source(built: Build) -> None:
    built.write({"one.c": "int one(void) { return 12; }\n"})
    taken(built, built.replay(), compiled={"one.c"}, linked={"libone.so.1", "libtwo.so", "prog"})


def test_a_changed_source_of_the_generator_that_makes_the_same(built: Build) -> None:
    built.write({"words.c": "int word = 3 + 4; int more;\n"})
    taken(built, built.replay(), compiled={"words.c"}, linked={"gen", "prog"})


def test_a_changed_source_of_the_generator(built: Build) -> None:
    built.write({"words.c": "int word = 8;\n"})
    taken(built, built.replay(), compiled={"words.c", "main.c"}, linked={"gen", "prog"})


def test_why_a_source_is_compiled(built: Build) -> None:
    built.write({"one.c": "int one(void) { return 12; }\n", "a.h": "/* more */\n" + FILES["a.h"]})
    built.write({"Makefile": MAKEFILE + "words.o: CFLAGS += -DMORE\nwords.o: CFLAGS := $(filter-out -O1,$(CFLAGS))\n"})
    replayed = built.replay()
    assert replayed.reason("one.c") == "source/one.c differs"
    assert replayed.reason("a.c") == "source/a.h differs"
    assert "-DMORE is added to its command" in replayed.reason("words.c")
    built.write({"one.c": '#include "more.h"\n', "more.h": "int one(void) { return 12; }\n"})
    reason = built.replay(environment={"CPATH": "/somewhere"}).reason("one.c")
    assert reason == "source/one.c differs; source/more.h is read as well; CPATH is set otherwise"


def test_a_header_that_shadows(built: Build) -> None:
    """What includes stdio.h takes it from here now; the generator's object is the same."""
    built.write({"stdio.h": "int printf(const char *, ...);\n#define A_WAY 1\n"})
    taken(built, built.replay(), compiled={"main.c", "gen.c"}, linked={"prog"})


def test_a_comment_in_a_header(built: Build) -> None:
    built.write({"a.h": "/* more */\n" + FILES["a.h"]})
    taken(built, built.replay(), compiled={"a.c", "b.c", "main.c"}, linked={"prog"})


def test_an_object_that_is_changed_between_compile_and_link(small: Build) -> None:
    changed = MAKEFILE.replace("\t$(CC) -o $@ gen.o", "\tobjcopy --add-symbol added=.text:0 gen.o\n\t$(CC) -o $@ gen.o")
    small.write({"Makefile": changed})
    replayed = small.whole()
    taken(small, replayed, linked={"gen", "prog"})
    assert "gen.o differs" in replayed.reason("gen")


def test_an_object_that_is_changed_only_in_the_final_build(built: Build) -> None:
    changed = MAKEFILE.replace("\t$(CC) -o $@ gen.o", "\tobjcopy --add-symbol added=.text:0 gen.o\n\t$(CC) -o $@ gen.o")
    built.write({"Makefile": changed})
    taken(built, built.replay(), linked={"gen", "prog"})


def test_objects_that_are_removed_and_made_again(small: Build) -> None:
    small.write({"Makefile": MAKEFILE.replace("./gen > $@.new", "rm gen.o; $(MAKE) gen.o; ./gen > $@.new")})
    replayed = small.whole()
    assert replayed.named("taken").count("gen.c") == 2
    taken(small, replayed, linked={"prog"})


def test_generated_headers_that_are_empty_when_it_is_recorded(small: Build) -> None:
    """A wrong prediction costs time."""
    small.write({"Makefile": MAKEFILE.replace("./gen >", "cat empty > $@.new; test -e empty || ./gen >"), "empty": ""})
    small.record()
    small.build()
    (small.kept / "empty").unlink()
    replayed = small.replay()
    assert "main.c" in replayed.named("ran")
    assert replayed.contents == small.stock()
    assert len(replayed.named("taken")) == len(SOURCES) - 1


def test_record_is_killed_half_way(small: Build) -> None:
    def kill(process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 60
        while not any(small.recorded_in.glob("calls-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGKILL)

    small.record(while_it_runs=kill)
    small.build()
    replayed = small.replay()
    assert replayed.contents == small.stock()
    assert replayed.status == 0
    assert replayed.named("taken")


def test_a_failing_compile_of_the_record_is_left(small: Build) -> None:
    """What fails in its derivation is reported by the compiler of the final build, as stock would."""
    small.write({"b.c": FILES["b.c"] + "int broken(void) { return }\n"})
    small.record()
    small.build()
    replayed = small.replay()
    assert replayed.status == 2
    assert "b.c:3:27: error: expected expression before" in replayed.said
    assert "fails in its derivation" in next(
        (output / ".splitphase-left").read_text() for output in small.outputs if output.name.endswith("-b.o")
    )


def test_a_library_that_a_text_script_names(small: Build) -> None:
    """As libtool-less projects and glibc have it."""
    text = MAKEFILE.replace(
        "libone.so: libone.so.1\n\tln -sf $< $@", "libone.so: libone.so.1\n\techo 'INPUT(libone.so.1)' > $@"
    )
    small.write({"Makefile": text})
    replayed = small.whole()
    taken(small, replayed, linked={"prog"})
    small.write({"Makefile": text.replace("INPUT(libone.so.1)", "GROUP(libone.so.1)")})
    assert "libone.so differs" in small.replay().reason("libtwo.so")


@pytest.mark.parametrize("option", ["-Wl,--version-script,x.map", "-Wl,--version-script=x.map", "-Wl,-T,x.map"])
def test_a_script_that_a_link_is_given(build: Build, option: str) -> None:
    script = (
        "{ global: x; local: *; };\n"
        if "version" in option
        else "SECTIONS { .text : { *(.text*) } } INSERT AFTER .init;\n"
    )
    makefile = f"libx.so: x.o x.map\n\tgcc -shared -o $@ x.o {option}\nx.o: x.c\n\tgcc -fPIC -c x.c\n"
    build.write(
        {"Makefile": makefile, "x.c": "int x(void) { return 1; }\nint y(void) { return 2; }\n", "x.map": script}
    )
    replayed = build.whole()
    assert replayed.named("link taken") == ["libx.so"], replayed.reason("libx.so")
    assert replayed.contents == build.stock()
    build.write({"x.map": script.replace("x;", "y;").replace(".init", ".fini")})
    replayed = build.replay()
    assert replayed.contents == build.stock()
    assert "x.map differs" in replayed.reason("libx.so")


def test_the_order_of_a_link_counts(build: Build) -> None:
    text = "p: a.o b.o m.o\n\tgcc -o $@ m.o {}\n%.o: %.c\n\tgcc -c $<\n"
    build.write(
        {
            "Makefile": text.format("a.o b.o"),
            "a.c": "int a;\n",
            "b.c": "int b;\n",
            "m.c": "int main(void) { return 0; }\n",
        }
    )
    assert build.whole().named("link taken") == ["p"]
    build.write({"Makefile": text.format("b.o a.o")})
    replayed = build.replay()
    assert replayed.named("linked") == ["p"]
    assert replayed.contents == build.stock()


def test_a_response_file_of_the_linker(build: Build) -> None:
    """What it names is not read by us: such a link is left."""
    build.write({
        "Makefile": "p: m.o a.o\n\tgcc -o $@ m.o -Wl,@words\n%.o: %.c\n\tgcc -c $<\n", "words": "a.o\n",
        "m.c": "int a(void);\nint main(void) { return a(); }\n", "a.c": "int a(void) { return 1; }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("link taken") == []
    assert replayed.contents == build.stock()


def test_a_response_file_of_the_driver(build: Build) -> None:
    build.write({
        "Makefile": "p: m.o a.o\n\tgcc -o $@ @words\n%.o: %.c\n\tgcc -c $<\n", "words": "m.o a.o\n",
        "m.c": "int a(void);\nint main(void) { return a(); }\n", "a.c": "int a(void) { return 1; }\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"]
    assert replayed.contents == build.stock()


def test_one_name_in_two_folders(build: Build) -> None:
    """Recursive make: the commands are the same, the folders are not."""
    sub = "x.o: x.c\n\tgcc -g -c x.c\n"
    build.write({"Makefile": "all:\n\t$(MAKE) -C one\n\t$(MAKE) -C two\n", "one/Makefile": sub, "two/Makefile": sub,
                 "one/x.c": "int x;\n", "two/x.c": "int x;\n"})  # fmt: skip
    replayed = build.whole()
    assert replayed.named("taken") == ["one/x.c", "two/x.c"]
    assert replayed.contents == build.stock()


def test_an_output_in_a_linked_folder(build: Build) -> None:
    build.write(
        {"Makefile": "all:\n\tmkdir -p real\n\tln -sfn real link\n\tgcc -MMD -c x.c -o link/x.o\n", "x.c": "int x;\n"}
    )
    replayed = build.whole()
    assert replayed.named("taken") == ["x.c"]
    assert replayed.contents == build.stock()


@pytest.mark.parametrize("mask", ["022", "027", "077", "002"])
def test_modes_are_the_umasks(build: Build, mask: str) -> None:
    build.write(
        {
            "Makefile": f"x: x.c\n\tumask {mask}; gcc -MMD -c x.c && gcc -o x x.o\n",
            "x.c": "int main(void) { return 0; }\n",
        }
    )
    replayed = build.whole()
    assert (replayed.named("taken"), replayed.named("link taken")) == (["x.c"], ["x"])
    assert replayed.contents == build.stock()


def test_a_hard_link_to_an_object_keeps_its_content(build: Build) -> None:
    build.write({
        "Makefile": "all:\n\tgcc -c x.c -DX=1\n\tln x.o kept.o\n\tgcc -c x.c -DX=2\n", "x.c": "int x = X;\n",
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("taken") == ["x.c", "x.c"]
    assert replayed.contents == build.stock()


def test_the_dependency_file_is_not_newer_than_the_object(small: Build) -> None:
    """Make would compile again."""
    small.whole()
    again = subprocess.run(["make"], cwd=small.top / "source", capture_output=True, text=True, check=True)
    assert "gcc" not in again.stdout
    for path in Path(small.top).rglob("*.d"):
        if (made := path.with_suffix(".o")).exists():
            assert path.stat().st_mtime_ns <= made.stat().st_mtime_ns


@pytest.mark.parametrize("chaos", ["delay=50", "delay=20,refuse=30", "die=4,refuse=10"])
def test_slow_refused_and_lost_hits(small: Build, chaos: str) -> None:
    small.environment = {"MAKEFLAGS": "-j2"}
    small.record()
    small.build()
    replayed = small.replay([f"--chaos={chaos}"])
    assert replayed.status == 0
    assert replayed.contents == small.stock()


MAIN = "int x(void), y(void);\nint main(void) { return x() + y(); }\n"
PARTS = {"m.c": MAIN, "one/x.c": "int x(void) { return 1; }\n", "two/x.c": "int y(void) { return 2; }\n"}


def test_members_of_one_name(build: Build) -> None:
    rule = (
        "p: m.o one/x.o two/x.o\n\tar qc libx.a one/x.o two/x.o\n\tgcc -o $@ m.o libx.a\n%.o: %.c\n\tgcc -c $< -o $@\n"
    )
    build.write({**PARTS, "Makefile": rule})
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"], replayed.reason("p")
    assert replayed.contents == build.stock()
    build.write({"two/x.c": "int y(void) { return 3; }\n"})
    replayed = build.replay()
    assert replayed.named("linked") == ["p"]
    assert replayed.contents == build.stock()


LONG = "a rather long name of a member, with blanks and a $.o"


@pytest.mark.parametrize("letters", ["rcs", "rcsT"])
def test_members_of_odd_names(build: Build, letters: str) -> None:
    script = (
        f"set -e\ngcc -c m.c\ngcc -c one/x.c -o '{LONG}'\ngcc -c two/x.c -o é.o\nar {letters} libx.a '{LONG}' é.o\n"
    )
    build.write({**PARTS, "build.sh": script + "gcc -o p m.o libx.a\n"})
    build.command = ("sh", "build.sh")
    replayed = build.whole()
    assert replayed.named("link taken") == ["p"], replayed.reason("p")
    assert replayed.contents == build.stock()


KINDS = ("", "-shared", "-static-pie", "-Wl,--gc-sections -s", "-Wl,--dependency-file=p.dep")
LINKERS = [("gcc", kind) for kind in KINDS]
LINKERS += [("gcc -fuse-ld=gold", ""), ("gcc -fuse-ld=lld", ""), ("clang", "-shared"), ("clang -fuse-ld=lld", "-s")]


def _is_here(linker: str) -> bool:
    program, _, name = linker.partition(" -fuse-ld=")
    return bool(shutil.which(program) and (not name or shutil.which(f"ld.{name}")))


@pytest.mark.parametrize(("linker", "kind"), [pair for pair in LINKERS if _is_here(pair[0])])
def test_linkers(build: Build, linker: str, kind: str) -> None:
    flags = "-g -fPIC -ffunction-sections"
    compiler = linker.partition(" ")[0]
    rule = f"p: m.o one/x.o two/x.o\n\tar qc libx.a one/x.o two/x.o\n\t{linker} {kind} -o $@ m.o libx.a -Lone\n"
    build.write({**PARTS, "Makefile": rule + f"%.o: %.c\n\t{compiler} {flags} -c $< -o $@\n"})
    build.record()
    build.build()
    replayed = build.replay()
    known = build.stock() if not replayed.status else {}
    if known:
        assert replayed.contents == known
        assert replayed.named("link taken") == ["p"], replayed.reason("p")


def test_a_working_directory_that_is_a_link(build: Build) -> None:
    """Debug information holds it as it is spelled."""
    build.write({
        "Makefile": "all:\n\tmkdir -p real/sub\n\tln -sfn real link\n\tcp one/x.c real/sub/x.c\n"
        "\tcd link/sub && gcc -g -MMD -c x.c\n"
        "\tcd link/sub && gcc -shared -o libx.so x.o ../../link/sub/x.o -z muldefs\n",
        **PARTS,
    })  # fmt: skip
    replayed = build.whole()
    assert replayed.named("taken") == ["link/sub/x.c"]
    assert replayed.contents == build.stock()
