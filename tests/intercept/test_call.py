import shlex
from pathlib import Path

import pytest

from splitphase.intercept.call import Call, Judged, Kind, judge
from splitphase.intercept.reasons import Reason, unknown

TOP = "/build/source"
ENVIRONMENT = {
    "NIX_CFLAGS_COMPILE": " -frandom-seed=abcdefghij -isystem /nix/store/aaa-zlib-dev/include",
    "NIX_LDFLAGS": "-rpath /nix/store/bbb-hello/lib  -L/nix/store/ccc-zlib/lib",
    "NIX_HARDENING_ENABLE": "fortify pic",
    "PATH": "/nix/store/ddd-coreutils/bin",
}


def judged(words: str, *, program: str = "gcc", directory: str = TOP, **environment: str) -> Judged:
    call = Call(
        f"/nix/store/eee-gcc-wrapper/bin/{program}", tuple(shlex.split(words)), directory, ENVIRONMENT | environment
    )
    return judge(call, TOP)


COMPILES = {
    "bzip2": (
        "-fpic -fPIC -Wall -Winline -O2 -g -D_FILE_OFFSET_BITS=64 -c blocksort.c",
        "blocksort.c",
        "blocksort.o",
        "",
    ),
    "automake": (
        "-DHAVE_CONFIG_H -I. -I.. -I./lib -g -O2 -MT hello.o -MD -MP -MF .deps/hello.Tpo -c -o hello.o hello.c",
        "hello.c",
        "hello.o",
        ".deps/hello.Tpo",
    ),
    "libtool": (
        "-DHAVE_CONFIG_H -I. -MT la-x.lo -MD -MP -MF .deps/la-x.Tpo -c x.c  -fPIC -DPIC -o .libs/la-x.o",
        "x.c",
        ".libs/la-x.o",
        ".deps/la-x.Tpo",
    ),
    "CMake": (
        (
            "-DLEVELDB_BUILD=1 -I/build/source/include -O3 -DNDEBUG -std=c++11 -fno-exceptions "
            "-fno-rtti -Werror=thread-safety "
            "-MD -MT CMakeFiles/l.dir/db/c.cc.o -MF CMakeFiles/l.dir/db/c.cc.o.d -o CMakeFiles/l.dir/db/c.cc.o "
            "-c /build/source/db/c.cc"
        ),
        "/build/source/db/c.cc",
        "CMakeFiles/l.dir/db/c.cc.o",
        "CMakeFiles/l.dir/db/c.cc.o.d",
    ),
    "Meson": (
        (
            "-Ilib/a.p -Ilib -fvisibility=hidden -fdiagnostics-color=always -D_FILE_OFFSET_BITS=64 -Wall -Winvalid-pch "
            "-std=gnu99 "
            "-O2 -g -msse4.2 -pthread -MD -MQ lib/a.p/a.c.o -MF lib/a.p/a.c.o.d -o lib/a.p/a.c.o -c ./../source/lib/a.c"
        ),
        "./../source/lib/a.c",
        "lib/a.p/a.c.o",
        "lib/a.p/a.c.o.d",
    ),
    "kbuild": (
        (
            "-Wp,-MMD,fs/.open.o.d -nostdinc -I./arch/x86/include -include ./include/linux/kconfig.h -D__KERNEL__ "
            "-fmacro-prefix-map=./= "
            "-std=gnu11 -fshort-wchar -funsigned-char -mno-sse -m64 -falign-jumps=1 "
            "-mpreferred-stack-boundary=3 -mskip-rax-setup -mtune=generic -mcmodel=kernel -Wa,-mrelax-relocations=no "
            "-mindirect-branch=thunk-extern -fno-jump-tables -mharden-sls=all -fpatchable-function-entry=16,16 "
            "-fno-delete-null-pointer-checks -O2 -fno-allow-store-data-races -fstack-protector-strong "
            "-ftrivial-auto-var-init=zero -fno-stack-clash-protection -fzero-call-used-regs=used-gpr "
            "-gdwarf-5 -Wa,-gdwarf-5 "
            "-fstrict-flex-arrays=3 -Wframe-larger-than=2048 -Wno-main "
            "-Wimplicit-fallthrough=5 -mrecord-mcount -mfentry "
            "-DKBUILD_MODFILE='\"fs/open\"' -DKBUILD_BASENAME='\"open\"' -c -o fs/open.o fs/open.c"
        ),
        "fs/open.c",
        "fs/open.o",
        "fs/.open.o.d",
    ),
    "no output named": ("-MMD -c sub/a.c", "sub/a.c", "a.o", "a.d"),
    "depfile beside the output": ("-MD -c a.c -o out/a.c.o", "a.c", "out/a.c.o", "out/a.c.d"),
    "assembler": ("-c -Wa,--noexecstack,--defsym,A=1 -o a.o a.S", "a.S", "a.o", ""),
    "source as another language": ("-x c -c a.inc -o a.o", "a.inc", "a.o", ""),
    "language behind the source": ("-c a.c -x c++ -o a.o", "a.c", "a.o", ""),
}


