"""Stubs through the real tools: each takes them without a word, and what they name can still be read."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from splitphase.errors import StubError
from splitphase.intercept import stub
from splitphase.intercept.stub import calls_in, members

COMPILERS = {
    "gcc": "gcc",
    "clang": "clang",
    "gcc 32-bit": "gcc -m32",
    "clang aarch64": "clang --target=aarch64-linux-gnu",
    "clang arm": "clang --target=armv7-linux-gnueabihf",
    "clang mips, big-endian": "clang --target=mips-linux-gnu",
    "clang riscv": "clang --target=riscv64-linux-gnu -mabi=lp64d",
    "clang s390x": "clang --target=s390x-linux-gnu",
}
NATIVE = ("gcc", "clang", "gcc 32-bit")
TOOLS = (
    "nm", "nm -g", "nm -a", "size", "readelf -a -W", "objdump -x", "strings",
    "llvm-nm", "llvm-size", "llvm-readelf -a", "llvm-objdump -x",
)  # fmt: skip
CHANGES = (
    "strip -g FILE", "strip --strip-unneeded FILE", "strip -s FILE", "objcopy -g FILE", "objcopy FILE copy",
    "objcopy --rename-section .data=.rodata FILE", "objcopy --prefix-alloc-sections=.init --prefix-symbols=my_ FILE",
    "objcopy -R .comment FILE", "objcopy --localize-hidden FILE",
    "llvm-strip -g FILE", "llvm-strip --strip-unneeded FILE", "llvm-strip -s FILE", "llvm-objcopy FILE copy",
)  # fmt: skip
LINKERS = ("ld.bfd", "ld.gold", "ld.lld")
SHIM = r"""
__asm__(".pushsection .note.splitphase,\"a\",%note\n"
        ".balign 4\n"
        ".4byte 11, 128, 0x53504c54\n"
        ".asciz \"splitphase\"\n"
        ".balign 4\n"
        "splitphase_call: .skip 128\n"
        ".popsection");
