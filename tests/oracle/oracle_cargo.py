"""The oracle for cargo: a workspace with build scripts, a procedural macro and vendored packages, edited at random."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import oracle
from oracle_edits import Edit
from oracle_tree import Node, State, clear, read, write
from rustshim import in_front
from shimmed import stock

WORKSPACE = Path(__file__).resolve().parents[2] / "checks/fixtures/cargo"
_SOURCES = (
    "app/src/main.rs",
    "app/src/words.rs",
    "core/src/lib.rs",
    "core/src/inner.rs",
    "plain/src/lib.rs",
    "shared/shared.rs",
    "aside/src/lib.rs",
    "derive/src/lib.rs",
    "vendor/tiny/src/lib.rs",
    "vendor/native/src/lib.rs",
)
_DATA = (
    "data/banner.txt",
    "data/limits.txt",
    "data/undeclared.txt",
    "data/unread.txt",
    "core/table.txt",
)
_OWN = re.compile(r"^(?:[\w-]+/)*target(?:/[\w-]+)?/(?:\.rustc_info\.json$|[\w/-]*/invoked\.timestamp$)")
"""A cache of cargo's own, and when it began."""
_TIMES = re.compile(r"/\.fingerprint/")
"""cargo's records: which there are is compared, what they hold (times among it) is not."""


def source(state: State, chance: random.Random) -> str:
    """A new function in a source."""
    path = chance.choice([path for path in _SOURCES if path in state.tree])
    state.put(
        path, state.text(path) + f"\npub fn edited_{chance.randrange(1 << 30)}() -> u32 {{ {chance.randrange(9)} }}\n"
    )
    return f"changed {path}"


def _value(state: State, chance: random.Random) -> str:
    path = chance.choice([path for path in _SOURCES if path in state.tree])
    text = re.sub(r"(?m)^    (\d)$", lambda match: f"    {(int(match[1]) + 1) % 10}", state.text(path))
    if text == state.text(path):
        return ""
    state.put(path, text)
    return f"value in {path}"


def _data(state: State, chance: random.Random) -> str:
    path = chance.choice(_DATA)
    if path not in state.tree:
        return ""
    state.put(path, state.text(path) + f"{chance.randrange(99)}\n")
    return f"data {path}"


def undeclared(state: State, chance: random.Random) -> str:
    """A file that a build script or a macro reads and does not declare."""
    path = chance.choice(("data/limits.txt", "data/undeclared.txt"))
    state.put(path, state.text(path) + "more\n")
    return f"read undeclared: {path}"


def _deleted_data(state: State, chance: random.Random) -> str:
    path = chance.choice(("data/limits.txt", "data/undeclared.txt", "data/unread.txt"))
    if path not in state.tree:
        state.put(path, "again\n")
        return f"{path} is there again"
    state.remove(path)
    return f"deleted {path}"


def _module(state: State, chance: random.Random) -> str:
    place = chance.choice(("app/src", "core/src", "aside/src"))
    main = f"{place}/{'main' if place == 'app/src' else 'lib'}.rs"
    name = f"m{chance.randrange(100)}"
    if f"mod {name};" in state.text(main):
        return ""
    file = chance.choice((f"{place}/{name}.rs", f"{place}/{name}/mod.rs"))
    state.put(file, f"pub fn {name}() -> u32 {{ 1 }}\n")
    state.put(main, f"mod {name};\n{state.text(main)}")
    return f"new module {file}"


def _moved(state: State, chance: random.Random) -> str:
    for old, new in (
        ("core/src/inner.rs", "core/src/inner/mod.rs"),
        ("app/src/words.rs", "app/src/words/mod.rs"),
    ):
        if chance.random() < 0.5:
            one, other = (old, new) if old in state.tree else (new, old)
            if one in state.tree:
                node = state.tree[one]
                state.remove(one)
                state.set(other, node)
                return f"moved {one} to {other}"
    return ""


def _both(state: State, _chance: random.Random) -> str:
    """An error: a module has two files."""
    state.put("core/src/inner/mod.rs", "pub fn inner() -> u32 { 8 }\n")
    return "core/src/inner.rs and inner/mod.rs"


def _unread_module(state: State, chance: random.Random) -> str:
    path = chance.choice(("core/src", "app/src", "shared", "vendor/tiny/src")) + f"/unread{chance.randrange(9)}.rs"
    state.put(path, f"pub fn nobody_{chance.randrange(99)}() {{}}\n")
    return f"unread {path}"


def _script(state: State, chance: random.Random) -> str:
    path = chance.choice(("core/build.rs", "vendor/native/build.rs"))
    state.put(path, state.text(path) + f"// {chance.randrange(99)}\n")
    return f"changed {path}"