@pytest.mark.parametrize("name", COMPILES)
def test_compiles(name: str) -> None:
    words, source, output, depfile = COMPILES[name]
    found = judged(words, program="g++" if name == "CMake" else "gcc")
    assert found.reason == ""
    assert (found.kind, found.source, found.output, found.depfile) == (Kind.COMPILE, source, output, depfile)
    assert found.words == tuple(shlex.split(words))


def test_language() -> None:
    assert judged("-c a.c").language == "c"
    assert judged("-c a.c", program="x86_64-unknown-linux-gnu-g++").language == "c++"
    assert judged("-c a.c", program="clang++").language == "c++"
    assert judged("-c a.C").language == "c++"
    assert judged("-c a.s").language == "assembler"
    assert judged("-c a.S").language == "assembler-with-cpp"
    assert judged("-c a.m").language == "objective-c"
    assert judged("-x c++ -c a.c").language == "c++"
    assert judged("-x c++ -x none -c a.c").language == "c"


def test_files_beside_the_object() -> None:
    assert judged("-g -gsplit-dwarf -fstack-usage -c a.c -o o/a.c.o").extra == ("o/a.c.dwo", "o/a.c.su")
    assert judged("--coverage -ftest-coverage -c a.c").extra == ("a.gcno",)
    assert judged("-gsplit-dwarf=single -c a.c").extra == ()
    assert judged("-gsplit-dwarf -fstack-usage -c a.S").extra == ("a.dwo",)


LINKS = {
    "bzip2": ("-O2 -g -o bzip2 bzip2.o -L. -lbz2", "bzip2", ("bzip2.o",), "", ()),
    "no name": ("a.o", "a.out", ("a.o",), "", ()),
    "libtool": (
        (
            "-shared -fPIC -DPIC .libs/x.o -Wl,--whole-archive ./.libs/y.a -Wl,--no-whole-archive "
            "-Wl,-rpath -Wl,/build/l "
            "-lz -g -O2 -Wl,-soname -Wl,libx.so.1 -Wl,-version-script -Wl,.libs/x.ver -o .libs/libx.so.1.0"
        ),
        ".libs/libx.so.1.0",
        (".libs/x.o", "./.libs/y.a", ".libs/x.ver"),
        "",
        (),
    ),
    "CMake": (
        (
            "-O3 -DNDEBUG -Wl,--dependency-file=CMakeFiles/p.dir/link.d -rdynamic CMakeFiles/p.dir/a.cc.o -o p "
            "-Wl,-rpath,/build/source/b: lib/libq.so -Wl,--as-needed -ldl"
        ),
        "p",
        ("CMakeFiles/p.dir/a.cc.o", "lib/libq.so"),
        "CMakeFiles/p.dir/link.d",
        (),
    ),
    "Meson": (
        (
            "-o lib/a.so.1 lib/a.p/a.c.o -Wl,--as-needed -Wl,--no-undefined -shared -fPIC -Wl,--start-group "
            "-Wl,-soname,a.so.1 lib/b.a -Wl,--end-group -pthread"
        ),
        "lib/a.so.1",
        ("lib/a.p/a.c.o", "lib/b.a"),
        "",
        (),
    ),
    "map and script": (
        "-nostdlib -static -Wl,-Map=k.map -T k.ld -Wl,--build-id=none -z noexecstack a.o -fuse-ld=gold -o k",
        "k",
        ("a.o", "k.ld"),
        "",
        ("k.map",),
    ),
    "relocatable": ("-r -nostdlib -o ab.o a.o b.o -Xlinker -z -Xlinker now", "ab.o", ("a.o", "b.o"), "", ()),
}


