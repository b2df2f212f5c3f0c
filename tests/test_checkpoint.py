"""Checkpoints: what they say of a build, and which of their objects a changed build may use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from splitphase.archive import pack
from splitphase.checkpoint import record
from splitphase.checkpoint.decide import changed_names, decide
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.observe import changed_folders, differing, names_below, observe, odd_flags, unusable
from splitphase.checkpoint.place import Objects
from splitphase.checkpoint.record import Checkpoint, Identity, Observed, Unit
from splitphase.depfile import read_rule
from splitphase.errors import ManifestError, SplitphaseError
from splitphase.rewrite import Rewriter

HASH = "0123456789abcdfghijklmnpqrsvwxyz"
TOKEN = "e" * 32
ESCAPE = Rewriter({HASH: TOKEN})
OBSERVED = Observed("/build", {}, "1", "", {})


def checkpoint(units: tuple[Unit, ...], read: dict[str, str], **changes: object) -> Checkpoint:
    made = Checkpoint(Identity("p", "s", "/build"), OBSERVED, "ninja", "", units, read, {})
    return replace(made, **changes)  # type: ignore[arg-type]


def kept(top: Path, unit: Unit, appeared: frozenset[str] = frozenset(), epoch: str = "1") -> bool:
    facts = Facts(str(top), ESCAPE)
    read = {path: facts.digest(f"{top}/{path}") for path in unit.reads}
    found = decide(checkpoint((unit,), read), Facts(str(top), ESCAPE), {unit.output: unit.command}, appeared, epoch)
    return found.kept == (unit,)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    (tmp_path / "a.c").write_text('#include "sub/a.h"\n')
    return Unit("a.o", (), "command", ("a.c",))


def test_a_unit_is_kept_where_nothing_differs(tmp_path: Path, unit: Unit) -> None:
    assert kept(tmp_path, unit)


def test_a_changed_file_or_command_or_a_missing_file_is_compiled_again(tmp_path: Path, unit: Unit) -> None:
    facts = Facts(str(tmp_path), ESCAPE)
    saved = checkpoint((unit,), {"a.c": facts.digest(f"{tmp_path}/a.c")})
    assert not decide(saved, facts, {"a.o": "other"}, frozenset(), "1").kept
    assert not decide(saved, facts, {}, frozenset(), "1").kept
    (tmp_path / "a.c").write_text("int a;\n")
    again = decide(saved, Facts(str(tmp_path), ESCAPE), {"a.o": "command"}, frozenset(), "1")
    assert again.anew == {"what it reads differs": 1}
    (tmp_path / "a.c").unlink()
    assert not decide(saved, Facts(str(tmp_path), ESCAPE), {"a.o": "command"}, frozenset(), "1").kept


@pytest.mark.parametrize("name", ["a.h", "a.c"])
def test_a_new_name_that_is_included_or_read_is_compiled_again(tmp_path: Path, unit: Unit, name: str) -> None:
    assert not kept(tmp_path, unit, frozenset({name}))
    assert kept(tmp_path, unit, frozenset({"other.h"}))


@pytest.mark.parametrize(
    "text",
    [
        '#include "new.h/../old.h"\n',
        "#if __has_include(<new.h>)\n#endif\n",
        '#if defined(__has_include) && __has_include ( "x/new.h" )\n#endif\n',
        "# /* c */ include \\\n <new.h>\n",
        "#include MACRO\n",
        "%:include <new.h>\n",
    ],
)  # fmt: skip
def test_names_are_seen_however_they_are_included(tmp_path: Path, unit: Unit, text: str) -> None:
    (tmp_path / "a.c").write_text(text)
    assert not kept(tmp_path, unit, frozenset({"new.h"}))


def test_dates_and_times(tmp_path: Path, unit: Unit) -> None:
    (tmp_path / "a.c").write_text("char *when = __DATE__;\n")
    assert kept(tmp_path, unit)
    assert not kept(tmp_path, unit, epoch="2")
    (tmp_path / "a.c").write_text("char *when = __TIMESTAMP__;\n")
    assert not kept(tmp_path, unit)


@pytest.mark.parametrize("word", ["__DATE__", "__TIME__"])
def test_a_date_in_a_header_of_the_store_is_one(tmp_path: Path, word: str) -> None:
    """The source says no date, only a macro's name: with another date its object was taken."""
    header = "/nix/store/header.h"
    saved = checkpoint((Unit("a.o", (), "command", (header,)),), {}, words={header: [word]})
    for epoch, taken in (("1", 1), ("2", 0)):
        assert len(decide(saved, Facts(str(tmp_path), ESCAPE), {"a.o": "command"}, frozenset(), epoch).kept) == taken