def _undeclared_script(state: State, _chance: random.Random) -> str:
    text = state.text("core/build.rs")
    lines = [line for line in text.splitlines() if "rerun-if-changed" not in line]
    if len(lines) == len(text.splitlines()):
        return ""
    state.put("core/build.rs", "\n".join(lines) + "\n")
    return "core/build.rs declares nothing"


def _new_script(state: State, _chance: random.Random) -> str:
    path = "aside/build.rs"
    if path in state.tree:
        state.remove(path)
        return f"deleted {path}"
    state.put(path, 'fn main() { println!("cargo:rerun-if-changed=build.rs"); }\n')
    return f"new {path}"


def _feature(state: State, _chance: random.Random) -> str:
    text = state.text("app/Cargo.toml")
    old, new = "default = []", 'default = ["loud"]'
    state.put("app/Cargo.toml", text.replace(old, new) if old in text else text.replace(new, old))
    return "feature of app"


def _profile(state: State, chance: random.Random) -> str:
    text = state.text("Cargo.toml")
    state.put("Cargo.toml", re.sub(r"opt-level = .*", f"opt-level = {chance.choice((0, 1, 2))}", text))
    return "profile"


def _version(state: State, chance: random.Random) -> str:
    part = chance.choice(("app", "aside", "plain", "core"))
    name = "core-part" if part == "core" else part
    text = state.text(f"{part}/Cargo.toml")
    version = f'version = "0.1.{chance.randrange(50)}"'
    state.put(f"{part}/Cargo.toml", re.sub(r'version = "0[^"]*"', version, text, count=1))
    lock = re.sub(rf'(name = "{name}"\n)version = "[^"]*"', rf"\g<1>{version}", state.text("Cargo.lock"))
    state.put("Cargo.lock", lock)
    return f"version of {part}"


def _member(state: State, _chance: random.Random) -> str:
    text = state.text("app/Cargo.toml")
    if "aside" in text:
        return ""
    state.put("app/Cargo.toml", text + 'aside = { path = "../aside" }\n')
    lock = state.text("Cargo.lock").replace(
        'dependencies = [\n "core-part"', 'dependencies = [\n "aside",\n "core-part"', 1
    )
    state.put("Cargo.lock", lock)
    return "app needs aside"


def _checksum(state: State, chance: random.Random) -> str:
    name = chance.choice(("tiny", "native"))
    path = f"vendor/{name}/.cargo-checksum.json"
    old = state.text(path).split('"')[-2]
    new = "".join(chance.choice("0123456789abcdef") for _ in range(64))
    state.put(path, state.text(path).replace(old, new))
    state.put("Cargo.lock", state.text("Cargo.lock").replace(old, new))
    state.put(f"vendor/{name}/README", new)
    return f"another {name}"


def _environment(state: State, chance: random.Random) -> str:
    name, value = chance.choice(
        (("APP_GREETING", "hello"), ("NATIVE_LEVEL", "2"), ("RUSTFLAGS", "-Cdebuginfo=1"), ("OTHER", "1"))
    )
    if state.environment.pop(name, None) is None:
        state.environment[name] = value
    return f"variable {name}"


def _date(state: State, chance: random.Random) -> str:
    state.epoch += chance.randrange(1, 99)
    return "date"


def _mode(state: State, chance: random.Random) -> str:
    path = chance.choice([*_SOURCES, *_DATA])
    if path not in state.tree or state.tree[path].data is None:
        return ""
    node = state.tree[path]
    state.set(path, Node(node.data, mode=0o755 if node.mode == 0o644 else 0o644))
    return f"mode of {path}"


def _link(state: State, chance: random.Random) -> str:
    if state.tree["shared/shared.rs"].target is None:
        state.set("data/kept.rs", state.tree["shared/shared.rs"])
        state.put("data/other.rs", "pub fn value() -> u32 { 5 }\n")
        state.set("shared/shared.rs", Node(target="../data/kept.rs"))
        return "shared.rs is a link"
    state.set("shared/shared.rs", Node(target=f"../data/{chance.choice(('kept', 'other'))}.rs"))
    return "shared.rs leads elsewhere"


def _folder_link(state: State, _chance: random.Random) -> str:
    state.set("app/src/linked", Node(target="../../shared"))
    return "link to a folder"


def _renamed(state: State, chance: random.Random) -> str:
    name = f"banner{chance.randrange(50)}.txt"
    found = re.search(r"data/(banner\d*\.txt)", state.text("app/src/main.rs"))
    if found is None or f"data/{found[1]}" not in state.tree or found[1] == name:
        return ""
    state.set(f"data/{name}", state.tree[f"data/{found[1]}"])
    state.remove(f"data/{found[1]}")
    state.put("app/src/main.rs", state.text("app/src/main.rs").replace(found[1], name))
    return f"renamed {found[1]} to {name}"


