"""One compile on its way through the scanner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from splitphase.errors import SplitphaseError

from . import arguments as command
from .arguments import Arguments
from .directives import tidy
from .extras import ArgumentFiles, profile_files, unusual_charset
from .facts import Compile
from .given import given
from .resolve import Files, Node, Resolver
from .search import Compilers, SearchPath
from .tree import Tree

_IMPLIED = {
    "cuda": ("__clang_cuda_runtime_wrapper.h", "cuda_runtime.h"),
    "hip": ("__clang_hip_runtime_wrapper.h", "hip/hip_runtime.h"),
    "cl": ("opencl-c.h", "opencl-c-base.h"),
}
"""Headers that the compiler includes unasked, besides stdc-predef.h."""
_MACHINE = ("/bin/", "/boot/", "/dev/", "/etc/", "/proc/", "/run/", "/sbin/", "/sys/", "/usr/bin/", "/var/")
"""Folders of the machine itself, its state and programs. Texts name files of them (paths.h), includes do not."""


class Task:
    """One compile on its way through the scanner. What it knows holds while the tree's answers do."""

    def __init__(
        self,
        compile_: Compile,
        files: Files,
        argument_files: ArgumentFiles,
        compilers: Compilers,
        resolver: Callable[[SearchPath, SearchPath], Resolver],
    ) -> None:
        self._files = files
        self._tree: Tree = files.tree
        self._argument_files = argument_files
        self._compile = compile_
        self.arguments: Arguments = command.read(compile_.argv, compile_.directory)
        if self.arguments.values("-working-directory"):
            raise SplitphaseError(
                f"-working-directory moves the relative paths of {compile_.source}, which the scanner does not follow",
                hint="it is left to the compiler",
            )
        self.language = command.language(self.arguments, compile_.source)
        self.given = given(self.arguments, compile_.directory, compile_.env)
        self.special: set[str] = set()
        """The files that the command itself names."""
        question = (self.arguments, compile_.directory, compile_.env, self.language)
        self._path = compilers.search_path(*question)
        self._resolver = resolver(self._path, compilers.builtin_path(*question))
        self._source = tidy(os.path.join(compile_.directory, compile_.source))

    def start(self) -> int:
        """The closure of the source and of the headers that the command or the compiler puts in front of it."""
        directory = self._compile.directory
        bits = self._follow(self._source)
        for name in self.given.headers:
            bits |= self._first(name, (directory,))
        for name in ("stdc-predef.h", *_IMPLIED.get(self.language, ())):
            nodes, way = self._resolver.lookup(name, "angle")
            if nodes:
                bits |= way | self._close(nodes)
        return self._add_values(bits)

    def is_computed(self, bits: int) -> bool:
        """Whether only the compiler knows all that it reads."""
        said = bits & self._files.items.all("computed") or self.given.directives.computed
        if said or unusual_charset(self.arguments):
            return True
        named = self._macros("named", bits)
        return bool(named) and not self._files.names(bits, named, self.given.text)[1]

    def finish(self, bits: int, asked: Iterable[str] | None) -> int:
        """Add all that the closure does not tell by itself; `asked` is the compiler's answer where it is computed."""
        bits |= self._add_macros(bits)
        for path in asked or ():
            bits |= self._follow(path)
        bits = self._add_values(bits)
        self.special = self._special()
        for path in self.special:
            bits |= self._plain(path)
        return self._add_hidden(self._add_resources(bits)) | self._surroundings()

    def _add_hidden(self, bits: int) -> int:
        """Add which files ask `__has_include` for names that cannot be seen."""
        asked, wrappers = self._macros("asked", bits), self._macros("wrappers", bits)
        hidden = self.given.directives.opaque
        hidden |= bool(asked) and not self._files.names(bits, asked, self.given.text)[1]
        hidden |= bool(wrappers) and self._files.wraps(bits, wrappers, self.given.text)
        return bits | self._files.items.bit("opaque", self._source) if hidden else bits

    def _macros(self, kind: str, bits: int) -> frozenset[str]:
        """The macros of one kind that these files and the command name."""
        return frozenset(macro for macro, _ in self._places(kind, bits))

    def _places(self, kind: str, bits: int) -> Iterator[tuple[str, str]]:
        """The same, with the folders in which they are named."""
        yield from ((macro, self._compile.directory) for macro in getattr(self.given.directives, kind))
        yield from self._files.items.values(bits & self._files.items.all(kind))

    def _add_macros(self, bits: int) -> int:
        """Add what `-DHAVE=__has_include(<x>)` asks for, wherever it is used."""
        said = self.given.directives
        if said.quote or said.following:
            spelled = self._files.items.values(bits & self._files.items.all("file"))
            directories = dict.fromkeys((self._compile.directory, *map(os.path.dirname, spelled)))
            for name in (*said.quote, *said.following):
                bits |= self._first(name, directories, required=False)
        for form, names in (("angle", said.angle), ("all", said.following)):
            for name in names:
                if self._is_of_machine(name):
                    continue
                nodes, way = self._resolver.lookup(name, form)
                bits |= way | self._close(nodes)
        return bits

    def _add_values(self, bits: int) -> int:
        """Add what `#include MACRO` and `__has_include(MACRO)` may lead to where these macros are header names."""
        items = self._files.items
        done: set[tuple[str, str]] = set()
        while bits & (items.all("named") | items.all("asked")) or self.given.directives.asked:
            places = {*self._places("named", bits), *self._places("asked", bits)}
            values, _ = self._files.names(bits, frozenset(macro for macro, _ in places), self.given.text)
            new = {(value, beside) for value in values for _, beside in places} - done
            if not new:
                break
            done |= new
            for value, beside in sorted(new):
                name = value[1:-1]
                if not self._is_of_machine(name):
                    bits |= self._first(name, (beside, self._compile.directory), required=False)
                    nodes, way = self._resolver.lookup(tidy(name), "angle")
                    bits |= self._close(nodes) | (way if nodes else 0)
        return bits

    def _add_resources(self, bits: int) -> int:
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
                            bits |= self._resolver.closure(node) if follow else self._plain(node.path)
                if not found:
                    bits |= items.bit("opaque", incbin) if incbin else items.bit("missing", name)
        return bits

    def _special(self) -> set[str]:
        found = {*self.arguments.response_files, *self.given.response_files}
        named = self._argument_files.find(self.arguments, self._compile.directory, self._compile.source)
        found.update(path for path in named if not self._is_of_machine(path))  # -DSHELL="/bin/sh"
        found.update(profile_files(self.arguments, self._compile.directory, self._source))
        found.update(self._project_compiler())
        found.discard(self._source)
        return found

    def _project_compiler(self) -> Iterator[str]:
        """A compiler, or a script around it, that the project brings along."""
        for word in self.arguments.compiler:
            path = os.path.join(self._compile.directory, word)
            if "/" in word and self._files.is_internal(os.path.realpath(path)) and self._tree.is_file(path):
                yield tidy(path)

    def _plain(self, path: str) -> int:
        """A file that is read but not scanned."""
        directory, _, name = path.rpartition("/")
        place = self._tree.place(directory or "/")
        if place is None:
            return 0
        return self._files.plain(place, name) | self._files.way(place)

    def _surroundings(self) -> int:
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

    def _is_of_machine(self, path: str) -> bool:
        """Whether a file is one of the machine itself; the tree may lie below such a folder."""
        return path.startswith(_MACHINE) and not self._files.is_internal(path)

    def _first(self, name: str, directories: Iterable[str], *, required: bool = True) -> int:
        """Follow a name that is looked for in these directories, then along the path."""
        bits = 0
        if not required and self._is_of_machine(name):
            return bits
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
