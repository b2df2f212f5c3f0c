"""All files that one compile command may read, for a whole tree of commands in about the time of reading the tree.

The answer is a superset: see `directives` for what counts as an include. What the compiler finds under a name it also
finds in a tree that holds the answer alone, because nothing that a name meets first is left out and nothing is added.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from splitphase.errors import SplitphaseError

from . import arguments as command
from .arguments import Arguments
from .dependencies import dependencies
from .directives import tidy
from .extras import ArgumentFiles, profile_files, reads_modules, unusual_charset
from .resolve import Files, Node, Resolver
from .search import Compilers, SearchPath
from .tree import Tree

_IMPLIED = {
    "cuda": ("__clang_cuda_runtime_wrapper.h", "cuda_runtime.h"),
    "hip": ("__clang_hip_runtime_wrapper.h", "hip/hip_runtime.h"),
    "cl": ("opencl-c.h", "opencl-c-base.h"),
}
"""Headers that the compiler includes unasked, besides stdc-predef.h."""
_HEADER_MACRO = re.compile(r'[^=]+=(?:<([^<>]+)>|"([^"]+)")')
_KEPT_RESOLVERS = 64


@dataclass(frozen=True, slots=True)
class Compile:
    """One compile command as the build tool runs it."""

    directory: str
    """The working directory, absolute."""
    argv: tuple[str, ...]
    source: str
    """As the command spells it."""
    env: Mapping[str, str]
    """The whole environment. Equal ones are best the same object."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one compile may read. All paths are absolute."""

    files: frozenset[str]
    """Every file under each spelling a lookup finds it by (`x/..` is collapsed where `x` is a plain directory, see
    `dirs`), and at its physical place."""
    contents: frozenset[str]
    """The part of `files` at physical places: what is to be copied."""
    internal: frozenset[str]
    """The part of `contents` that is the project's own."""
    symlinks: frozenset[str]
    """Links on the way to a file, at their physical places: to be made with the same target."""
    dirs: frozenset[str]
    """Physical directories that must exist even if nothing in them is read: the working directory, and each that a
    `..` steps out of."""
    used_dirs: frozenset[str]
    """Search directories, as the compiler spells them, in which anything was found."""
    missing: frozenset[str]
    """Names that resolve nowhere."""
    special: frozenset[str]
    """Files that the command itself names: response files, plugins, profiles, specs, precompiled headers."""
    timestamps: frozenset[str]
    """Files that say `__TIMESTAMP__`: the time of whichever file uses it is part of the result, so keep all times.
    GCC's `#pragma once`, too, takes files of one size, time and content for one."""
    opaque: frozenset[str]
    """Files with an `.incbin` whose file is known to nobody but the assembler. Do not split such a compile."""
    date: bool
    """Whether any file says `__DATE__` or `__TIME__`."""
    computed: bool
    """Whether the compiler had to be asked because of an `#include MACRO`."""
    modules: bool
    """Whether modules may be read. Do not split such a compile."""