@pytest.mark.parametrize("name", LINKS)
def test_links(name: str) -> None:
    words, output, inputs, depfile, extra = LINKS[name]
    found = judged(words)
    assert found.reason == ""
    assert (found.kind, found.output, found.inputs, found.depfile, found.extra) == (
        Kind.LINK,
        output,
        inputs,
        depfile,
        extra,
    )


LEFT = {
    "-c a.c b.c": Reason.SEVERAL_SOURCES,
    "-c a.c b.o": Reason.OTHER_INPUT,
    "-c": Reason.NO_INPUT,
    "-shared -o x.so": Reason.NO_INPUT,
    "": Reason.NO_INPUT,
    "a.c -o a": Reason.COMPILES_AND_LINKS,
    "a.c b.o -o a": Reason.COMPILES_AND_LINKS,
    "-c a.c -o a.o -o b.o": Reason.SEVERAL_OUTPUTS,
    "-c a.c -o /dev/null": Reason.OUTPUT_OUTSIDE,
    "-c a.c -o -": Reason.OUTPUT_OUTSIDE,
    "-c a.c -o ../../a.o": Reason.OUTPUT_OUTSIDE,
    "-c a.c -o /build/source-b/a.o": Reason.OUTPUT_OUTSIDE,
    "-c /dev/null -x c -o a.o": Reason.LANGUAGE,
    "-x c -c /dev/null -o .tmp_12/tmp": Reason.SOURCE_OUTSIDE,
    "-c /usr/src/a.c": Reason.SOURCE_OUTSIDE,
    "-x c -c - -o a.o": Reason.STANDARD_INPUT,
    "-c a.c @missing": Reason.RESPONSE_FILE,
    "-E a.c": Reason.PREPROCESSES,
    "-M a.c": Reason.PREPROCESSES,
    "-MM -MF x a.c": Reason.PREPROCESSES,
    "-MD -MG -c a.c": Reason.MISSING_HEADERS,
    "-S a.c": Reason.ASSEMBLY,
    "-fsyntax-only -c a.c": Reason.SYNTAX_ONLY,
    "--version": Reason.PRINTS,
    "-v": Reason.PRINTS,
    "-### -c a.c": Reason.PRINTS,
    "-print-search-dirs": Reason.PRINTS,
    "-print-file-name=libc.a": Reason.PRINTS,
    "-dumpmachine": Reason.PRINTS,
    "a.o -o a -Wl,--version": Reason.PRINTS,
    "-MD -MF a.d -Wp,-MD,b.d -c a.c": Reason.DEPENDENCIES,
    "-MF a.d -c a.c": Reason.DEPENDENCIES,
    "-MD -MF - -c a.c": Reason.DEPENDENCIES,
    "-MD -MF /dev/null -c a.c": Reason.DEPENDENCIES,
    "-c conftest.c": Reason.PROBE,
    "-c a.c -o conftest.o": Reason.PROBE,
    "-o conftest conftest.o": Reason.PROBE,
    "-c b/CMakeFiles/CMakeTmp/a.c": Reason.PROBE,
    "-c b/CMakeFiles/CMakeScratch/TryCompile-abc/a.c": Reason.PROBE,
    "-c b/meson-private/tmpabc/testfile.c": Reason.PROBE,
    "-c a.f90": Reason.FORTRAN,
    "-c a.F": Reason.FORTRAN,
    "-x f95 -c a.c": Reason.FORTRAN,
    "-c a.cu": Reason.OFFLOAD,
    "-x cuda -c a.c": Reason.OFFLOAD,
    "-c a.cppm": Reason.MODULES,
    "-x c++-system-header vector": Reason.MODULES,
    "-c a.go": Reason.LANGUAGE,
    "-x c++-header p.hpp -o p.hpp.gch": Reason.PRECOMPILED,
    "p.h": Reason.PRECOMPILED,
    "-Xclang -emit-pch -c a.hxx.cxx": Reason.PRECOMPILED,
    "-Xclang a.c -c b.c": unknown("-Xclang a.c"),
    "-Xclang -o -Xclang b -c b.c": unknown("-Xclang -o"),
    "-- a.c": unknown("--"),
    "a.o -o a -Wl,-Map=/m": Reason.WRITES,
}


