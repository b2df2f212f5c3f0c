"""All files that one compile command may read, for a whole tree of commands in about the time of reading the tree.

The answer is a superset: see `directives` for what counts as an include. What the compiler finds under a name it also
finds in a tree that holds the answer alone, because nothing that a name meets first is left out and nothing is added.

The tree may change between two scans. Lookups are remembered until a name that was ever looked for comes, goes or
leads elsewhere (`tree`); what files say, until their content changes (`contents`).
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from splitphase.errors import SplitphaseError

from . import arguments as command
from .contents import Contents
from .dependencies import dependencies
from .extras import ArgumentFiles, reads_modules
from .facts import Compile, ScanResult
from .resolve import Files, Resolver
from .search import Compilers, SearchPath
from .signatures import Fixed
from .task import Task
from .tree import Tree

__all__ = ["Compile", "ScanResult", "Scanner"]

_KEPT_RESOLVERS = 64
_TRIES = 10


class Scanner:
    """Scans compile commands of one tree. Threads may share one.

    `is_internal` says which files are the project's; it does not decide what is followed. By default: what lies below
    `read_root`, and store paths outside the compiler's own directories. Paths below one of `fixed` (each ends in `/`)
    never change, except below `read_root` and in the folders `mutable`: the package's own outputs.
    """

    def __init__(
        self,
        read_root: str,
        *,
        is_internal: Callable[[str], bool] | None = None,
        fixed: tuple[str, ...] = ("/nix/store/",),
        mutable: tuple[str, ...] = (),
    ) -> None:
        tops = tuple({path.rstrip("/") for path in (read_root, os.path.realpath(read_root))})
        unchanging = Fixed(fixed, (*tops, *(path.rstrip("/") for path in mutable)))
        self.contents = Contents(unchanging)
        self._tree = Tree(unchanging)
        self.compilers = Compilers(self._tree)
        self._roots = tuple(f"{top}/" for top in tops)
        self.is_internal = is_internal or self._in_tree
        self._builtin: set[str] = set()
        self._files = Files(self._tree, self.contents, self.is_internal)
        self._bases: dict[SearchPath, Resolver] = {}
        self._resolvers: OrderedDict[tuple[SearchPath, SearchPath], Resolver] = OrderedDict()
        self._argument_files = ArgumentFiles(self._tree)
        self._sets: dict[tuple[str, int], frozenset[str]] = {}
        self._lock = threading.Lock()

    def scan(self, compile_: Compile) -> ScanResult:
        """Scan one command as of now.

        Raises SplitphaseError where the compiler cannot be asked, the tree cannot be read, or it does not keep still.
        """
        return self._scan(compile_)[0]

    def scan_contents(self, compile_: Compile) -> tuple[ScanResult, dict[str, bytes]]:
        """The same, with the digests (SHA-256) of all `contents` that are regular files.

        This is `contents.digests` of the result, but looks at each file once.
        """
        result, digests = self._scan(compile_)
        rest = result.contents.difference(digests)
        return result, (digests | self.contents.digests(rest)) if rest else digests

    def _scan(self, compile_: Compile) -> tuple[ScanResult, dict[str, bytes]]:
        asked: list[str] | None = None
        for _ in range(_TRIES):
            with self._lock:
                self._refresh()
                task = self._task(compile_)
                start = task.start()
                if asked is None and task.is_computed(start):
                    # Only if the files really say so: a compiler's complaint would be the answer.
                    computed = self._check(start) is not None
                else:
                    computed = False
                    bits = task.finish(start, asked if task.is_computed(start) else None)
                    digests = self._check(bits)
                    if digests is not None:
                        return self._result(task, bits, computed=task.is_computed(start)), digests
            # Without the lock: others go on while a compiler runs. The tree may change meanwhile, so look again.
            asked = self._ask(compile_) if computed else None
        raise SplitphaseError(
            f"what {compile_.source} includes changes all the time",
            hint="find out which part of the build writes these headers; this one is left to the compiler",
        )

    def scan_all(self, compiles: Iterable[Compile], *, jobs: int) -> Iterator[ScanResult | SplitphaseError]:
        """Scan many commands, in order; those that fail give their error. The tree must not change meanwhile.

        Where the compiler must be asked about includes, `jobs` of them run at a time.
        """
        compiles = list(compiles)
        self._refresh()
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            asked = {i: pool.submit(self._ask, item) for i, item in enumerate(compiles) if self._is_computed(item)}
            for i, item in enumerate(compiles):
                try:
                    task = self._task(item)
                    bits = task.finish(task.start(), asked[i].result() if i in asked else None)
                    yield self._result(task, bits, computed=i in asked)
                except SplitphaseError as error:
                    yield error

    def _refresh(self) -> None:
        if self._tree.refresh():
            self._forget()

    def _check(self, bits: int) -> dict[str, bytes] | None:
        """The digests of the closure's files; None where one says something else by now, so the closure is another."""
        digests = self._files.check(bits)
        if digests is None:
            self._tree.forget()
            self._forget()
        return digests

    def _forget(self) -> None:
        self._files.forget()
        self._argument_files.forget()
        self._bases.clear()
        self._resolvers.clear()
        self._sets.clear()

    def _in_tree(self, path: str) -> bool:
        if path.startswith(self._roots):
            return True
        return path.startswith("/nix/store/") and not path.startswith(tuple(f"{place}/" for place in self._builtin))

    def _is_computed(self, compile_: Compile) -> bool:
        try:
            task = self._task(compile_)
            return task.is_computed(task.start())
        except SplitphaseError:
            return False  # the scan itself says it again

    def _ask(self, compile_: Compile) -> list[str]:
        arguments = command.read(compile_.argv, compile_.directory)
        return dependencies(arguments, compile_.directory, compile_.env, is_gcc=self.compilers.is_gcc(arguments))

    def _task(self, compile_: Compile) -> Task:
        return Task(compile_, self._files, self._argument_files, self.compilers, self._resolver)

    def _result(self, task: Task, bits: int, *, computed: bool) -> ScanResult:
        items = self._files.items
        content, internal = bits & items.all("content"), bits & items.all("internal")
        contents = frozenset(items.values(content))
        spelled = bits & items.all("file") & ~items.all("content")
        return ScanResult(
            files=contents.union(items.values(spelled)) if spelled else contents,
            contents=contents,
            internal=contents if internal == content else frozenset(items.values(internal)),
            symlinks=self._set("link", bits),
            dirs=self._set("directory", bits),
            used_dirs=self._set("used", bits),
            missing=self._set("missing", bits),
            special=frozenset(task.special),
            timestamps=contents if task.given.directives.timestamp else self._set("timestamp", bits),
            opaque=self._set("opaque", bits),
            date=bool(bits & items.all("date")) or task.given.directives.date,
            computed=computed,
            modules=reads_modules(task.arguments, task.language, said=bool(bits & items.all("modules"))),
        )

    def _set(self, kind: str, bits: int) -> frozenset[str]:
        bits &= self._files.items.all(kind)
        known = self._sets.get((kind, bits))
        if known is None:
            known = self._sets[kind, bits] = frozenset(self._files.items.values(bits))
        return known

    def _resolver(self, path: SearchPath, builtin: SearchPath) -> Resolver:
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


def _contains(path: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Whether `part` stands in `path` without anything in between."""
    if not part or part[0] not in path:
        return False
    start = path.index(part[0])
    return path[start : start + len(part)] == part