@pytest.mark.parametrize(
    "flag",
    ["-frecord-gcc-switches", "-frecord-command-line", "-grecord-command-line", "--config=x.cfg", "-ivfsoverlay"],
)
def test_flags_that_name_or_record_what_no_command_shows(flag: str) -> None:
    """Clang writes `-isystem` of the environment into objects with `-frecord-command-line`."""
    assert odd_flags(["clang", flag, "-c"])


def test_changed_names() -> None:
    before = {"a": "f 644 x", "b": "d 755", "gone/c.h": "f 644 x", "same": "l to", "mode": "f 644 x"}
    after = {"a": "d 755", "b": "d 755", "new/d.h.gch": "f 644 x", "same": "l to", "mode": "f 755 y"}
    assert changed_names(before, after) == {"a", "c.h", "d.h.gch", "d.h"}
    assert changed_names({"x": "L one"}, {"x": "L two"}) is None
    assert changed_names({}, {"link": "L to"}) is None
    assert changed_names(before, before) == frozenset()


def test_listing_sees_kinds_modes_and_own_hashes(tmp_path: Path) -> None:
    (tmp_path / "with\nnewline").write_text(f"/nix/store/{HASH}-p")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "broken").symlink_to(f"/nix/store/{HASH}-p")
    (tmp_path / "env-vars").write_text("not ours")
    first = Facts(str(tmp_path), ESCAPE).listing("own")
    assert first["link"] == "L empty"
    assert first["broken"] == f"l /nix/store/{TOKEN}-p"
    assert "env-vars" not in first
    other = Rewriter({"z" * 32: TOKEN})
    (tmp_path / "with\nnewline").write_text(f"/nix/store/{'z' * 32}-p")
    assert Facts(str(tmp_path), other).listing("own")["with\nnewline"] == first["with\nnewline"]


def test_the_environment_decides_less_what_earlier_phases_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    facts = Facts(str(tmp_path), ESCAPE)
    before = observe(facts, "own", {"CFLAGS": "-O1", "src": "a", "out": f"/nix/store/{HASH}-p", "PWD": "x"}, "")
    assert not differing(
        before, observe(facts, "own", {"CFLAGS": "-O1", "src": "b", "out": f"/nix/store/{HASH}-p"}, ""), []
    )
    after = observe(facts, "own", {"CFLAGS": "-O2", "out": f"/nix/store/{HASH}-p"}, "")
    assert "CFLAGS" in differing(before, after, [])
    assert not differing(before, after, ["CFLAGS"])
    assert unusable("/build", ESCAPE, {"NIX_CFLAGS_COMPILE": f"-I/nix/store/{HASH}-p"})
    assert not unusable("/build", ESCAPE, {"NIX_CFLAGS_COMPILE": f"-frandom-seed={HASH[:10]}"})
    assert unusable("/build", ESCAPE, {"NIX_CFLAGS_COMPILE": "-flto"})


def test_another_package_system_version_or_half_a_file_is_an_error(tmp_path: Path) -> None:
    saved = checkpoint((Unit("a.o", ("a.lo",), "c", ("a.c", "b.c")),), {"a.c": "1", "b.c": "2"})
    record.write(tmp_path, saved)
    assert record.read(tmp_path) == saved
    for changed in (Identity("q", "s", "/build"), Identity("p", "t", "/build"), Identity("p", "s", "/other")):
        with pytest.raises(SplitphaseError, match="a checkpoint of another"):
            record.check(tmp_path, saved.identity, changed)
    text = (tmp_path / record.FILE).read_text()
    (tmp_path / record.FILE).write_text(text.replace(f'"format":{record.FORMAT}', '"format":0'))
    with pytest.raises(ManifestError, match="format 0"):
        record.read(tmp_path)
    (tmp_path / record.FILE).write_text(text[:100])
    with pytest.raises(ManifestError, match="damaged"):
        record.read(tmp_path)


def test_objects_are_placed_newer_than_everything_and_a_truncated_archive_is_an_error(tmp_path: Path) -> None:
    source, objects, top = tmp_path / "source", tmp_path / "objects", tmp_path / "top"
    for folder in (source, objects / "a b", top):
        folder.mkdir(parents=True)
    (objects / "a b/-x\n.o").write_bytes(TOKEN.encode())
    pack(objects, ["."], source / record.OBJECTS)
    unit = Unit("a b/-x\n.o", (), "", ())
    with Objects(top, source) as there:
        times = there.place([unit], Rewriter({TOKEN: HASH}))
    assert [path.name for path in top.iterdir()] == ["a b"]
    assert (top / unit.output).read_text() == HASH
    assert times == {f"{top}/{unit.output}": (top / unit.output).stat().st_mtime_ns}
    (top / unit.output).unlink()
    archive = source / record.OBJECTS
    archive.write_bytes(archive.read_bytes()[:-9])
    with pytest.raises(ManifestError, match="cannot be"), Objects(top, source) as there:
        there.place([unit], Rewriter({TOKEN: HASH}))
    with Objects(top, source):
        pass
    assert [path.name for path in top.iterdir()] == ["a b"]