@pytest.mark.parametrize("words", LEFT)
def test_left_to_the_compiler(words: str) -> None:
    found = judged(words)
    assert (found.kind, found.reason) == (Kind.OTHER, LEFT[words])


@pytest.mark.parametrize("program", ["gfortran", "cpp", "ld", "nvcc", "x86_64-linux-gnu-gfortran"])
def test_programs_that_are_no_compilers(program: str) -> None:
    assert judged("-c a.c", program=program).reason == Reason.PROGRAM


def test_the_folder_counts() -> None:
    assert judged("-c a.c", directory="/").reason == Reason.NOT_IN_TREE
    assert judged("-c a.c", directory=f"{TOP}/CMakeFiles/CMakeTmp").reason == Reason.PROBE
    assert judged("-v -c /m/ABI.c", directory=f"{TOP}/CMakeFiles/CMakeScratch/TryCompile-x").reason == Reason.PROBE
    assert judged("-c ../a.c", directory=f"{TOP}/b").source == "../a.c"
    assert judged("-c ../../a.c", directory=f"{TOP}/b").reason == Reason.SOURCE_OUTSIDE


def test_a_folder_of_the_tree_in_a_probes_name() -> None:
    call = Call("/nix/store/e/bin/gcc", ("-c", "a.c"), "/build/conftest.dir/s", {})
    assert judge(call, "/build/conftest.dir/s").kind is Kind.COMPILE


def test_modversions_of_kbuild_are_no_probes() -> None:
    assert judged("-c -o fs/.tmp_open.o fs/open.c").kind is Kind.COMPILE


VARIABLES = {
    "-fprofile-use=x": Reason.PROFILE,
    "-g -march=native": Reason.NATIVE,
    "-DX=*": Reason.PATTERN_VARIABLE,
    "-MD": Reason.HIDDEN_WORDS,
    "-c": Reason.HIDDEN_WORDS,
    "a.c": Reason.HIDDEN_WORDS,
    "@more": Reason.HIDDEN_WORDS,
    "-fstack-usage": Reason.HIDDEN_WORDS,
    "-Wl,--print-map": Reason.REPORTS,
    "-ffoo=bar": unknown("-ffoo"),
}


@pytest.mark.parametrize("value", VARIABLES)
def test_words_in_the_wrappers_variables(value: str) -> None:
    for name in ("NIX_CFLAGS_COMPILE", "NIX_CFLAGS_COMPILE_BEFORE_x86_64_unknown_linux_gnu", "NIX_CXXSTDLIB_COMPILE"):
        assert judged("-c a.c", **{name: value}).reason == VARIABLES[value]
    assert judged("a.o -o a", NIX_CFLAGS_LINK=value).reason == VARIABLES[value]
    assert judged("-c a.c", NIX_CFLAGS_LINK=value).reason == ""


def test_words_for_the_linker_in_variables() -> None:
    assert judged("a.o -o a", NIX_LDFLAGS_BEFORE="--print-map").reason == Reason.REPORTS
    assert judged("a.o -o a", NIX_LDFLAGS="-T x.ld").reason == Reason.HIDDEN_WORDS
    assert judged("a.o -o a", NIX_LDFLAGS="-rpath /x -L/y -lz --as-needed").reason == ""
    assert judged("-c a.c", NIX_LDFLAGS="--print-map").reason == ""


def test_response_files(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "flags").write_text("-DA='x y' -I\"in c\" @more\n-c")
    (tree / "more").write_text('-DB=\\"q\\"')
    call = Call("/nix/store/e/bin/gcc", ("@flags", "a.c"), str(tree), {})
    found = judge(call, str(tree))
    assert found.words == ("-DA=x y", "-Iin c", '-DB="q"', "-c", "a.c")
    assert found.kind is Kind.COMPILE
    assert found.response_files == (str(tree / "flags"), str(tree / "more"))
    (tree / "more").write_text("@flags")
    assert judge(call, str(tree)).reason == Reason.RESPONSE_FILE


def test_an_output_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.o").mkdir()
    call = Call("/nix/store/e/bin/gcc", ("-c", "a.c"), str(tmp_path), {})
    assert judge(call, str(tmp_path)).reason == Reason.OUTPUT_NO_FILE
