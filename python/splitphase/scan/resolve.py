"""Resolve include names along a search path and close over them.

Everything a scan can find out (a file, a missing name, a symlink on the way, ...) is an `Items` entry with a number;
what one file leads to is an integer with those bits set, so that a union is one `|`. Closures are those of strongly
connected components (Tarjan 1972, https://doi.org/10.1137/0201010), because cyclic includes are normal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .contents import Contents
from .directives import PREDEFINED, Directives, defines_any, header_names, parse, tidy, words_in, wraps_macros
from .items import Items
from .search import SearchPath
from .tree import LINK, PRECOMPILED, Place, Tree

_MAX_HOPS = 6
"""Symlinks that one spelling may step through before the scan keeps to the physical one: links to `.` never end."""

Found = tuple[tuple["Node", ...], int]
"""The files that an include may read, and the bits to note about the way to them."""


@dataclass(eq=False, slots=True)
class Node:
    """A file under one spelling: the directory in which it was found decides where its own includes look first."""

    path: str
    place: Place
    physical: str
    bits: int
    """What reading this file means whatever the search path is."""
    directives: Directives
    twins: tuple[Node, ...] = ()
    """Other spellings that a compiler may give it (GCC shortens system headers to their real path)."""
    beside: dict[str, Found] = field(default_factory=dict)
    """Quoted names looked up in the file's own directory."""


