"""The two oracles of the scanner: the compiler's own `-M`, and the object that comes out of the pack alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.scan import arguments
from splitphase.scan.closure import Compile, Scanner, ScanResult
from splitphase.scan.dependencies import dependencies

_ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


class Project:
    """A source tree that a test writes, scans and compiles."""

    def __init__(self, root: Path, compiler: str) -> None:
        self.root = root
        self.compiler = compiler
        self.env = dict(_ENVIRONMENT)
        root.mkdir(parents=True, exist_ok=True)

    @property
    def cxx(self) -> str:
        return {"gcc": "g++", "clang": "clang++"}[self.compiler]

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def link(self, name: str, target: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def compile(self, *words: str, source: str = "main.c", directory: str = "", driver: str = "") -> Compile:
        argv = (driver or self.compiler, *words, "-c", "-o", str(self.root / "out.o"), source)
        return Compile(str(self.root / directory), argv, source, self.env)

    def scan(self, compile_: Compile) -> ScanResult:
        return Scanner(str(self.root)).scan(compile_)

    def names(self, paths: frozenset[str]) -> set[str]:
        """Those of the paths that lie in the tree, relative to it."""
        prefix = f"{self.root}/"
        return {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}

    def build(self, compile_: Compile) -> bytes:
        done = subprocess.run(compile_.argv, cwd=compile_.directory, env=compile_.env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        target = self.root / "out.o"
        content = target.read_bytes()
        target.unlink()
        return content

    def pack(self, result: ScanResult) -> None:
        """Replace the tree by what the result names, and nothing else."""
        original = self.root.with_name(self.root.name + ".original")
        self.root.rename(original)
        self.root.mkdir()
        try:
            for name in self.names(result.dirs):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            for name in self.names(result.symlinks):
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                (self.root / name).symlink_to(os.readlink(original / name))
            for name in self.names(result.internal):
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(original / name, self.root / name)
        except BaseException:
            self.unpack()
            raise

    def unpack(self) -> None:
        """Put the original tree back."""
        shutil.rmtree(self.root)
        self.root.with_name(self.root.name + ".original").rename(self.root)

    def prove(self, compile_: Compile) -> ScanResult:
        """Scan, ask `-M`, and compile from the pack alone: no file may be missing and the object must be the same."""
        result = self.scan(compile_)
        words = arguments.read(compile_.argv, compile_.directory)
        asked = dependencies(words, compile_.directory, compile_.env, is_gcc=self.compiler == "gcc")
        assert {os.path.realpath(path) for path in asked} <= result.contents
        assert result.internal <= result.contents <= result.files
        expected = self.build(compile_)
        self.pack(result)
        try:
            assert self.build(compile_) == expected
        finally:
            self.unpack()
        return result


@pytest.fixture(params=["gcc", "clang"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    return Project(tmp_path / "tree", request.param)
