"""Watching blanked files by the real inotify."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from splitphase.errors import SplitphaseError
from splitphase.skeleton.blank import CONTENT, Blanked, Times
from splitphase.skeleton.watch import PROCESS, RESULT, Seen, Watcher, start

NAMES = ["src/a.c", "src/b.c", "src/c.h"]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A tree with blanked files."""
    top = tmp_path / "top"
    (top / "src").mkdir(parents=True)
    for name in NAMES:
        (top / name).write_bytes(CONTENT)
    return top


def seen(top: Path, happens: Callable[[], object], names: list[str] | None = None) -> Seen:
    watcher = Watcher(top, NAMES if names is None else names)
    happens()
    return watcher.ended()


def where(seen: Seen) -> dict[str, str]:
    return dict(seen.blanked)


def test_nothing_is_opened_by_looking_and_moving(top: Path) -> None:
    def happens() -> None:
        (top / "src").rename(top / "code")
        (top / "src").symlink_to("code")
        (top / "code/a.c").rename(top / "code/ü b.c")
        os.link(top / "code/b.c", top / "second.c")
        (top / "code/c.h").chmod(0o400)
        subprocess.run(["find", str(top), "-name", "*.c", "-size", "+1"], check=True, capture_output=True)

    found = seen(top, happens)
    assert found.opened == ()
    assert where(found) == {
        "code/ü b.c": "src/a.c",
        "code/b.c": "src/b.c",
        "second.c": "src/b.c",
        "code/c.h": "src/c.h",
    }


@pytest.mark.parametrize(
    "command",
    [
        "cat src/a.c",
        "grep -q x src/a.c",
        "wc -c src/a.c",
        "cp src/a.c x",
        "echo >> src/a.c",
        ": > src/a.c",
        "mv src s && head s/a.c",
        "ln src/a.c y && cat y",
        "sed -i s/a/b/ src/a.c",
        "tar cf x.tar src/a.c",
        "cc -E src/a.c",
        "sh src/a.c",
    ],
)
def test_every_way_to_open_is_seen(top: Path, command: str) -> None:
    found = seen(top, lambda: subprocess.run(["sh", "-c", command], cwd=top, check=False, capture_output=True))
    assert found.opened == ("src/a.c",)
    assert where(found) == {name.replace("src/", "s/") if "mv" in command else name: name for name in NAMES[1:]}


def test_a_file_in_the_place_of_another_is_not_a_blanked_one(top: Path) -> None:
    def happens() -> None:
        (top / "src/a.c").unlink()
        # Perhaps with the same number.
        (top / "src/a.c").write_text("int new;\n")
        (top / "src/c.h").unlink()

    found = seen(top, happens)
    assert found.opened == ()
    assert where(found) == {"src/b.c": "src/b.c"}


def test_hard_links_are_opened_together(top: Path) -> None:
    os.link(top / "src/a.c", top / "src/same.c")
    found = seen(top, (top / "src/same.c").read_bytes, [*NAMES, "src/same.c"])
    assert found.opened == ("src/a.c", "src/same.c")


def test_many_files_are_opened(top: Path) -> None:
    names = [f"src/{number}.c" for number in range(3000)]
    for name in names:
        (top / name).write_bytes(CONTENT)
    found = seen(top, lambda: [(top / name).read_bytes() for name in names], names)
    assert len(found.opened) == len(names)
    assert not found.problem


def test_more_than_the_kernel_keeps_is_a_problem(top: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 40_000:
        pytest.skip("the kernel keeps many events here")
    names = [f"src/{number}.c" for number in range(limit // 2 + 1000)]
    for name in names:
        (top / name).write_bytes(CONTENT)
    # Nothing is read while it happens.
    found = seen(top, lambda: [os.close(os.open(top / name, os.O_RDONLY)) for name in names], names)
    assert "more files were opened" in found.problem
    assert found.blanked == ()


def test_what_is_not_there_cannot_be_watched(top: Path) -> None:
    with pytest.raises(SplitphaseError, match=r"cannot be watched: .*gone"):
        Watcher(top, ["src/gone.c"])


def test_in_the_background(top: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    start(top, Blanked(Times(1, 2), tuple(NAMES), ()), scratch)
    process = int((scratch / PROCESS).read_text())
    shutil.copy(top / "src/b.c", top / "x.c")
    os.kill(process, signal.SIGTERM)
    for _ in range(500):
        if (scratch / RESULT).exists():
            break
        time.sleep(0.01)
    os.waitpid(process, 0)
    found = Seen.read(scratch / RESULT)
    assert found.opened == ("src/b.c",)
    assert where(found) == {"src/a.c": "src/a.c", "src/c.h": "src/c.h"}


def test_what_hinders_watching_is_the_result(top: Path, tmp_path: Path) -> None:
    start(top, Blanked(Times(1, 2), ("src/gone.c",), ()), tmp_path)
    assert "cannot be watched" in Seen.read(tmp_path / RESULT).problem
    assert not (tmp_path / PROCESS).exists()


def test_truncation_by_path_is_seen(top: Path) -> None:
    assert seen(top, lambda: os.truncate(top / "src/a.c", 3)).opened == ("src/a.c",)


def test_no_result_is_a_problem(tmp_path: Path) -> None:
    assert "has ended" in Seen.read(tmp_path / "nothing").problem