class Files:
    """Every file that was ever looked at, read again only if it changed."""

    def __init__(self, tree: Tree, contents: Contents, is_internal: Callable[[str], bool]) -> None:
        self.tree = tree
        self._contents = contents
        self.is_internal = is_internal
        self._parsed: dict[str, tuple[bytes | None, Directives]] = {}
        """By physical path, with the digest of what was parsed."""
        self._said: dict[tuple[str, frozenset[str]], dict[bytes | None, Any]] = {}
        self.forget()

    def forget(self) -> None:
        """Drop all answers but what files say; to be called when the tree's answers changed."""
        self.items = Items()
        self._names: dict[tuple[int, frozenset[str], bytes], tuple[frozenset[str], bool]] = {}
        self._nodes: dict[str, Node] = {}
        self._place_bits: dict[int, int] = {}

    def check(self, bits: int) -> dict[str, bytes] | None:
        """Look whether any of these files says something else than when it was parsed; then it is parsed again.

        If none does: the digests of all that may change, by physical path. Else None.
        """
        paths = list(self.items.values(bits & self.items.all("mutable")))
        digests = self._contents.digests(paths)
        changed = False
        # What macros are defined as is no directive.
        by_value = bool(bits & (self.items.all("named") | self.items.all("asked") | self.items.all("wrappers")))
        for path in paths:
            digest, directives = self._parsed[path]
            if digests.get(path) != digest:
                new = self._parsed[path] = self._parse(path)
                changed |= by_value or new[1] != directives or new[0] is None
        return None if changed else digests

    def names(self, bits: int, macros: frozenset[str], given: bytes) -> tuple[frozenset[str], bool]:
        """The header names that these files and the text `given` define such macros as; and whether that is all.

        A name in angle brackets has them around it.
        """
        key = (bits, macros, given)
        if key not in self._names:
            self._names[key] = self._find_names(bits, macros, given)
        return self._names[key]

    def _find_names(self, bits: int, macros: frozenset[str], given: bytes) -> tuple[frozenset[str], bool]:
        found = list(self._of_each(bits, given, header_names, macros))
        names = frozenset(name for one in found if one is not None for name in one)
        words = words_in(names)
        # A precompiled header may define any.
        paths = self.items.values(bits & self.items.all("file"))
        if None in found or words is None or any(path.endswith(PRECOMPILED) for path in paths):
            return names, False
        if any(word in PREDEFINED or word.startswith("_") for word in words):
            return names, False
        return names, not words or not any(self._of_each(bits, given, defines_any, words))

    def wraps(self, bits: int, macros: frozenset[str], given: bytes) -> bool:
        """Whether a macro is handed to one of these, see `wraps_macros`."""
        return any(self._of_each(bits, given, wraps_macros, macros))

    def _of_each(
        self, bits: int, given: bytes, ask: Callable[[bytes, frozenset[str]], Any], names: frozenset[str]
    ) -> Iterator[Any]:
        """What `ask` says of the text that is given, and of each file; remembered for as long as the content stays."""
        yield ask(given, names)
        known = self._said.setdefault((ask.__name__, names), {})
        for path in self.items.values(bits & self.items.all("content")):
            if path in self._parsed:
                digest = self._parsed[path][0]
                if digest not in known:
                    known[digest] = ask(self._contents.load(path)[1], names)
                yield known[digest]

    def find(self, directory: str, name: str) -> Found | None:
        """Look for `name` in one directory; an absolute name ignores the directory."""
        prefix, _, base = os.path.join(directory, name).rpartition("/")
        place = self.tree.place(prefix or "/")
        if place is None:
            return None
        return self.take(place, base)

    def take(self, place: Place, base: str) -> Found | None:
        """The entry of a directory, and any precompiled header beside it."""
        bits = 0
        for name in self.tree.precompiled(place, base):
            bits |= self.plain(place, name)
        if self.tree.has_file(place, base):
            return (self.node(place, base),), bits | self.way(place)
        return ((), bits | self.way(place)) if bits else None

    def way(self, place: Place) -> int:
        """The bits of what must exist for the directory to be reached as it is spelled."""
        bits = self._place_bits.get(id(place))
        if bits is None:
            bits = 0
            for link in place.walk.links:
                bits |= self.items.bit("link", link)
            for directory in place.walk.crossed:
                bits |= self.items.bit("directory", directory)
            self._place_bits[id(place)] = bits  # the tree keeps its places, so the id stays its own
        return bits

    def plain(self, place: Place, name: str) -> int:
        """The bits of a file that is read but not scanned."""
        path = place.walk.spelled.rstrip("/") + "/" + name
        walk = self.tree.walk(path)
        bits = self._file(path) | self._file(walk.physical, physical=True)
        for link in walk.links:
            bits |= self.items.bit("link", link)
        for directory in walk.crossed:
            bits |= self.items.bit("directory", directory)
        return bits

    def node(self, place: Place, base: str) -> Node:
        """The file under the spelling by which it was found; it must exist."""
        path = place.walk.spelled.rstrip("/") + "/" + base
        node = self._nodes.get(path)
        if node is None:
            # Not the place as this lookup came to it: what is crossed on the way there is no fact of the file.
            home = self.tree.place(place.walk.spelled) or place
            node = self._nodes[path] = self._make(home, base, path)
        return node

    def _make(self, place: Place, base: str, path: str) -> Node:
        # Not the way: other spellings (`one/..`, `two/..`) lead to the same file, and whoever takes one adds its own.
        bits = self._file(path)
        linked = place.listing.kinds[base] == LINK
        physical = self.tree.walk(path).physical if linked else place.walk.physical.rstrip("/") + "/" + base
        bits |= self.plain(place, base) if linked else self._file(physical, physical=True)
        twins: tuple[Node, ...] = ()
        if physical != path:
            twin_place = self.tree.place(os.path.dirname(physical))
            if twin_place is not None and self.tree.has_file(twin_place, os.path.basename(physical)):
                twins = (self.node(twin_place, os.path.basename(physical)),)
            if place.walk.hops > _MAX_HOPS:
                return Node(path, place, physical, bits, Directives(), twins)
        directives = self._read(physical)
        if not self.tree.fixed.covers(physical):
            self.items.mark("mutable", self._file(physical))
        bits |= self._facts(directives, physical, place.walk.spelled)
        return Node(path, place, physical, bits, directives, twins)

    def _read(self, physical: str) -> Directives:
        known = self._parsed.get(physical)
        if known is None:
            known = self._parsed[physical] = self._parse(physical)
        return known[1]

    def _parse(self, physical: str) -> tuple[bytes | None, Directives]:
        digest, data = self._contents.load(physical)
        return digest, parse(data)

    def _file(self, path: str, *, physical: bool = False) -> int:
        bit = self.items.bit("file", path)
        if physical and not bit & self.items.all("content"):
            self.items.mark("content", bit)
            if self.is_internal(path):
                self.items.mark("internal", bit)
        return bit

    def _facts(self, directives: Directives, physical: str, directory: str) -> int:
        bit = self.items.bit
        bits = 0
        for kind in ("date", "timestamp", "modules", "computed", "opaque"):
            if getattr(directives, kind):
                bits |= bit(kind, physical)
        for name in directives.embeds:
            bits |= bit("resource", (directory, name, False, physical if name in directives.incbins else ""))
        for name in directives.assembler:
            bits |= bit("resource", (directory, name, True, ""))
        for kind in ("asked", "named", "wrappers"):
            for name in getattr(directives, kind):
                bits |= bit(kind, (name, directory))
        return bits