extern const char splitphase_call[128] __attribute__((visibility("hidden")));
#include <stdio.h>
int main(void) { return splitphase_call[0] ? puts(splitphase_call) < 0 : 7; }
"""
HEX = hashlib.sha256(b"call").hexdigest()


def run(words: str | list[str], folder: Path) -> str:
    """Run a program that must neither fail nor complain."""
    command = words.split() if isinstance(words, str) else words
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


@lru_cache
def template(name: str) -> bytes:
    command = COMPILERS[name].split()
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    try:
        return stub.object_template(command)
    except StubError as problem:
        pytest.skip(f"{name}: {problem.message}")


@lru_cache
def library(name: str, *, soname: bool) -> bytes:
    return stub.library_template(COMPILERS[name].split(), template(name), soname=soname)


def write(folder: Path, names: str, compiler: str = "gcc") -> list[str]:
    """Object stubs `a.o` that name the call `call-a`."""
    for name in names.split():
        (folder / f"{name}.o").write_bytes(stub.object_stub(template(compiler), f"call-{name}"))
    return [f"{name}.o" for name in names.split()]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("compiler", COMPILERS)
def test_an_object_names_its_call(tmp_path: Path, compiler: str) -> None:
    write(tmp_path, "a", compiler)
    assert calls_in(tmp_path / "a.o") == ("call-a",)
    assert stub.object_stub(template(compiler), "x" * 128) != stub.object_stub(template(compiler), "x" * 127)
    (tmp_path / "t.o").write_bytes(template(compiler))
    assert calls_in(tmp_path / "t.o") is None


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("compiler", NATIVE)
def test_tools_that_look_at_an_object(tmp_path: Path, compiler: str, tool: str) -> None:
    write(tmp_path, "a", compiler)
    said = run(f"{tool} a.o", tmp_path)
    assert tool not in {"nm", "nm -g", "llvm-nm"} or said == ""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("compiler", NATIVE)
def test_the_note_survives_in_an_object(tmp_path: Path, compiler: str, change: str) -> None:
    write(tmp_path, "a", compiler)
    run(change.replace("FILE", "a.o"), tmp_path)
    assert calls_in(tmp_path / ("copy" if "copy" in change.split() else "a.o")) == ("call-a",)


@pytest.mark.parametrize("compiler", ["clang aarch64", "clang arm", "clang mips, big-endian", "clang riscv"])
def test_objects_of_other_targets(tmp_path: Path, compiler: str) -> None:
    write(tmp_path, "a b", compiler)
    run("llvm-strip -g a.o", tmp_path)
    run("llvm-ar rcs lib.a a.o b.o", tmp_path)
    run("readelf -a -W a.o", tmp_path)
    assert calls_in(tmp_path / "lib.a") == ("call-a", "call-b")
    run("ld.lld -r b.o a.o -o both.o", tmp_path)
    assert calls_in(tmp_path / "both.o") == ("call-b", "call-a")


@pytest.mark.parametrize("linker", LINKERS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_linkers_keep_all_notes_in_order(tmp_path: Path, compiler: str, linker: str) -> None:
    objects = write(tmp_path, "b a d c", compiler)
    run([linker, "-r", *objects, "-o", "all.o"], tmp_path)
    assert calls_in(tmp_path / "all.o") == ("call-b", "call-a", "call-d", "call-c")
    run(["ar", "rcs", "lib.a", *objects], tmp_path)
    run(f"{linker} -shared --whole-archive lib.a -o lib.so", tmp_path)
    assert calls_in(tmp_path / "lib.so") == ("call-b", "call-a", "call-d", "call-c")
    run(
        f"{linker} -r --gc-sections -u none a.o -o few.o" if linker == "ld.lld" else f"{linker} -r a.o -o few.o",
        tmp_path,
    )
    assert calls_in(tmp_path / "few.o") == ("call-a",)


def test_partial_links_of_partial_links_and_real_objects(tmp_path: Path) -> None:
    write(tmp_path, "a b c")
    (tmp_path / "real.c").write_text("int real;")
    run("gcc -c real.c", tmp_path)
    run("ld -r a.o real.o b.o -o ab.o", tmp_path)
    run("ld -r c.o ab.o -o all.o", tmp_path)
    run("strip -g all.o", tmp_path)
    assert calls_in(tmp_path / "all.o") == ("call-c", "call-a", "call-b")
    assert run("nm all.o", tmp_path).split()[-1] == "real"


def test_what_is_no_stub(tmp_path: Path) -> None:
    (tmp_path / "real.c").write_text('const char text[] = "splitphase"; int main(void) { return 0; }')
    run("gcc -c real.c", tmp_path)
    run("gcc real.c -o program", tmp_path)
    run("ar rcs lib.a real.o", tmp_path)
    run("ar rcs empty.a", tmp_path)
    (tmp_path / "empty.o").write_bytes(b"")
    (tmp_path / "short.o").write_bytes(template("gcc")[:300])
    write(tmp_path, "a")
    run("ld -r -b binary a.o -o blob.o", tmp_path)
    for name in ("real.c", "real.o", "program", "lib.a", "empty.a", "empty.o", "short.o", "blob.o", "absent.o", "."):
        assert calls_in(tmp_path / name) is None, name
    assert members(tmp_path / "real.o") is None
    assert members(tmp_path / "empty.a") == ()
    with pytest.raises(FileNotFoundError):
        members(tmp_path / "absent.a")


@pytest.mark.parametrize("options", ["rcs", "rcsD", "rcsU", "rcS"])
@pytest.mark.parametrize("tool", ["ar", "gcc-ar", "llvm-ar"])
def test_archives_with_stubs_and_real_members(tmp_path: Path, tool: str, options: str) -> None:
    names = ["a.o", "real.o", "a name of more than fifteen bytes.o", "mit Leerzeichen.o", "größe.o", "x y.o"]
    (tmp_path / "real.c").write_text("char odd_size[5001];")
    run("gcc -c real.c", tmp_path)
    for number, name in enumerate(names):
        if name != "real.o":
            (tmp_path / name).write_bytes(stub.object_stub(template("gcc"), f"{number}"))
    run([tool, options, "lib.a", *names], tmp_path)
    run(f"{tool.replace('-ar', '-ranlib') if '-' in tool else 'ranlib'} lib.a", tmp_path)
    run("nm lib.a", tmp_path)
    assert members(tmp_path / "lib.a") == tuple(
        stub.Member(name, () if name == "real.o" else (f"{number}",), digest(tmp_path / name))
        for number, name in enumerate(names)
    )
    assert calls_in(tmp_path / "lib.a") == ("0", "2", "3", "4", "5")


@pytest.mark.parametrize("form", ["gnu", "bsd"])
def test_forms_of_llvm_ar(tmp_path: Path, form: str) -> None:
    (tmp_path / "a name of more than fifteen bytes.o").write_bytes(stub.object_stub(template("gcc"), HEX))
    objects = [*write(tmp_path, "a"), "a name of more than fifteen bytes.o"]
    run(["llvm-ar", f"--format={form}", "rcs", "lib.a", *objects], tmp_path)
    found = members(tmp_path / "lib.a")
    assert found is not None
    assert [(member.name, member.calls) for member in found] == [
        ("a.o", ("call-a",)), ("a name of more than fifteen bytes.o", (HEX,)),
    ]  # fmt: skip
    assert found[0].digest == digest(tmp_path / "a.o")


def test_thin_archives_with_names_of_every_length(tmp_path: Path) -> None:
    """GNU ar writes another header for one of 15 characters."""
    (tmp_path / "folder").mkdir()
    names = [f"{'n' * length}.o" for length in range(1, 24)]
    for name in names:
        (tmp_path / "folder" / name).write_bytes(stub.object_stub(stub.object_template(("gcc",)), name))
    for name in names:
        run(["ar", "rcsT", f"{name}.a", f"folder/{name}"], tmp_path)
    assert [calls_in(tmp_path / f"{name}.a") for name in names] == [(name,) for name in names]


@pytest.mark.parametrize("tool", ["ar", "llvm-ar"])
def test_thin_archives(tmp_path: Path, tool: str) -> None:
    folder = tmp_path / "some" / "where"
    folder.mkdir(parents=True)
    objects = [f"../{name}" for name in write(folder.parent, "a b")] + write(folder, "c")
    run([tool, "rcsT", "thin.a", *objects], folder)
    found = members(folder / "thin.a")
    assert found is not None
    assert [(member.name, member.calls) for member in found] == [
        ("../a.o", ("call-a",)), ("../b.o", ("call-b",)), ("c.o", ("call-c",)),
    ]  # fmt: skip
    (folder.parent / "b.o").unlink()
    assert calls_in(folder / "thin.a") == ("call-a", "call-c")
    after = members(folder / "thin.a")
    assert after is not None
    assert after[1] == stub.Member("../b.o", (), "")


@pytest.mark.parametrize("tool", ["ar", "llvm-ar"])
def test_thin_archives_of_archives(tmp_path: Path, tool: str) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", "a b")
    write(tmp_path, "c")
    run(f"{tool} rcs in/in.a in/a.o in/b.o", tmp_path)
    run(f"{tool} rcsT thin.a in/in.a c.o", tmp_path)
    run(f"{tool} rcsT in/other.a in/b.o in/a.o", tmp_path)
    run(f"{tool} rcsT thinner.a in/other.a", tmp_path)
    assert calls_in(tmp_path / "thin.a") == ("call-a", "call-b", "call-c")
    assert calls_in(tmp_path / "thinner.a") == ("call-b", "call-a")


def test_archives_in_archives_do_not_count_times(tmp_path: Path) -> None:
    write(tmp_path, "a b")
    found = []
    for time in (1, 1000):
        (tmp_path / "in.a").unlink(missing_ok=True)
        os.utime(tmp_path / "a.o", (time, time))
        run("ar rcsU in.a a.o b.o", tmp_path)
        run("ar rcsU out.a in.a b.o", tmp_path)
        found.append(members(tmp_path / "out.a"))
    assert found[0] == found[1]
    assert [member.calls for member in found[0] or ()] == [("call-a", "call-b"), ("call-b",)]


def test_out_of_an_archive_and_into_another(tmp_path: Path) -> None:
    run(["ar", "rcs", "lib.a", *write(tmp_path, "a b c")], tmp_path)
    (tmp_path / "x").mkdir()
    run("ar x ../lib.a", tmp_path / "x")
    run("ar rcs ../again.a b.o c.o a.o", tmp_path / "x")
    run("strip -g again.a", tmp_path)
    run("ranlib again.a", tmp_path)
    assert calls_in(tmp_path / "again.a") == ("call-b", "call-c", "call-a")
    (tmp_path / "merge.mri").write_text("create all.a\naddlib lib.a\naddlib again.a\nsave\nend\n")
    with (tmp_path / "merge.mri").open() as script:
        subprocess.run(["ar", "-M"], cwd=tmp_path, stdin=script, check=True)
    listed = run("ar t all.a", tmp_path).split()
    assert sorted(listed) == sorted(["a.o", "b.o", "c.o"] * 2)
    assert calls_in(tmp_path / "all.a") == tuple(f"call-{name[0]}" for name in listed)


def test_an_archive_of_a_thousand(tmp_path: Path) -> None:
    objects = write(tmp_path, " ".join(f"member{number}" for number in range(1000)))
    run(["ar", "rcs", "lib.a", *objects], tmp_path)
    run("nm lib.a", tmp_path)
    assert calls_in(tmp_path / "lib.a") == tuple(f"call-member{number}" for number in range(1000))


def test_a_program_knows_its_call(tmp_path: Path) -> None:
    (tmp_path / "shim.c").write_text(SHIM)
    run("gcc -O2 -s -static shim.c -o shim", tmp_path)
    shim = (tmp_path / "shim").read_bytes()
    assert calls_in(tmp_path / "shim") is None
    assert subprocess.run([tmp_path / "shim"], check=False).returncode == 7
    program = tmp_path / "program"
    for change in (
        "chmod +x program", "strip program", "strip -s program", "objcopy program program", "install -s program copy",
        "cp -p program copy", "llvm-strip program", "llvm-strip -g program",
        "objcopy --remove-section=.comment program", "patchelf --set-rpath /lib program",
    ):  # fmt: skip
        program.write_bytes(stub.program_stub(shim, HEX))
        program.chmod(0o755)
        if change.startswith("patchelf"):
            subprocess.run(change.split(), cwd=tmp_path, capture_output=True, check=False)
        else:
            run(change, tmp_path)
        result = tmp_path / "copy" if change.endswith("copy") else program
        assert run([str(result)], tmp_path) == HEX + "\n", change
        assert calls_in(result) == (HEX,), change


@pytest.mark.parametrize("compiler", NATIVE)
@pytest.mark.parametrize("soname", [None, "libx.so.1", "libgröße.so", "x" * 255])
def test_a_library_has_its_soname_and_names_its_call(tmp_path: Path, compiler: str, soname: str | None) -> None:
    path = tmp_path / "libx.so"
    for change in (
        "objdump -p libx.so", "readelf -a -W libx.so", "strip libx.so", "strip --strip-unneeded libx.so",
        "objcopy libx.so", "install -s libx.so copy.so", "patchelf --set-rpath /nowhere libx.so", "ldconfig -N -n .",
        "llvm-strip libx.so", "llvm-readelf -d libx.so", "gcc -shared -nostdlib libx.so -o other.so",
    ):  # fmt: skip
        if compiler == "gcc 32-bit" and change.startswith("gcc"):
            continue
        path.write_bytes(stub.library_stub(library(compiler, soname=soname is not None), HEX, soname))
        path.chmod(0o755)
        if "ldconfig" not in change or shutil.which("ldconfig"):
            run(change, tmp_path)
        assert calls_in(tmp_path / "copy.so" if change.endswith("copy.so") else path) == (HEX,), change
        shown = run("readelf -d -W libx.so", tmp_path)
        assert (f"Library soname: [{soname}]" in shown) if soname else ("SONAME" not in shown), change
    # As for any library that exports nothing, `nm` says so, and succeeds.
    assert subprocess.run(["nm", "-D", path], capture_output=True, check=True).stdout == b""
    if compiler == "gcc":
        subprocess.run(["python3", "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", path], check=True)


def test_a_library_into_an_archive(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(stub.library_stub(library("gcc", soname=False), "1"))
    run("ar rcs lib.a x.so", tmp_path)
    assert calls_in(tmp_path / "lib.a") == ("1",)


@pytest.mark.parametrize("call", ["", "x" * 129, "a b", "a\n", "a\0", "ü"])
def test_ids_that_do_not_fit(call: str) -> None:
    with pytest.raises(StubError, match="cannot have the id"):
        stub.object_stub(template("gcc"), call)


def test_templates_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(StubError, match="reserves 0 notes"):
        stub.object_stub(b"\x7fELF", "1")
    with pytest.raises(StubError, match="reserves 0 notes"):
        stub.object_stub(stub.object_stub(template("gcc"), "1"), "2")
    with pytest.raises(StubError, match="reserves 2 notes"):
        stub.object_stub(template("gcc") * 2, "1")
    with pytest.raises(StubError, match="cannot have the soname"):
        stub.library_stub(library("gcc", soname=True), "1", "x" * 256)
    with pytest.raises(StubError, match="cannot have the soname"):
        stub.library_stub(library("gcc", soname=False), "1", "libx.so")
    with pytest.raises(StubError, match="cannot have the soname"):
        stub.library_stub(library("gcc", soname=True), "1")
    with pytest.raises(StubError, match="no stub can be made"):
        stub.object_template(["gcc", "-no-such-option"])
    with pytest.raises(StubError, match="cannot be run"):
        stub.object_template([str(tmp_path / "absent")])