def _loose(state: State, chance: random.Random) -> str:
    path = chance.choice(("README.md", "docs/a b.txt", "vendor/tiny/extra.txt", "app/notes", "core/notes"))
    state.put(path, f"{chance.randrange(1000)}\n")
    return f"loose {path}"


def _nothing(_state: State, _chance: random.Random) -> str:
    return "nothing"


EDITS: tuple[Edit, ...] = (
    source, source, source, _value, _value, _data, _data, _deleted_data, _module, _moved, _both, _unread_module,
    _script, _undeclared_script, _new_script, _feature, _profile, _version, _member, _checksum, _environment, _date,
    _mode, _link, _folder_link, _renamed, _loose, _nothing,
)  # fmt: skip


class CargoOracle(oracle.Oracle):
    """Builds states of the workspace with cargo, in one folder."""

    cargo = ("build", "-j2", "--release", "--offline")

    def configure(self, state: State, prefix: str) -> dict[str, str]:
        """Write the tree; returns the environment of the build."""
        clear(self.top)
        self.source = self.top / state.folder
        self.source.mkdir()
        write(state, self.source, random.Random(prefix))
        names = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "RUST", "PYTHON"))}
        names |= {name: os.environ[name] for name in ("RUSTUP_HOME", "CARGO_HOME") if name in os.environ}
        names["PATH"] = f"/usr/bin:{names['PATH']}"  # rustup's rustc is none that says which compiler it is
        environment = stock(names) | {"SOURCE_DATE_EPOCH": str(state.epoch), "LC_ALL": "C.UTF-8", "out": prefix}
        return environment | state.environment

    @property
    def work(self) -> Path:
        """The working directory of the build."""
        return self.source

    def build(self, environment: dict[str, str]) -> bool:
        """Run cargo."""
        given = in_front(environment) if "BASH_ENV" in environment else environment
        return self._run(["cargo", *self.cargo, *self.extra], given, self.work)

    def candidates(self, state: State, sources: Iterable[str]) -> list[str]:  # noqa: ARG002 - as the other tools'
        """Crates: their first sources."""
        return [path for path in _CRATES if path in state.tree]

    def untouched(self, before: State, after: State, candidates: list[str]) -> list[str]:
        """Crates that no edit between the states could reach."""
        changed = {
            path for path in before.tree.keys() | after.tree.keys() if before.tree.get(path) != after.tree.get(path)
        }
        if before.environment != after.environment or before.epoch != after.epoch or _ALL & changed:
            return []
        return [path for path in candidates if not any(_reaches(one, path) for one in changed)]

    def result(self) -> dict[str, str]:
        """Everything that a build left, less what cargo remembers."""
        found = super().result()
        return {
            path: "" if _TIMES.search(path) else entry
            for path, entry in found.items()
            if not _OWN.match(path.partition("/")[2])
        }


_ALL = frozenset(("Cargo.toml", "Cargo.lock", ".cargo/config.toml"))
_NEEDS = {
    "app/src/main.rs": ("app/", "core/", "plain/", "aside/", "derive/", "shared/", "vendor/", "data/"),
    "core/src/lib.rs": ("core/", "derive/", "vendor/tiny/", "app/", "data/", "plain/", "aside/", "docs/", "README.md"),
    "plain/src/lib.rs": ("plain/", "aside/", "shared/", "vendor/native/", "data/"),
    "aside/src/lib.rs": ("aside/",),
    "derive/src/lib.rs": ("derive/",),
    "core/build.rs": ("core/",),
    "vendor/tiny/src/lib.rs": ("vendor/tiny/",),
    "vendor/native/src/lib.rs": ("vendor/native/",),
    "vendor/native/build.rs": ("vendor/native/",),
}
"""What may reach a crate: folders of what it is made from. core's uses a macro, which may read all that is no Rust."""
_CRATES = tuple(_NEEDS)


def _reaches(changed: str, crate: str) -> bool:
    return changed.startswith(_NEEDS[crate])


def run(
    cases: int,
    seed: int,
    start: State | None = None,
    *,
    say: Callable[[str], None] | None = None,
    kinds: tuple[Edit, ...] = EDITS,
    flags: tuple[str, ...] = (),
    ways: oracle.Ways | None = None,
    notes: list[dict[str, Any]] | None = None,
) -> Counter[str]:
    """Run this many cases; raises AssertionError for the first that differs. Returns counts."""
    begin = start or State(read(WORKSPACE))
    given: dict[str, Any] = {"say": say, "kinds": kinds, "flags": flags, "ways": ways, "notes": notes}
    return oracle.run("cargo", cases, seed, begin, maker=CargoOracle, **given)