class Resolver:
    """Includes along one search path.

    `base` resolves along a part of it (the compiler's own directories). What it found for a file holds here as well,
    unless another directory of this path has one of the names that were asked for on the way.
    """

    def __init__(
        self, files: Files, path: SearchPath, base: Resolver | None = None, *, notes_requests: bool = False
    ) -> None:
        self.files = files
        self.path = path
        self._base = base
        self._notes_requests = notes_requests
        self._closed: dict[Node, int] = {}
        self._found: dict[tuple[str, str], Found] = {}
        self._entries: dict[tuple[str, bool], list[tuple[Place, int]]] = {}
        self._chain = tuple(dict.fromkeys(path.quote + path.angle))
        self._requests: list[str] = []
        self._checked = 0
        self._shadowed = 0
        self._own: list[str] = []
        self._own_places: list[Place] = []
        self._base_prefixes: tuple[str, ...] = ()
        if base is not None:
            theirs = set(base.path.angle)
            self._own = [*path.quote, *(directory for directory in path.angle if directory not in theirs)]
            own_places = (files.tree.place(directory) for directory in self._own)
            self._own_places = [place for place in own_places if place is not None]
            places = [files.tree.place(directory) for directory in base.path.angle]
            self._base_prefixes = tuple(f"{place.walk.spelled}/" for place in places if place is not None)

    def closure(self, root: Node) -> int:
        """The bits of everything that the file leads to, itself included."""
        done = self._closed
        if root in done:
            return done[root]
        index: dict[Node, int] = {}
        low: dict[Node, int] = {}
        bits: dict[Node, int] = {}
        stack: list[Node] = []
        work: list[tuple[Node, Iterator[Node]]] = []

        def enter(node: Node) -> None:
            index[node] = low[node] = len(index)
            successors, bits[node] = self._direct(node)
            stack.append(node)
            work.append((node, iter(successors)))

        enter(root)
        while work:
            node, successors = work[-1]
            for successor in successors:
                if successor in done:
                    bits[node] |= done[successor]
                elif successor in index:
                    low[node] = min(low[node], index[successor])
                elif self._borrow(successor):
                    bits[node] |= done[successor]
                else:
                    enter(successor)
                    break
            else:
                work.pop()
                if low[node] == index[node]:
                    self._close(node, stack, bits)
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                    bits[parent] |= done.get(node, 0)
        return done[root]

    def _close(self, head: Node, stack: list[Node], bits: dict[Node, int]) -> None:
        members = []
        total = 0
        while True:
            member = stack.pop()
            members.append(member)
            total |= bits[member]
            if member is head:
                break
        for member in members:
            self._closed[member] = total

    def _borrow(self, node: Node) -> bool:
        """Take over the closure that the base has for the file, if nothing of ours comes in between."""
        if self._base is None or not node.path.startswith(self._base_prefixes):
            return False
        bits = self._base.closure(node)
        for name in self._base.requests_since(self._checked):
            self._checked += 1
            first = name.partition("/")[0]
            near = first == ".." or any(first in place.listing.kinds for place in self._own_places)
            if near and any(self.files.find(own, name) for own in self._own):
                self._shadowed |= self.files.items.bit("request", name)
        if bits & self._shadowed:
            return False
        self._closed[node] = bits
        return True

    def requests_since(self, number: int) -> list[str]:
        """Names that were looked for along this path, in the order of their first time."""
        return self._requests[number:] if number < len(self._requests) else []

    def _direct(self, node: Node) -> Found:
        successors: dict[Node, None] = dict.fromkeys(node.twins)
        bits = node.bits
        directives = node.directives
        founds = [self.lookup(name, "angle") for name in directives.angle]
        for name in directives.quote:
            beside = self._beside(node, name)
            founds.append(beside)
            if not beside[0]:
                founds.append(self.lookup(name, "quote"))
        for name in directives.probes:
            founds += (self._beside(node, name), self.lookup(name, "quote"), self.lookup(name, "angle"))
        for name in directives.following:
            founds += (self._beside(node, name), self.lookup(name, "all"))
        for nodes, way in founds:
            bits |= way
            for successor in nodes:
                successors[successor] = None
        return tuple(successors), bits

    def _beside(self, node: Node, name: str) -> Found:
        """Look in the file's own directory; a precompiled header alone does not end the search."""
        found = node.beside.get(name)
        if found is None:
            found = node.beside[name] = self.files.find(node.place.walk.spelled, name) or ((), 0)
        return found

    def lookup(self, name: str, form: str) -> Found:
        """Look along the path: the first hit for `quote` and `angle`, every hit for `all`."""
        found = self._found.get((name, form))
        if found is None:
            found = self._found[name, form] = self._look(name, form)
        return found

    def _look(self, name: str, form: str) -> Found:
        items = self.files.items
        prefix, slash, base = name.rpartition("/")
        nodes: list[Node] = []
        bits = 0
        if self._notes_requests:
            self._requests.append(name)
            bits = items.bit("request", name)
        if slash and name.startswith("/"):
            hit = self.files.find("/", name)
            nodes, bits = (list(hit[0]), bits | hit[1]) if hit else ([], bits)
        else:
            names = {base, *(base + suffix for suffix in PRECOMPILED)}
            self.files.tree.asked.add(base)
            for place, used in self._candidates(prefix, quote=form != "angle"):
                if not place.listing.kinds.keys().isdisjoint(names):
                    hit = self.files.take(place, base)
                    if hit is not None:
                        nodes.extend(hit[0])
                        bits |= hit[1] | used
                        if hit[0] and form != "all":
                            break
        if not nodes:
            bits |= items.bit("missing", name)
        return tuple(nodes), bits

    def _candidates(self, prefix: str, *, quote: bool) -> Iterable[tuple[Place, int]]:
        """The directories of the path that have the folder in which the name lies."""
        key = (prefix, quote)
        entries = self._entries.get(key)
        if entries is None:
            entries = self._entries[key] = []
            for directory in self._chain if quote else self.path.angle:
                place = self.files.tree.place(tidy(f"{directory}/{prefix}") if prefix else directory)
                if place is not None:
                    entries.append((place, self.files.items.bit("used", directory)))
        return entries