class Scanner:
    """Scans compile commands of one tree, which must not change meanwhile.

    `is_internal` says which files are the project's; it does not decide what is followed. By default: what lies below
    `read_root`, and store paths outside the compiler's own directories.
    """

    def __init__(self, read_root: str, *, is_internal: Callable[[str], bool] | None = None) -> None:
        self.compilers = Compilers()
        self._roots = tuple({path.rstrip("/") + "/" for path in (read_root, os.path.realpath(read_root))})
        self.is_internal = is_internal or self._in_tree
        self._builtin: set[str] = set()
        self._tree = Tree()
        self._files = Files(self._tree, self.is_internal)
        self._bases: dict[SearchPath, Resolver] = {}
        self._resolvers: OrderedDict[tuple[SearchPath, SearchPath], Resolver] = OrderedDict()
        self._argument_files = ArgumentFiles(self._tree)
        self._sets: dict[tuple[str, int], frozenset[str]] = {}

    def scan(self, compile_: Compile) -> ScanResult:
        """Scan one command. Raises SplitphaseError where the compiler cannot be asked or the tree cannot be read."""
        return self._scan(compile_, None)

    def scan_all(self, compiles: Iterable[Compile], *, jobs: int) -> Iterator[ScanResult | SplitphaseError]:
        """Scan many commands, in order; those that fail give their error.

        Where the compiler must be asked about includes, `jobs` of them run at a time.
        """
        compiles = list(compiles)
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            asked = {i: pool.submit(self._ask, item) for i, item in enumerate(compiles) if self._is_computed(item)}
            for i, item in enumerate(compiles):
                try:
                    yield self._scan(item, asked[i].result() if i in asked else None)
                except SplitphaseError as error:
                    yield error

    def _in_tree(self, path: str) -> bool:
        if path.startswith(self._roots):
            return True
        return path.startswith("/nix/store/") and not path.startswith(tuple(f"{place}/" for place in self._builtin))

    def _is_computed(self, compile_: Compile) -> bool:
        try:
            task = _Task(self, compile_)
            return task.is_computed(task.start())
        except SplitphaseError:
            return False  # the scan itself says it again

    def _ask(self, compile_: Compile) -> list[str]:
        arguments = command.read(compile_.argv, compile_.directory)
        return dependencies(arguments, compile_.directory, compile_.env, is_gcc=self.compilers.is_gcc(arguments))

    def _scan(self, compile_: Compile, asked: list[str] | None) -> ScanResult:
        task = _Task(self, compile_)
        bits = task.start()
        computed = task.is_computed(bits)
        if computed:
            bits = task.add_computed(bits, self._ask(compile_) if asked is None else asked)
        special = task.special()
        for path in special:
            bits |= task.plain(path)
        bits = task.add_resources(bits) | task.surroundings()
        items = self._files.items
        contents = frozenset(map(str, items.values(bits & items.all("content"))))
        spelled = bits & items.all("file") & ~items.all("content")
        return ScanResult(
            files=contents.union(map(str, items.values(spelled))) if spelled else contents,
            contents=contents,
            internal=frozenset(map(str, items.values(bits & items.all("internal")))),
            symlinks=self._set("link", bits),
            dirs=self._set("directory", bits),
            used_dirs=self._set("used", bits),
            missing=self._set("missing", bits),
            special=frozenset(special),
            timestamps=self._set("timestamp", bits),
            opaque=self._set("opaque", bits),
            date=bool(bits & items.all("date")),
            computed=computed,
            modules=reads_modules(task.arguments, task.language, said=bool(bits & items.all("modules"))),
        )

    def _set(self, kind: str, bits: int) -> frozenset[str]:
        bits &= self._files.items.all(kind)
        known = self._sets.get((kind, bits))
        if known is None:
            known = self._sets[kind, bits] = frozenset(map(str, self._files.items.values(bits)))
        return known

    def resolver(self, path: SearchPath, builtin: SearchPath) -> Resolver:
        """The resolver of a search path; those used last are kept."""
        key = (path, builtin)
        resolver = self._resolvers.get(key)
        if resolver is None:
            base = self._base(builtin)
            part = _contains(path.angle, builtin.angle)
            resolver = self._resolvers[key] = Resolver(self._files, path, base if part else None)
            if len(self._resolvers) > _KEPT_RESOLVERS:
                self._resolvers.popitem(last=False)
        self._resolvers.move_to_end(key)
        return resolver

    def _base(self, builtin: SearchPath) -> Resolver:
        base = self._bases.get(builtin)
        if base is None:
            path = SearchPath((), builtin.angle)
            base = self._bases[builtin] = Resolver(self._files, path, notes_requests=True)
            for directory in builtin.angle:
                place = self._tree.place(directory)
                if place is not None:
                    self._builtin |= {directory, place.walk.physical}
        return base


