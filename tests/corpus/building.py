"""Build a program of the corpus, and run it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from matrix import GROUPS, PROGRAMS, RUST_GROUPS, Case
from worlds import World

_STANDARDS = {"C": "-std=gnu11", "C++": "-std=c++20"}


class BuildError(Exception):
    """A compiler does not know a switch, or a library is not installed."""


def _run(folder: Path, words: Sequence[str | Path], extra: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        words, cwd=folder, check=False, capture_output=True, text=True, env={**os.environ, **(extra or {})}
    )
    if done.returncode:
        raise BuildError(f"{' '.join(map(str, words))}\n{done.stderr[:2000]}")


def build(case: Case, world: World, folder: Path) -> None:
    """Build into a folder that is empty; it is the tree that is rewritten."""
    folder.mkdir(parents=True)
    if case.language == "Rust":
        _build_rust(case, world, folder)
    else:
        _build_c(case, world, folder)


def _build_c(case: Case, world: World, folder: Path) -> None:
    words = [
        case.compiler, "-w", case.level, *GROUPS[case.group].split(), "-I", str(PROGRAMS),
        f"-frandom-seed={world.out[:10]}", f"-ffile-prefix-map={folder}={world.outputs['out']}/src",
        "-fno-pie" if case.kind in ("no-pie", "static") else "-fPIC" if case.kind == "shared" else "-fPIE",
    ]  # fmt: skip
    defined = [f'-D{name}="{value}"' for name, value in world.values().items()]
    plain = "clang" if "clang" in case.compiler else "gcc"
    _run(folder, [*words, _STANDARDS[case.language], *defined, "-c", case.source, "-o", "code.o"])
    _run(folder, [plain, *words[1:], "-c", PROGRAMS / "main.c", "-o", "main.o"])
    if case.kind == "archive":
        _run(folder, ["ar", "rcD", "libcode.a", "code.o"])
        if case.stripped and not case.bytecode:
            _run(folder, ["strip", "--strip-debug", "libcode.a"])
        (folder / "code.o").unlink()
        return
    link(case, folder)
    for name in ("main.o", "code.o"):
        (folder / name).unlink()
    if case.stripped:
        _run(folder, ["strip", "program"])
        if case.kind == "shared":
            _run(folder, ["strip", "libcode.so"])


def link(case: Case, folder: Path) -> None:
    """Link what is there."""
    words = [case.compiler, "-w", case.level, *GROUPS[case.group].split()]
    if case.group == "-flto" and "clang" in case.compiler:
        words.append("-fuse-ld=lld")
    parts = ["main.o", "code.o"]
    if case.kind == "shared":
        _run(folder, [*words, "-shared", "-o", "libcode.so", "code.o"])
        parts = ["main.o", "./libcode.so", "-Wl,-rpath,$ORIGIN"]
    elif case.kind == "archive":
        parts = ["main.o", "libcode.a"]
    mode = {"no-pie": ["-no-pie"], "static": ["-static"]}.get(case.kind, ["-pie"])
    _run(folder, [*words, *mode, "-o", "program", *parts])


def _build_rust(case: Case, world: World, folder: Path) -> None:
    extra = world.values()
    words = ["rustc", "--edition=2021", "-Awarnings", f"-Copt-level={case.level}", *RUST_GROUPS[case.group].split()]
    words += [f"--remap-path-prefix={folder}={world.outputs['out']}/src"]
    words += ["-Cstrip=symbols"] if case.stripped else []
    start = "fn main() { for each in std::env::args().skip(1) { code::corpus(&each); } }\n"
    main = folder / "main.rs"
    if case.kind == "shared":
        main.write_text("extern crate code;\n" + start, encoding="utf-8")
        words.append("-Cprefer-dynamic")
        _run(folder, [*words, "--crate-type=dylib", "--crate-name=code", "-o", "libcode.so", case.source], extra)
        words += ["--extern", "code=libcode.so", "-Clink-arg=-Wl,-rpath,$ORIGIN"]
    else:
        main.write_text(f'#[path = "{case.source}"] mod code;\n{start}', encoding="utf-8")
        words += ["-Crelocation-model=static"] if case.kind == "no-pie" else []
    _run(folder, [*words, "-o", "program", "main.rs"], extra)
    main.unlink()


def run(case: Case, folder: Path, words: Sequence[str]) -> tuple[int, bytes]:
    """Run the program; what comes of it. An archive is linked first."""
    if case.kind == "archive" and not (folder / "program").exists():
        try:
            link(case, folder)
        except BuildError as error:
            return 1, str(error).encode()
    variables = dict(os.environ)
    if case.language == "Rust":
        variables["LD_LIBRARY_PATH"] = _rust_libraries()
    try:
        done = subprocess.run(
            ["./program", *words], cwd=folder, check=False, capture_output=True, timeout=60, env=variables
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error).encode()
    return done.returncode, done.stdout


@cache
def _rust_libraries() -> str:
    done = subprocess.run(["rustc", "--print", "target-libdir"], check=True, capture_output=True, text=True)
    return done.stdout.strip()