def test_programs_from_the_tree_make_all_new() -> None:
    assert "PATH has /build/bin" in unusable("/build", ESCAPE, {"PATH": "/bin:/build/bin"})
    assert "PATH has bin" in unusable("/build", ESCAPE, {"PATH": "bin"})
    assert not unusable("/build", ESCAPE, {"PATH": "/bin:/builds"})


def test_read_rule(tmp_path: Path) -> None:
    (tmp_path / "a.d").write_text("a.o a.d: a.c sub/../b\\ c.h \\\n d.h\nd.h:\n")
    assert read_rule(tmp_path / "a.d") == (("a.o", "a.d"), ("a.c", "sub/../b c.h", "d.h"))


FIRST, SECOND, THIRD = (f"/nix/store/{letter * 32}-{letter}/include" for letter in "abc")


def searching(*folders: str, flags: str = "") -> Observed:
    words = " ".join(f"-isystem {folder}" for folder in folders)
    return observe(Facts("/nowhere/at/all", ESCAPE), "own", {"NIX_CFLAGS_COMPILE": f"{words} {flags}"}, "")


def test_folders_of_headers_may_differ_but_not_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Facts, "listing", lambda *_, **__: {})
    one, two = searching(FIRST, SECOND), searching(FIRST, THIRD)
    assert "NIX_CFLAGS_COMPILE" in differing(one, two, [])
    assert differing(one, two, [], ["out"]) == ""
    assert changed_folders(one, two) == {SECOND, THIRD}
    assert "NIX_CFLAGS_COMPILE" in differing(one, searching(SECOND, FIRST), [], ["out"])
    assert "NIX_CFLAGS_COMPILE" in differing(one, searching(FIRST, flags="-O1"), [], ["out"])
    mapped = searching(FIRST, SECOND, flags=f"-fmacro-prefix-map={SECOND}=x")
    assert differing(mapped, two, [], ["out"]) == ""
    assert "NIX_CFLAGS_COMPILE" in differing(mapped, one, [], ["out"])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.h").touch()
    (tmp_path / "sub/self").symlink_to("..")
    assert names_below([str(tmp_path)]) == {"sub", "a.h", "self"}
    assert names_below([str(tmp_path / "sub/a.h")]) == str(tmp_path / "sub/a.h")


def test_other_compilers_on_the_path_count(tmp_path: Path) -> None:
    environments = []
    for name, program in (("one", "gcc"), ("two", "cmake"), ("three", "gcc")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / program).touch()
        environments.append({"PATH": f"{folder}:{tmp_path / 'one'}"})
    one, two, three = (observe(Facts(str(tmp_path), ESCAPE), "own", found, "") for found in environments)
    assert differing(one, two, [], ["out"]) == ""
    assert "PATH" in differing(one, two, [])
    assert "PATH" in differing(one, three, [], ["out"])


def test_names_that_are_chance_or_digests_of_output_paths_do_not_count(tmp_path: Path) -> None:
    listings = []
    for name, letter in (("a", "tmp.abcdefghij"), ("b", "tmp.ABCDEFGHI1")):
        top = tmp_path / name
        folder = top / "work/CMakeFiles/Export" / (name * 32)
        folder.mkdir(parents=True)
        (folder / "targets.cmake").touch()
        (top / letter).write_text("same")
        listings.append(Facts(str(top), ESCAPE).kinds("own"))
    assert changed_names(*listings) == frozenset()
    (tmp_path / "b/tmp.ABCDEFGHI1").write_text("another")
    assert changed_names(listings[0], Facts(str(tmp_path / "b"), ESCAPE).kinds("own"))


def test_a_compiler_behind_another_one_of_its_name_counts(tmp_path: Path) -> None:
    """`gcc` of a compiler cache runs the next `gcc` on PATH."""
    for folder in ("cache", "one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gcc").touch()
    facts = Facts(str(tmp_path), ESCAPE)
    first, second, third = (
        observe(facts, "own", {"PATH": f"{tmp_path}/cache:{tmp_path}/{path}"}, "")
        for path in ("one", "two", f"one:{tmp_path}")
    )
    assert differing(first, second, (), ("out",)) == "the variable PATH differs"
    assert differing(first, third, (), ("out",)) == ""
