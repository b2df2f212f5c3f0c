"""Rewriting: strings and bytes there and back, and what it does to files, links and folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitphase.errors import RewriteError, UnsafePathError
from splitphase.rewrite import Rewriter, inside, walk
from splitphase.tokens import tokens

HASHES = {"out": "0c5b8vw40dy178xlpddw65q9gf1h2186", "dev": "zyxwvsrqpnmlkjihgfdcba9876543210"}
TOKENS = {name: pair[0] for name, pair in tokens(HASHES).items()}
ESCAPE = Rewriter({HASHES[name]: TOKENS[name] for name in HASHES})
RESTORE = Rewriter({TOKENS[name]: HASHES[name] for name in HASHES})
OUT, TOKEN = HASHES["out"], TOKENS["out"]
OLD_NS = 1_234_567_890_123_456_789

_PARTS = st.one_of(
    st.sampled_from([
        *HASHES.values(), *(value[:10] for value in HASHES.values()), *(value[3:] for value in HASHES.values()),
        "/nix/store/", "-frandom-seed=", "-hello-1.0/bin", "\0", " ",
    ]),
    st.text(max_size=5),
)  # fmt: skip
TEXTS = st.lists(_PARTS, max_size=12).map("".join)


def refused(error: RewriteError) -> bool:
    """A part of a hash beside a character that would go on with the token, or in bytes: said, and nothing is done."""
    return any(text in error.message for text in ("could not be told", "is not certain", "cannot be looked into"))


@given(TEXTS)
def test_text_there_and_back(text: str) -> None:
    try:
        escaped = ESCAPE.text(text)
    except RewriteError as error:
        assert refused(error)  # noqa: PT017 - not every text can be rewritten
        return
    assert RESTORE.text(escaped) == text
    assert len(escaped) == len(text)
    assert not any(value in escaped for value in HASHES.values())
    assert not any("-frandom-seed=" + value[:10] in escaped for value in HASHES.values())


@given(st.lists(st.one_of(_PARTS.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=6))))
def test_bytes_there_and_back(parts: list[bytes]) -> None:
    data = b"".join(parts)
    try:
        escaped = ESCAPE.data(data)
    except RewriteError as error:
        assert refused(error)  # noqa: PT017 - not every text can be rewritten
        return
    assert RESTORE.data(escaped) == data
    assert len(escaped) == len(data)
    assert not any(value.encode() in escaped for value in HASHES.values())
    assert (escaped != data) == ESCAPE.found_in(data)


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_text_and_bytes_agree(text: str) -> None:
    try:
        escaped = ESCAPE.text(text)
    except RewriteError as error:
        assert refused(error)  # noqa: PT017 - not every text can be rewritten
        return
    assert escaped.encode() == ESCAPE.plain(text.encode())


@pytest.mark.parametrize("pair", [(OUT[:-1], TOKEN), (OUT, TOKEN + "x"), ("", "")])
def test_other_lengths_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(RewriteError, match="32 characters") as caught:
        Rewriter(dict([pair]))
    assert caught.value.hint


@pytest.mark.parametrize("size", [0, 1 << 16, 200_000])
@pytest.mark.parametrize("mode", [0o644, 0o755, 0o444, 0o4711])
def test_file_keeps_mode_time_and_links(tmp_path: Path, size: int, mode: int) -> None:
    path, twin = tmp_path / "a", tmp_path / "twin"
    content = b"\0" * size + OUT.encode() + b"tail"
    path.write_bytes(content)
    path.chmod(mode)
    os.link(path, twin)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    inode = path.stat().st_ino
    assert ESCAPE.entry(path) == path
    assert path.read_bytes() == content.replace(OUT.encode(), TOKEN.encode())
    status = path.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns, status.st_nlink) == (mode, OLD_NS, 2)
    assert status.st_ino == inode == twin.stat().st_ino


def test_untouched_file_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(OUT[:7] + " " + TOKEN)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    before = path.stat().st_ctime_ns
    assert ESCAPE.entry(path) is None
    assert path.stat().st_ctime_ns == before


def test_symlink(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(f"/nix/store/{OUT}-x/lib/../lib")
    os.utime(link, ns=(OLD_NS, OLD_NS), follow_symlinks=False)
    assert ESCAPE.entry(link) == link
    assert os.readlink(link) == f"/nix/store/{TOKEN}-x/lib/../lib"
    assert link.lstat().st_mtime_ns == OLD_NS


def _facts(root: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in walk(root):
        status = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def _forest(root: Path) -> None:
    deep = root / f"{OUT}-x" / "plain" / f"lib-{HASHES['dev']}" / OUT
    deep.mkdir(parents=True)
    (deep / f"{OUT}.txt").write_text(f"in {OUT} and {HASHES['dev']}")
    (deep / "nothing").write_text("here")
    (root / f"{OUT}-x" / "link").symlink_to(f"plain/lib-{HASHES['dev']}")
    (root / "empty" / OUT).mkdir(parents=True)
    (root / "dangling").symlink_to("/nowhere")
    os.mkfifo(root / f"fifo-{OUT}")
    for number, path in enumerate(reversed(list(walk(root)))):
        os.utime(path, ns=(OLD_NS, OLD_NS + number), follow_symlinks=False)
    os.utime(root, ns=(OLD_NS, OLD_NS))


def test_tree_there_and_back(tmp_path: Path) -> None:
    _forest(tmp_path)
    before = _facts(tmp_path)
    changed = ESCAPE.tree(tmp_path)
    between = _facts(tmp_path)
    assert not any(value in name + str(fact) for name, fact in between.items() for value in HASHES.values())
    assert changed == sorted(changed)
    assert set(changed) == {
        ESCAPE.text(name)
        for name, fact in before.items()
        if ESCAPE.text(name.split("/")[-1]) != name.split("/")[-1]
        or any(value in str(fact[2]) for value in HASHES.values())
    }
    assert sorted(fact[1] for fact in between.values()) == sorted(fact[1] for fact in before.values())
    RESTORE.paths(tmp_path, changed)
    assert _facts(tmp_path) == before
    assert tmp_path.stat().st_mtime_ns == OLD_NS


_NAMES = st.sampled_from([OUT, f"a-{OUT}", f"{HASHES['dev']}-b", "plain", "x"])


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.lists(_NAMES, min_size=1, max_size=4).map(tuple), TEXTS, max_size=8))
def test_random_trees(tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, ...], str]) -> None:
    root = tmp_path_factory.mktemp("tree")
    for parts, text in files.items():
        path = root.joinpath(*parts)
        if any(parent.is_file() for parent in path.parents) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    before = _facts(root)
    try:
        changed = ESCAPE.tree(root)
    except RewriteError as error:
        assert refused(error)  # noqa: PT017 - not every text can be rewritten
        return
    assert not any(value in str(_facts(root)) for value in HASHES.values())
    RESTORE.paths(root, changed)
    assert _facts(root) == before


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../x", "a/../../x", "a/..", "/"])
def test_paths_that_leave_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnsafePathError, match="leaves"):
        inside(tmp_path, path)
    with pytest.raises(UnsafePathError):
        ESCAPE.paths(tmp_path, [path])


def test_paths_through_a_link_that_leaves_are_refused(tmp_path: Path) -> None:
    """A name may look harmless and still lead out of the tree through a symlinked folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text(OUT)
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../outside")
    with pytest.raises(UnsafePathError):
        RESTORE.paths(root, ["link/file"])
    assert (outside / "file").read_text() == OUT