class _Task:
    """One compile on its way through the scanner."""

    def __init__(self, scanner: Scanner, compile_: Compile) -> None:
        self._files: Files = scanner._files  # noqa: SLF001 - a part of the scanner
        self._tree = self._files.tree
        self._argument_files: ArgumentFiles = scanner._argument_files  # noqa: SLF001
        self._compile = compile_
        self._is_internal = scanner.is_internal
        self.arguments: Arguments = command.read(compile_.argv, compile_.directory)
        if self.arguments.values("-working-directory"):
            raise SplitphaseError(
                f"-working-directory moves the relative paths of {compile_.source}, which the scanner does not follow",
                hint="leave this step to the build tool",
            )
        self.language = command.language(self.arguments, compile_.source)
        question = (self.arguments, compile_.directory, compile_.env, self.language)
        self._path = scanner.compilers.search_path(*question)
        self._resolver = scanner.resolver(self._path, scanner.compilers.builtin_path(*question))
        self._source = tidy(os.path.join(compile_.directory, compile_.source))

    def start(self) -> int:
        """The closure of the source and of the headers that the command or the compiler puts in front of it."""
        directory = self._compile.directory
        bits = self._follow(self._source)
        for name in self.arguments.values("-include", "-imacros", "-include-pch"):
            bits |= self._first(name, (directory,))
        for name in ("stdc-predef.h", *_IMPLIED.get(self.language, ())):
            nodes, way = self._resolver.lookup(name, "angle")
            if nodes:
                bits |= way | self._close(nodes)
        return bits

    def is_computed(self, bits: int) -> bool:
        return bool(bits & self._files.items.all("computed")) or unusual_charset(self.arguments)

    def add_computed(self, bits: int, asked: Iterable[str]) -> int:
        """Add what the compiler itself says, and what `__has_include(MACRO)` may ask for, which no compiler says."""
        for path in asked:
            bits |= self._follow(path)
        directory = os.path.dirname(self._source)
        for value in self.arguments.values("-D"):
            match = _HEADER_MACRO.fullmatch(value)
            if match:
                bits |= self._first(match[1] or match[2], (directory, self._compile.directory), required=False)
        done = 0
        while new := bits & self._files.items.all("literal") & ~done:
            done |= new
            for beside, name in self._files.items.values(new):  # a pair, see Files
                bits |= self._first(name, (beside, directory), required=False)
        return bits

    def add_resources(self, bits: int) -> int:
        """Add what `#embed`, `.incbin` and `.include` name: beside the includer, from where it runs, on the path."""
        items = self._files.items
        done = 0
        while new := bits & items.all("resource") & ~done:
            done |= new
            for beside, name, follow, incbin in items.values(new):  # see Files
                found = False
                for directory in (beside, *self._resource_directories()):
                    hit = self._files.find(directory, name)
                    if hit is not None:
                        found = True
                        bits |= hit[1]
                        for node in hit[0]:
                            bits |= self._resolver.closure(node) if follow else self.plain(node.path)
                if not found:
                    bits |= items.bit("opaque", incbin) if incbin else items.bit("missing", name)
        return bits

    def special(self) -> set[str]:
        """The files that the command itself names."""
        found = set(self.arguments.response_files)
        found.update(self._argument_files.find(self.arguments, self._compile.directory))
        found.update(profile_files(self.arguments, self._compile.directory, self._source))
        found.update(self._project_compiler())
        found.discard(self._source)
        return found

    def _project_compiler(self) -> Iterator[str]:
        """A compiler, or a script around it, that the project brings along."""
        for word in self.arguments.compiler:
            path = os.path.join(self._compile.directory, word)
            if "/" in word and self._is_internal(os.path.realpath(path)) and self._tree.is_file(path):
                yield tidy(path)

    def plain(self, path: str) -> int:
        """A file that is read but not scanned."""
        directory, _, name = path.rpartition("/")
        place = self._tree.place(directory or "/")
        if place is None:
            return 0
        return self._files.plain(place, name) | self._files.way(place)

    def surroundings(self) -> int:
        """The working directory; and all search directories, if the command warns about absent ones."""
        directories = [self._compile.directory]
        if any("missing-include-dirs" in option.name for option in self.arguments.options):
            directories += self._path.quote + self._path.angle
        bits = 0
        for directory in directories:
            place = self._tree.place(directory)
            if place is not None:
                bits |= self._files.way(place) | self._files.items.bit("directory", place.walk.physical)
        return bits

    def _resource_directories(self) -> Iterator[str]:
        directory = self._compile.directory
        yield directory
        yield os.path.dirname(self._source)
        yield from self._path.quote
        yield from self._path.angle
        for option in self.arguments.options:
            if option.name == "--embed-dir" or (option.wrapper == "-Xassembler" and option.name == "-I"):
                yield os.path.join(directory, option.value)

    def _first(self, name: str, directories: Iterable[str], *, required: bool = True) -> int:
        """Follow a name that is looked for in these directories, then along the path."""
        bits = 0
        for directory in directories:
            hit = self._files.find(directory, name)
            if hit is not None:
                bits |= hit[1] | self._close(hit[0])
                if required and hit[0]:
                    return bits
        nodes, way = self._resolver.lookup(tidy(name), "quote")
        return bits | self._close(nodes) | (way if required or nodes else 0)

    def _follow(self, path: str) -> int:
        hit = self._files.find("/", path)
        if hit is None:
            return self._files.items.bit("missing", path)
        return hit[1] | self._close(hit[0])

    def _close(self, nodes: Iterable[Node]) -> int:
        bits = 0
        for node in nodes:
            bits |= self._resolver.closure(node)
        return bits


def _contains(path: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Whether `part` stands in `path` without anything in between."""
    if not part or part[0] not in path:
        return False
    start = path.index(part[0])
    return path[start : start + len(part)] == part
