import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitphase.intercept.call import Call, Kind, judge
from splitphase.intercept.linker import read_linker
from splitphase.intercept.options import left
from splitphase.intercept.reasons import Reason, unknown
from splitphase.scan import arguments


def reason(words: str) -> str:
    """The first reason among the options in these words."""
    return next(filter(None, map(left, arguments.options(words.split()))), "")


SAFE = """
-DA=b -Ifoo -std=c++20 --std=gnu11 -O2 -Ofast -Og -g -g0 -ggdb3 -gdwarf-4 -gz=zlib -gno-column-info -w -Wall
-Werror=format-security -Wno-error=foo -Wframe-larger-than=2048 -Wl,anything -fPIC -fno-lto -fno-modules -fno-plugin
-fvisibility=hidden -fsanitize=address,undefined -fprofile-generate -fprofile-arcs -ffile-prefix-map=/a=/b
-frandom-seed=x -frecord-gcc-switches -fcf-protection=full -fdiagnostics-format=json -fuse-ld=lld -march=x86-64-v3
-mtune=generic -mcpu=cortex-a53+crypto -msse4.2 -m32 -mno-red-zone --sysroot=/x -pipe -pthread -undef -ansi -nostdinc
-B/nix/store/aaa-bintools/bin/ --gcc-toolchain=/nix/store/aaa-gcc -Wp,-D_FORTIFY_SOURCE=2 -Wa,--noexecstack,-mfpu=neon
-Wa,-gdwarf-5 -Wa,-I,dir -Wa,--defsym,A=1 -Wa,-march=armv8-a+crc
""".split()
SAFE_PAIRS = (
    "--param ssp-buffer-size=4",
    "-include x.h",
    "-T x.ld",
    "-isystem dir",
    "-target x86_64-linux",
    "-Xclang -fno-pch-timestamp",
    "-Xclang -target-feature -Xclang +avx2",
    "-mllvm -inline-threshold=500",
    "-mllvm -x86-pad-for-align=false",
    "-Xassembler --noexecstack",
    "-Xpreprocessor -fopenmp",
)


@pytest.mark.parametrize("words", [*SAFE, *SAFE_PAIRS])
def test_known_to_be_safe(words: str) -> None:
    assert reason(words) == ""


LEFT = {
    "-fprofile-use": Reason.PROFILE,
    "-fprofile-use=dir": Reason.PROFILE,
    "-fbranch-probabilities": Reason.PROFILE,
    "-fauto-profile=x": Reason.PROFILE,
    "-fprofile-instr-use=x": Reason.PROFILE,
    "-fprofile-sample-use=x": Reason.PROFILE,
    "-march=native": Reason.NATIVE,
    "-mtune=native": Reason.NATIVE,
    "-mcpu=native+crc": Reason.NATIVE,
    "-flto": Reason.LTO,
    "-flto=thin": Reason.LTO,
    "-flto=auto": Reason.LTO,
    "-save-temps": Reason.TEMPORARIES,
    "-save-temps=obj": Reason.TEMPORARIES,
    "-fdump-tree-all": Reason.DUMPS,
    "-fdump-final-insns=x": Reason.DUMPS,
    "-dr": Reason.DUMPS,
    "-fcompare-debug": Reason.DUMPS,
    "-aux-info x": Reason.WRITES,
    "-MJ x": Reason.WRITES,
    "-ftime-trace": Reason.WRITES,
    "-fsave-optimization-record": Reason.WRITES,
    "-fcallgraph-info=su": Reason.WRITES,
    "-fdiagnostics-format=sarif-file": Reason.WRITES,
    "-fdiagnostics-add-output=sarif:file=x": Reason.WRITES,
    "-serialize-diagnostics x": Reason.WRITES,
    "-dumpdir x": Reason.WRITES,
    "-fopt-info-vec": Reason.REPORTS,
    "-fopt-info-vec=x": Reason.REPORTS,
    "-ftime-report": Reason.REPORTS,
    "-H": Reason.REPORTS,
    "-time": Reason.REPORTS,
    "-v": Reason.PRINTS,
    "-Wa,-al": Reason.LISTING,
    "-Wa,-adhln=x.lst": Reason.LISTING,
    "-Wa,--MD,x": Reason.WRITES,
    "-Wa,-o,x": unknown("-Wa,-o"),
    "-fplugin=x.so": Reason.PLUGIN,
    "-fplugin-arg-x-y=z": Reason.PLUGIN,
    "-fpass-plugin=x.so": Reason.PLUGIN,
    "-Xclang -load -Xclang x.so": Reason.PLUGIN,
    "-specs=x": Reason.SPECS,
    "--specs=x": Reason.SPECS,
    "--config x": Reason.SPECS,
    "-wrapper gdb": Reason.SPECS,
    "-B.": Reason.PROGRAMS,
    "-B /usr/lib": Reason.PROGRAMS,
    "-resource-dir /x": Reason.PROGRAMS,
    "-fuse-ld=/x/ld": unknown("-fuse-ld"),
    "-ivfsoverlay x": Reason.OVERLAY,
    "-fmodules": Reason.MODULES,
    "-fmodules-ts": Reason.MODULES,
    "-fmodule-map-file=x": Reason.MODULES,
    "-fprebuilt-module-path=x": Reason.MODULES,
    "-gmodules": Reason.MODULES,
    "-fsanitize-ignorelist=x": Reason.IGNORE_LIST,
    "-fsanitize-blacklist=x": Reason.IGNORE_LIST,
    "-include-pch x": Reason.PRECOMPILED,
    "-emit-llvm": Reason.BITCODE,
    "-fopenmp-targets=nvptx64": Reason.OFFLOAD,
    "-foffload=nvptx-none": Reason.OFFLOAD,
    "-MG": Reason.MISSING_HEADERS,
    "-ffoo=bar": unknown("-ffoo"),
    "-mfoo=bar": unknown("-mfoo"),
    "-Wfoo=/etc/passwd": unknown("-Wfoo"),
    "--foo": unknown("--foo"),
    "-mllvm -print-after-all": unknown("-mllvm -print-after-all"),
    "-mllvm -inline-threshold=/x": unknown("-mllvm -inline-threshold"),
    "-Xclang -foo-bar": "",
    "-Xclang -code-completion-at=x": unknown("-code-completion-at"),
    "-I-": unknown("-I-"),
    "-module-dependency-dir x": Reason.MODULES,
    "-final_output x": unknown("-final_output"),
    "-Tbss 0x1000": unknown("-Tbss"),
}


