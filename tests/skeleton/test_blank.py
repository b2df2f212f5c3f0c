"""Making skeletons: what is blanked, times, the one file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from splitphase import snapshot
from splitphase.errors import ManifestError
from splitphase.hashes.trees import FOLDER, entries
from splitphase.skeleton.blank import (
    CONTENT,
    Sources,
    is_blanked,
    names_in,
    opened,
    read_blanked,
    write,
)
from splitphase.skeleton.sourcepaths import SOURCE, named, show

SECOND = 1_000_000_000
HASH = "0123456789abcdfghijklmnpqrsvwxyz"
STATE = f'declare -g curSrc="/nix/store/{HASH}-a.tar"\n'


@pytest.mark.parametrize("name", ["a/x.c", "x.HPP".lower(), "README", "doc/README.md", "NEWS", "po/de.po", "a.b/c.hxx"])
def test_sources_and_texts_are_blanked(name: str) -> None:
    assert is_blanked(name)


@pytest.mark.parametrize(
    "name",
    [
        "configure",
        "Makefile.in",
        "CMakeLists.txt",
        "src/version.h",
        "config.h",
        "meson.build",
        ".c",
        "a\n.c",
        "x.py",
        "scripts/kconfig/conf.c",
    ],
)
def test_what_configure_is_known_to_read_is_not(name: str) -> None:
    assert not is_blanked(name)


def scratch(folder: Path, text: str = "int x;\n", when: int = 5) -> Path:
    """The parts of a snapshot."""
    tree = folder / "tree"
    (tree / "src").mkdir(parents=True)
    (folder / "outputs").mkdir()
    (folder / "outputs/.state.sh").write_text(STATE)
    files = {
        "src/x.c": text,
        "src/empty.c": "",
        "configure": "#!/bin/sh\n",
        "src/locked.h": "y\n",
        "src/two.c": "two\n",
    }
    for name, content in files.items():
        (tree / name).write_text(content)
        os.utime(tree / name, ns=(when * SECOND, when * SECOND))
    (tree / "src/locked.h").chmod(0o444)
    (tree / "src/link.c").symlink_to("x.c")
    os.link(tree / "src/two.c", tree / "src/two.txt")
    return folder


INDEX = snapshot.Index("/build", "/build", ("out",), ())
SOURCES = Sources(1000 * SECOND, (f"/nix/store/{HASH}-a.tar",))


def made(folder: Path, scratched: Path, whole: tuple[str, ...] = ()) -> dict[str, str]:
    write(scratched, folder / "skeleton", INDEX, SOURCES, names_in(scratched), whole)
    said: dict[str, str] = json.loads((folder / "skeleton/said.json").read_text())
    return said


def test_a_skeleton_has_names_modes_and_links(tmp_path: Path) -> None:
    said = made(tmp_path, scratch(tmp_path / "one"))
    tree = tmp_path / "one/tree"
    assert (tree / "src/x.c").read_bytes() == CONTENT
    assert (tree / "src/two.c").read_text() == "two\n" == (tree / "src/two.txt").read_text()
    assert (tree / "src/empty.c").read_bytes() == b""
    assert (tree / "configure").read_text() == "#!/bin/sh\n"
    assert stat.S_IMODE((tree / "src/locked.h").stat().st_mode) == 0o444
    assert os.readlink(tree / "src/link.c") == "x.c"
    assert read_blanked(Path(said["archive"])).names == ("src/locked.h", "src/x.c")


def test_edits_of_blanked_files_and_the_clock_make_no_other_skeleton(tmp_path: Path) -> None:
    first = scratch(tmp_path / "one")
    second = scratch(tmp_path / "two", text="int another;\n")
    for place, moment in ((first, 2000), (second, 3000)):
        # What patching touched.
        for name in ("configure", "src/x.c", "src"):
            os.utime(place / "tree" / name, (moment, moment))
    digests = {made(tmp_path / name, place)["sha256"] for name, place in (("a", first), ("b", second))}
    assert len(digests) == 1


def test_what_is_whole_or_not_blanked_counts(tmp_path: Path) -> None:
    digests = [made(tmp_path / "a", scratch(tmp_path / "one"))["sha256"]]
    digests.append(made(tmp_path / "b", scratch(tmp_path / "two"), ("src/x.c",))["sha256"])
    digests.append(made(tmp_path / "c", scratch(tmp_path / "three", "int z;\n"), ("src/x.c",))["sha256"])
    changed = scratch(tmp_path / "four")
    (changed / "tree/configure").write_text("#!/bin/sh\nexit\n")
    digests.append(made(tmp_path / "d", changed)["sha256"])
    moded = scratch(tmp_path / "five")
    (moded / "tree/src/x.c").chmod(0o755)
    digests.append(made(tmp_path / "e", moded)["sha256"])
    assert len(set(digests)) == len(digests)


def test_what_a_build_touched_is_later_than_all_else(tmp_path: Path) -> None:
    place = scratch(tmp_path / "one")
    os.utime(place / "tree/configure", (2000, 2000))
    said = made(tmp_path, place)
    times = read_blanked(Path(said["archive"])).times
    found = {name: (place / "tree" / name).lstat().st_mtime_ns for name, _ in entries(str(place / "tree"))}
    assert found["configure"] == times.later > times.calm == found["src/x.c"] == found["src"]
    assert all(moment <= times.later for moment in found.values())


def test_the_one_file_is_a_snapshot(tmp_path: Path) -> None:
    said = made(tmp_path, scratch(tmp_path / "one"))
    folder = opened(Path(said["archive"]), tmp_path / "opened")
    assert snapshot.read_index(folder) == INDEX
    assert (folder / "tree.tar.zst").stat().st_size


def test_damage_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    with pytest.raises(ManifestError, match="no skeleton"):
        read_blanked(tmp_path / "x")
    with pytest.raises(ManifestError, match="no skeleton"):
        opened(tmp_path / "x", tmp_path / "y")
    with pytest.raises(ManifestError, match=r"no snapshot of sources"):
        Sources.read(tmp_path)


def test_paths_of_sources_are_hidden_and_shown(tmp_path: Path) -> None:
    place = scratch(tmp_path / "one")
    made(tmp_path, place)
    hidden = (place / "outputs/.state.sh").read_text()
    assert HASH not in hidden
    assert SOURCE in hidden
    assert show(hidden, named(SOURCES.paths)) == STATE


def test_nix_knows_the_token_of_sources() -> None:
    library = Path(__file__).parents[2] / "lib/internalAttributes.nix"
    assert f'source = "{SOURCE}";' in library.read_text()


def test_folders_are_calm(tmp_path: Path) -> None:
    place = scratch(tmp_path / "one")
    said = made(tmp_path, place)
    calm = read_blanked(Path(said["archive"])).times.calm
    folders = [name for name, kind in entries(str(place / "tree")) if kind == FOLDER]
    assert {(place / "tree" / name).stat().st_mtime_ns for name in folders} == {calm}
