"""A source tree in memory, as the oracle edits it."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """A file (`data`), a link (`target`) or an empty folder (neither)."""

    data: bytes | None = None
    target: str | None = None
    mode: int = 0o644


@dataclass
class State:
    """A tree and what the package sets beside it."""

    tree: dict[str, Node]
    defines: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    epoch: int = 1_000_000_000
    folder: str = "source"
    """Name of the folder that the tree is in."""
    version: str = "1"
    """Part of the output's name."""

    def copy(self) -> State:
        return replace(self, tree=dict(self.tree), defines=dict(self.defines), environment=dict(self.environment))

    def files(self, ending: str = "", below: str = "") -> list[str]:
        return sorted(
            path for path, node in self.tree.items()
            if node.data is not None and path.endswith(ending) and path.startswith(below)
        )  # fmt: skip

    def text(self, path: str) -> str:
        return (self.tree[path].data or b"").decode(errors="surrogateescape")

    def put(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
        self.set(path, Node(data, mode=mode))

    def set(self, path: str, node: Node) -> None:
        """Set a path; what cannot be there beside it goes."""
        parents = path.split("/")[:-1]
        for count in range(1, len(parents) + 1):
            parent = "/".join(parents[:count])
            if parent in self.tree and (self.tree[parent].data is not None or self.tree[parent].target is not None):
                self.remove(parent)
        self.remove(path)
        self.tree[path] = node

    def remove(self, path: str) -> None:
        for name in [name for name in self.tree if name == path or name.startswith(f"{path}/")]:
            del self.tree[name]


def write(state: State, target: Path, chance: random.Random) -> None:
    """Write the tree. Times say nothing: all are old, as unpacked sources are, and some of them are in no order."""
    for path, node in sorted(state.tree.items()):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.data is not None:
            place.write_bytes(node.data)
            place.chmod(node.mode)
            moment = chance.choice([1, 1, 100_000_000 + chance.randrange(1000)])
            os.utime(place, (moment, moment))
        elif node.target is not None:
            place.symlink_to(node.target)
        else:
            place.mkdir(exist_ok=True)


def read(source: Path) -> dict[str, Node]:
    """A real tree."""
    found = {}
    for folder, folders, names in os.walk(source):
        folders.sort()
        for name in sorted([*names, *(one for one in folders if Path(folder, one).is_symlink())]):
            path = Path(folder, name)
            relative = str(path.relative_to(source))
            if path.is_symlink():
                found[relative] = Node(target=os.readlink(path))
            elif path.is_file():
                found[relative] = Node(path.read_bytes(), mode=path.stat().st_mode & 0o777)
    return found


def clear(folder: Path) -> None:
    """Remove all below a folder."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            for place, folders, _ in os.walk(entry):
                for name in folders:
                    if not Path(place, name).is_symlink():
                        Path(place, name).chmod(0o755)
            entry.chmod(0o755)
            shutil.rmtree(entry)
        else:
            entry.unlink()