@pytest.mark.parametrize("words", LEFT)
def test_left(words: str) -> None:
    assert reason(words) == LEFT[words]


def test_words_for_the_linker() -> None:
    found = read_linker("-soname x -rpath=/y --version-script v.map -znow -melf_x86_64 -Tk.ld a.o -lz -L/l -O1".split())
    assert (found.reason, found.inputs, found.libraries) == ("", ("v.map", "k.ld", "a.o"), ("z",))


LINKER_LEFT = {
    "-plugin x.so": Reason.PLUGIN,
    "--trace": Reason.REPORTS,
    "-M": Reason.REPORTS,
    "-error-handling-script=x": Reason.SPECS,
    "-mllvm -stats": unknown("-Wl,-mllvm"),
    "--foo=bar": unknown("-Wl,--foo"),
    "-Map=-": Reason.WRITES,
    "-o x": unknown("-Wl,-o"),
    "--reproduce=x": Reason.WRITES,
    "--lto-O2": unknown("-Wl,--lto-O2"),
}


@pytest.mark.parametrize("words", LINKER_LEFT)
def test_words_for_the_linker_that_are_left(words: str) -> None:
    assert read_linker(words.split()).reason == LINKER_LEFT[words]


def test_what_is_listed_is_read_by_the_scanner_alike() -> None:
    words = "-Xclang -include -Xclang x.h -Wp,-MD,d -D A -Wp,-D,B -Xclang"
    assert [(o.name, o.value, o.wrapper) for o in arguments.options(words.split())] == [
        ("-include", "x.h", "-Xclang"),
        ("-MD", "d", "-Xpreprocessor"),
        ("-D", "A", ""),
        ("-D", "B", "-Xpreprocessor"),
    ]


HELP = {
    "gcc": [
        "--help=common",
        "--help=optimizers",
        "--help=target",
        "--help=warnings",
        "--help=c",
        "--help=c++",
        "--help=params",
    ],
    "clang": ["--help-hidden"],
}


def offered(compiler: str) -> list[str]:
    """The options that the compiler's help shows, with a value where the help tells which."""
    texts = [
        subprocess.run([compiler, page], capture_output=True, text=True, check=False).stdout for page in HELP[compiler]
    ]
    found = set()
    for text in texts:
        for name, choices in re.findall(r"^ +(-[\w-][\w+.-]*=?)(?:\[([\w|,.-]+)\]|<[\w.,-]+>)?", text, re.MULTILINE):
            values = choices.split("|") if choices else ["1", "x"]
            found |= {name + value for value in values} if name.endswith("=") else {name}
    return sorted(found)


def snapshot(folder: Path) -> set[str]:
    return {os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder) for name in names}


def compile_with(compiler: str, words: list[str], folder: Path) -> tuple[set[str], set[str]] | None:
    """What a compile that `judge` takes wrote and what was foretold; None if it is left or the compiler refuses."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    (folder / "temporary").mkdir()
    (folder / "a.c").write_text("int f(int a) { return a; }\n")
    words = [*words, "-MD", "-c", "a.c", "-o", "out/a.o"]
    call = Call(f"/usr/bin/{compiler}", tuple(words), str(folder), {})
    judged = judge(call, str(folder))
    if judged.kind is not Kind.COMPILE:
        return None
    before = snapshot(folder)
    environment = os.environ | {"TMPDIR": str(folder / "temporary")}
    done = subprocess.run([compiler, *words], cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        return None
    return snapshot(folder) - before, {judged.output, judged.depfile, *judged.extra} - {""}


def draws(compiler: str) -> Iterator[list[str]]:
    options = [word for word in offered(compiler) if not reason(word)]
    assert len(options) > 500
    generator = random.Random(f"{compiler} and its options")
    for word in generator.sample(options, 60):
        yield [word]
    for _ in range(20):
        yield generator.sample(options, 3)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_options_taken_for_safe_write_only_what_is_foretold(compiler: str, tmp_path: Path) -> None:
    compiled = 0
    for words in draws(compiler):
        found = compile_with(compiler, words, tmp_path / "tree")
        if found is not None:
            compiled += 1
            wrote, foretold = found
            missing = {name for name in foretold - wrote if not name.endswith((".dwo", ".su"))}
            assert (wrote - foretold, missing) == (set(), set()), words
    assert compiled > 20


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_files_beside_the_object(compiler: str, tmp_path: Path) -> None:
    found = compile_with(compiler, ["-g", "-gsplit-dwarf", "-fstack-usage", "--coverage"], tmp_path / "tree")
    assert found is not None
    wrote, foretold = found
    assert wrote == foretold == {"out/a.o", "out/a.d", "out/a.dwo", "out/a.su", "out/a.gcno"}
