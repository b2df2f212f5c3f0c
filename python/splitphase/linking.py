"""What a link reads: the files that its words name, directly or inside `-Wl,`, `@file` and `-l`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from splitphase.command import Unreadable, split
from splitphase.paths import Tree, store_paths
from splitphase.steps import Step


class LinkReader:
    """Finds the files of the tree that a link's words name. `made` are the paths that the build makes."""

    def __init__(self, tree: Tree, directory: str, made: Collection[str]) -> None:
        self._tree = tree
        self._directory = directory
        self._made = made

    def files(self, step: Step) -> set[str]:
        """Absolute paths of files in the tree, existing or made by another step."""
        words = [word for command in step.commands for word in command[1:]]
        if step.edge.rspfile:
            words += _response_words(step.edge.rspfile_content)
        own = {self._tree.absolute(path, self._directory) for path in step.edge.outputs}
        found: set[str] = set()
        folders: list[str] = []
        libraries: list[str] = []
        before = ""
        for word in self._expanded(words, step.directory):
            found |= store_paths(word)
            for candidate in _candidates(word):
                path = self._tree.absolute(candidate, step.directory)
                if path in self._made or (self._tree.holds(path) and os.path.isfile(path)):
                    found |= self._with_target(path)
            for piece in word.removeprefix("-Wl,").split(",") if word.startswith("-Wl,") else [word]:
                folder = piece.removeprefix("--library-path=").removeprefix("-L") if piece != "-L" else ""
                if before in ("-L", "--library-path"):
                    folders.append(self._tree.absolute(piece, step.directory))
                elif folder and folder != piece:
                    folders.append(self._tree.absolute(folder, step.directory))
                elif before in ("-l", "--library") or (piece != "-l" and piece.startswith(("-l", "--library="))):
                    libraries.append(piece.removeprefix("--library=").removeprefix("-l"))
                before = piece
        for library in libraries:
            found |= self._library(library, folders)
        return found - own

    def _expanded(self, words: list[str], directory: str) -> Iterator[str]:
        for word in words:
            if word.startswith("@"):
                path = Path(self._tree.absolute(word[1:], directory))
                if path.is_file():
                    yield str(path)
                    yield from _response_words(path.read_text(errors="surrogateescape"))
                continue
            yield word

    def _with_target(self, path: str) -> set[str]:
        if not os.path.islink(path):
            return {path}
        return {path, os.path.realpath(path)}

    def _library(self, library: str, folders: list[str]) -> set[str]:
        """Every file in the tree's folders that a `-l` may mean: which one it takes depends on flags and folders."""
        names = [library[1:]] if library.startswith(":") else [f"lib{library}.so", f"lib{library}.a"]
        found: set[str] = set()
        for folder in folders:
            for name in names:
                path = f"{folder}/{name}"
                if self._tree.holds(path) and (path in self._made or os.path.isfile(path)):
                    found |= self._with_target(path)
        return found


def _candidates(word: str) -> Iterator[str]:
    """The parts of a word that may be a path: itself, the pieces of `-Wl,a,b=c`, the value of `--option=value`."""
    for piece in word.removeprefix("-Wl,").removeprefix("-Wp,").split(",") if word.startswith("-W") else [word]:
        if not piece.startswith("-"):
            yield piece
        if "=" in piece:
            yield piece.split("=", 1)[1]


def _response_words(text: str) -> list[str]:
    commands = split(" ".join(text.split("\n")))
    return text.split() if isinstance(commands, Unreadable) else [word for command in commands for word in command]
