"""Random edits of a kbuild tree."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from oracle_tree import State

Edit = Callable[[State, random.Random], str]
_SCRIPTS = ("scripts/", "tools/", "arch/", "include/", "Documentation/", "docs/", "testsuite/")


def _sources(state: State) -> list[str]:
    """Files of C that the configuration may compile."""
    return [path for path in state.files(".c") if not path.startswith(_SCRIPTS) and "/" in path]


def _compiled(state: State, chance: random.Random) -> str:
    """One whose applet is on, as far as its text says."""
    on = set(re.findall(r"^CONFIG_(\w+)=y", state.text(".config"), re.MULTILINE))
    found = [
        path for path in _sources(state)
        if on & set(re.findall(r"//kbuild:lib-\$\(CONFIG_(\w+)\)", state.text(path))) or path.startswith("libbb/")
    ]  # fmt: skip
    return chance.choice(found or _sources(state))


def source(state: State, chance: random.Random) -> str:
    path = _compiled(state, chance)
    state.put(path, f"{state.text(path)}\nextern int edited_{chance.randrange(10**6)}(void);\n")
    return f"source {path}"


def code(state: State, chance: random.Random) -> str:
    path = _compiled(state, chance)
    number = chance.randrange(10**6)
    state.put(
        path, f"{state.text(path)}\nint edited_{number}(void);\nint edited_{number}(void) {{ return {number}; }}\n"
    )
    return f"code {path}"


def header(state: State, chance: random.Random) -> str:
    path = chance.choice([path for path in state.files(".h", "include/") if "platform" not in path])
    state.put(path, f"{state.text(path)}\n#define EDITED_{chance.randrange(10**6)} 1\n")
    return f"header {path}"


def symbol(state: State, chance: random.Random) -> str:
    """Turn a symbol on or off, of those that need no value."""
    text = state.text(".config")
    lines = re.findall(r"^(?:CONFIG_\w+=y|# CONFIG_\w+ is not set)$", text, re.MULTILINE)
    line = chance.choice([line for line in lines if "STATIC" not in line and "BUILD_LIB" not in line])
    name = re.findall(r"CONFIG_\w+", line)[0]
    other = f"# {name} is not set" if line.endswith("=y") else f"{name}=y"
    state.put(".config", text.replace(line, other))
    return f"symbol {other}"


def value(state: State, chance: random.Random) -> str:
    text = state.text(".config")
    lines = re.findall(r"^CONFIG_\w+=\d+$", text, re.MULTILINE)
    if not lines:
        return symbol(state, chance)
    line = chance.choice(lines)
    changed = f"{line}{chance.randrange(10)}" if len(line.split("=")[1]) < 3 else line
    state.put(".config", text.replace(line, changed))
    return f"value {changed}"


def flags(state: State, chance: random.Random) -> str:
    path = chance.choice(state.files("Kbuild.src") + state.files("Makefile.flags"))
    flag = chance.choice(("-DEDITED=1", "-O1", "-fno-inline", "-O1 -O2", "-O2 -O1"))
    name = "CFLAGS" if path.endswith("flags") else "EXTRA_CFLAGS"
    text = re.sub(r"\nEXTRA_CFLAGS \+= .*\n$", "\n", state.text(path))
    state.put(path, f"{text}\n{name} += {flag}\n")
    return f"flags {path} {flag}"


def added(state: State, chance: random.Random) -> str:
    """One more object, or the one less."""
    name = f"added_{chance.randrange(3)}"
    line = f"lib-y += {name}.o\n"
    text = state.text("libbb/Kbuild.src")
    if line in text:
        state.remove(f"libbb/{name}.c")
        state.put("libbb/Kbuild.src", text.replace(line, ""))
        return f"removed {name}"
    state.put(f"libbb/{name}.c", f'#include "libbb.h"\nint {name} = {chance.randrange(100)};\n')
    state.put("libbb/Kbuild.src", f"{text}{line}")
    return f"added {name}"


def shadow(state: State, chance: random.Random) -> str:
    """A header that is found before another one."""
    name = chance.choice(state.files(".h", "include/")).rsplit("/", 1)[-1]
    folder = chance.choice(("libbb", "coreutils", "shell", "archival", "networking"))
    path = f"{folder}/{name}"
    if path in state.tree:
        state.remove(path)
        return f"no shadow {path}"
    state.put(path, f'#include "../include/{name}"\n#define SHADOWED {chance.randrange(9)}\n')
    return f"shadow {path}"


def shadow_value(state: State, chance: random.Random) -> str:
    """A system header that is found in the tree, with a definition that matters."""
    path = f"include/{chance.choice(('paths.h', 'mntent.h', 'termios.h', 'assert.h'))}"
    if path in state.tree:
        state.remove(path)
        return f"no shadow {path}"
    state.put(path, f'#include_next <{path[8:]}>\n#undef _PATH_BSHELL\n#define _PATH_BSHELL "/x"\n')
    return f"shadow {path}"


def applet(state: State, chance: random.Random) -> str:
    """Where an applet is installed, which stands in a comment and goes into generated tables."""
    path = chance.choice([path for path in _sources(state) if re.search(r"^//applet:", state.text(path), re.MULTILINE)])
    text = state.text(path)
    a, b = chance.sample(["BB_DIR_BIN", "BB_DIR_SBIN", "BB_DIR_USR_BIN", "BB_DIR_USR_SBIN"], 2)
    state.put(path, re.sub(rf"^(//applet:.*){a}\b", rf"\1{b}", text, flags=re.MULTILINE))
    return f"applet {path}"


def usage(state: State, chance: random.Random) -> str:
    path = chance.choice([path for path in _sources(state) if "//usage:" in state.text(path)])
    state.put(path, re.sub(r'(//usage:     "\\n)', r"\1 Edited ", state.text(path), count=1))
    return f"usage {path}"


def date(state: State, chance: random.Random) -> str:
    state.epoch += chance.randrange(1, 10**6)
    return "date"


def script(state: State, chance: random.Random) -> str:
    path = chance.choice(
        [path for path in state.files("", "scripts/") if re.search(r"trylink|mkconfigs|basic/.*\.c", path)]
    )
    text = state.text(path)
    comment = "/* edited */" if path.endswith(".c") else "# edited"
    state.put(path, f"{text}\n{comment}\n", state.tree[path].mode)
    return f"script {path}"


def words(state: State, chance: random.Random) -> str:
    folder = "docs/" if state.files("", "docs/") else "Documentation/"
    path = chance.choice(state.files("", folder))
    state.put(path, f"{state.text(path)}\nedited {chance.random()}\n")
    return f"words {path}"


def data(state: State, chance: random.Random) -> str:
    """A file of a kind that nobody knows."""
    state.put("embed/edited" if chance.random() < 0.5 else "libbb/table.dat", f"edited {chance.random()}\n")
    return "data"


EDITS: tuple[Edit, ...] = (
    source, code, code, header, header, symbol, symbol, symbol, value, flags, added, shadow, shadow_value, applet,
    usage, date, script, words, data,
)  # fmt: skip
