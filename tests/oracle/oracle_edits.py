"""Random edits of the kinds that make builds stale. Each changes a state in place and says what it did, or nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

from oracle_tree import Node, State

Edit = Callable[[State, random.Random], str]
_ODD_NAMES = (
    ".dot",
    "with space.txt",
    "new\nline.txt",
    "ünïcode é.txt",
    "x" * 180 + ".txt",
    "$dollar",
    "a'quote\".h",
    "-dash",
)


def _source(state: State, chance: random.Random) -> str:
    path = chance.choice(state.files(".c"))
    state.put(
        path, state.text(path) + f"int edited_{chance.randrange(1 << 30)}(void) {{ return {chance.randrange(9)}; }}\n"
    )
    return f"changed {path}"


def _comment(state: State, chance: random.Random) -> str:
    path = chance.choice([*state.files(".c"), *state.files(".h")])
    state.put(path, state.text(path) + f"/* {chance.randrange(99)} */\n")
    return f"comment in {path}"


def header(state: State, chance: random.Random) -> str:
    headers = [path for path in state.files(".h") if "#define" in state.text(path)]
    if not headers:
        return ""
    path = chance.choice(headers)
    lines = [line for line in state.text(path).splitlines() if line]
    for index, line in enumerate(lines):
        words = line.split()
        if line.startswith("#define") and len(words) == 3 and words[2].isdigit():
            lines[index] = f"#define {words[1]} {chance.randrange(100)}"
            break
    state.put(path, "\n".join(lines) + "\n")
    return f"value in {path}"


def _new_source(state: State, chance: random.Random) -> str:
    name = f"n{chance.randrange(1000)}"
    state.put(f"src/{name}.c", f"#include <common.h>\nint {name}(void) {{ return COMMON; }}\n")
    return f"new source {name}"


def _removable(state: State) -> list[str]:
    kept = ("src/main.c", "src/m0.c", "src/plug.c", "src/where.c", "src/m1.c")
    return [path for path in state.files(".c", "src/") if path not in kept]


def _delete_source(state: State, chance: random.Random) -> str:
    found = _removable(state)
    if not found:
        return ""
    path = chance.choice(found)
    state.remove(path)
    return f"deleted {path}"


def _rename_source(state: State, chance: random.Random) -> str:
    found = [path for path in _removable(state) if path != "src/blob.c"]
    if not found:
        return ""
    path = chance.choice(found)
    target = f"src/r{chance.randrange(1000)}.c"
    state.set(target, state.tree.pop(path))
    return f"renamed {path} to {target}"


def shadow(state: State, chance: random.Random) -> str:
    headers = list(state.files(".h", "inc/second/"))
    if not headers:
        return ""
    name = chance.choice(headers).rsplit("/", 1)[-1]
    folder = chance.choice(["inc/first", "src"])
    if f"{folder}/{name}" in state.tree:
        state.remove(f"{folder}/{name}")
        return f"no more shadow {folder}/{name}"
    text = state.text(f"inc/second/{name}")
    for digit in "123456789":
        text = text.replace(f" {digit}\n", f" {chance.randrange(100, 200)}\n")
    state.put(f"{folder}/{name}", text)
    return f"shadow {folder}/{name}"


def _system_shadow(state: State, chance: random.Random) -> str:
    path = f"inc/first/{chance.choice(['stdc-predef.h', 'limits.h', 'opt.h'])}"
    if path in state.tree:
        state.remove(path)
        return f"no more {path}"
    state.put(path, "#define SHADOWED 1\n")
    return f"new {path}"


def _optional(state: State, chance: random.Random) -> str:
    path = chance.choice(["inc/first/opt.h", "src/opt.h", "inc/second/opt.h"])
    if path in state.tree:
        state.remove(path)
        return f"no more {path}"
    state.put(path, "")
    return f"new {path}"


def _link(state: State, chance: random.Random) -> str:
    headers = state.files(".h", "inc/second/m")
    if not headers:
        return ""
    path = chance.choice(headers)
    moved = path.replace("inc/second/", "inc/moved-")
    state.set(moved, state.tree[path])
    state.set(path, Node(target="../" + moved.removeprefix("inc/")))
    return f"{path} is a link"


def _unlink(state: State, chance: random.Random) -> str:
    links = sorted(path for path, node in state.tree.items() if node.target is not None and path.endswith(".h"))
    if not links:
        return ""
    path = chance.choice(links)
    number = path.rsplit("/m", 1)[-1].removesuffix(".h")
    state.put(path, f"#define M{number} {chance.randrange(300, 400)}\n")
    return f"{path} is no link any more"


def _folder_link(state: State, chance: random.Random) -> str:
    if "inc/first" in state.tree and state.tree["inc/first"].target:
        state.remove("inc/first")
        return "inc/first is a folder"
    state.remove("inc/first")
    state.set("inc/first", Node(target=chance.choice(["../src", "second", "../data"])))
    return "inc/first is a link to a folder"


def _to_folder(state: State, chance: random.Random) -> str:
    path = chance.choice(["README", "data/note", "inc/first/opt.h"])
    if any(name.startswith(f"{path}/") for name in state.tree):
        state.remove(path)
        state.put(path, "a file\n")
        return f"{path} is a file"
    state.remove(path)
    state.put(f"{path}/inside.h", "#define INSIDE 1\n")
    return f"{path} is a folder"


def _odd_file(state: State, chance: random.Random) -> str:
    path = chance.choice(["", "src/", "inc/first/", "data/"]) + chance.choice(_ODD_NAMES)
    if path in state.tree and chance.random() < 0.5:
        state.remove(path)
        return f"deleted {path!r}"
    state.put(path, bytes(chance.randrange(256) for _ in range(chance.choice([0, 5]))))
    return f"wrote {path!r}"


def _data(state: State, chance: random.Random) -> str:
    path = chance.choice(["data/values.txt", "data/hidden.txt"])
    state.put(path, f"{chance.randrange(1000)}\n")
    return f"changed {path}"


def _blob(state: State, chance: random.Random) -> str:
    state.put("data/blob.bin", bytes(chance.randrange(256) for _ in range(40)))
    return "changed data/blob.bin"


def _map(state: State, chance: random.Random) -> str:
    state.put("data/plug.map", f"{{ global: {chance.choice(['plug;', 'other;', 'plug; other;'])} local: *; }};\n")
    return "changed data/plug.map"


def _script(state: State, chance: random.Random) -> str:
    if "tools/gen.sh" not in state.tree:
        return ""
    name = chance.choice(["common.h", "gen2.h"])
    text = state.text("tools/gen.sh")
    extra = f'mkdir -p gen; echo "#define COMMON {chance.randrange(99)}" > "gen/{name}"\n'
    state.put("tools/gen.sh", text + extra, 0o755)
    return f"the script writes {name} as well"


def _flag(state: State, chance: random.Random) -> str:
    state.defines["LEVEL"] = str(chance.randrange(100))
    return "changed a flag"


def _environment(state: State, chance: random.Random) -> str:
    name, value = chance.choice(
        [("CPATH", "."), ("C_INCLUDE_PATH", "inc"), ("CFLAGS", "-O2"), ("UNRELATED", str(chance.randrange(9)))]
    )
    if name in state.environment:
        del state.environment[name]
    else:
        state.environment[name] = value
    return f"environment {name}"


def _epoch(state: State, chance: random.Random) -> str:
    state.epoch += chance.randrange(1, 1 << 24)
    return "another date"


def _folder(state: State, chance: random.Random) -> str:
    state.folder = chance.choice(["source", "oracle-1", "oracle-1.2"])
    return f"folder {state.folder}"


def _version(state: State, chance: random.Random) -> str:
    state.version = str(chance.randrange(1, 13))
    return f"version {state.version}"


def _mode(state: State, chance: random.Random) -> str:
    path = chance.choice(state.files())
    node = state.tree[path]
    state.set(path, Node(node.data, mode=0o755 if node.mode == 0o644 else 0o444))
    return f"mode of {path!r}"


def _empty(state: State, chance: random.Random) -> str:
    folder = chance.choice(["empty", "inc/first/sub", "src/api.h.d"])
    if folder in state.tree:
        state.remove(folder)
        return f"no more {folder}"
    state.set(folder, Node())
    return f"new empty folder {folder}"


def _nothing(_state: State, _chance: random.Random) -> str:
    return "nothing"


GENERATED: tuple[Edit, ...] = (
    _source, _source, _source, _comment, _comment, header, header, _new_source, _delete_source,
    _rename_source, shadow, shadow,
    _system_shadow, _optional, _link, _unlink, _folder_link, _to_folder, _odd_file, _odd_file, _data, _blob, _map,
    _script, _flag, _environment, _epoch, _mode, _empty, _nothing, _folder, _folder, _version,
)  # fmt: skip


def edit(state: State, chance: random.Random, kinds: tuple[Edit, ...] = GENERATED) -> list[str]:
    """One to three edits, in place."""
    done: list[str] = []
    wanted = chance.choice([1, 1, 1, 2, 3])
    while len(done) < wanted:
        said = chance.choice(kinds)(state, chance)
        if said:
            done.append(said)
    return done


def _real_shadow(state: State, chance: random.Random) -> str:
    headers = state.files(".h")
    sources = [path for path in state.files() if path.endswith((".c", ".cc", ".cpp"))]
    if not headers or not sources:
        return ""
    header, source = chance.choice(headers), chance.choice(sources)
    path = f"{source.rpartition('/')[0]}/{header.rsplit('/', 1)[-1]}".lstrip("/")
    if path in state.tree:
        return ""
    state.put(path, state.text(header) + "\n/* shadow */\nstatic const int oracle_shadow = 1;\n")
    return f"{path} as a copy of {header}"


def _real_source(state: State, chance: random.Random) -> str:
    path = chance.choice([path for path in state.files() if path.endswith((".c", ".cc", ".cpp", ".h"))])
    number = chance.randrange(1 << 30)
    state.put(path, state.text(path) + f"\nstatic const int oracle_{number} __attribute__((used)) = {number};\n")
    return f"changed {path}"


def _real_any(state: State, chance: random.Random) -> str:
    path = chance.choice(
        [path for path in state.files() if not path.endswith((".am", ".ac", ".in", ".m4", "configure"))]
    )
    state.put(path, (state.tree[path].data or b"") + b"\n", state.tree[path].mode)
    return f"a line more in {path}"


REAL: tuple[Edit, ...] = (
    _real_source, _real_source, _real_source, _real_shadow, _real_any, _odd_file, _epoch, _environment,
    _mode, _empty, _nothing, _folder, _folder, _version,
)  # fmt: skip
