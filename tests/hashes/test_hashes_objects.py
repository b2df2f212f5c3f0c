"""What compilers and linkers make of a path: each program says the new path afterwards, or was refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hash_cases import ESCAPE, NAMES, OTHER, OUT, RESTORE, TOKENS, compile_c, needs, run
from splitphase import elf
from splitphase.errors import RewriteError
from splitphase.hashes.examine import Engine
from splitphase.hashes.findings import Outcome
from splitphase.hashes.sources import Memory
from splitphase.rewrite import Rewriter
from splitphase.tokens import tokens

PATH = f"/nix/store/{OUT}-hello-1.0"
NEW = "zq3kfvhr5dy2n8xlpdgw65q9bf1h2m8c"
TO_NEW = Rewriter({TOKENS["out"]: NEW}, {TOKENS["out"]: "hello-1.0"})
COPY = """
#include <stdio.h>
#include <string.h>
char buffer[300];
__attribute__((noinline)) void copy(char *to) { strcpy(to, PREFIX "/share"); }
#define SHARE PREFIX "/share"
__attribute__((noinline)) int equal(const char *one) { return memcmp(one, SHARE, sizeof SHARE) == 0; }
__attribute__((noinline)) int order(const char *one) { return memcmp(one, PREFIX, 32) < 0; }
__attribute__((noinline)) void join(char *to) { strcpy(to, "-L"); strcat(to, PREFIX "/lib"); }
int main(void) {
  copy(buffer); puts(buffer);
  printf("%d %d\\n", equal(buffer), order(buffer));
  join(buffer); puts(buffer);
  return 0;
}
"""
SAID = "{0}/share\n1 0\n-L{0}/lib\n"
SWITCHES = [
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Os",
    "-O2 -mno-sse",
    "-O2 -mavx2",
    "-O3 -static",
    "-O2 -s",
    "-O2 -flto",
    "-O2 -g -gz",
]


def prefix(value: str) -> str:
    return f'-DPREFIX="/nix/store/{value}-hello-1.0"'


def examined(path: Path, engine: Engine = ESCAPE.engine) -> Outcome:
    return engine.examine(Memory(path.read_bytes()))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("switches", SWITCHES)
def test_programs_say_the_new_path(tmp_path: Path, compiler: str, switches: str) -> None:
    if "avx2" in switches and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no AVX2")
    old = compile_c(tmp_path, COPY, prefix(OUT), *switches.split(), compiler=compiler).read_bytes()
    path = compile_c(tmp_path, COPY, prefix(NEW), *switches.split(), compiler=compiler)
    wanted = path.read_bytes()
    new = TO_NEW.data(ESCAPE.data(old))
    path.write_bytes(new)
    assert run(path) == SAID.format(f"/nix/store/{NEW}-hello-1.0")
    # Constants may be merged in another order, and with -g the hash is in the options that are recorded.
    if "-g" not in switches:
        assert new == wanted
    assert ESCAPE.data(RESTORE.data(ESCAPE.data(old))) == ESCAPE.data(old)


@pytest.mark.parametrize("switches", ["-O2", "-O2 -mno-sse", "-O0"])
def test_names_that_are_not_known_are_taken_from_the_file(tmp_path: Path, switches: str) -> None:
    """The proof by two tokens knows no names; the last chunk has more of the name than of the hash."""
    old = compile_c(tmp_path, COPY, prefix(OUT), *switches.split()).read_bytes()
    path = compile_c(tmp_path, COPY, prefix(NEW), *switches.split())
    assert Rewriter({OUT: NEW}).data(old) == path.read_bytes()


def test_whole_hash_replacement_misses_chunks(tmp_path: Path) -> None:
    """What `sed` does: the program still says the old path."""
    path = compile_c(tmp_path, COPY, prefix(OUT), "-O2", "-mno-sse")
    path.write_bytes(path.read_bytes().replace(OUT.encode(), NEW.encode()))
    assert OUT in run(path)


@pytest.mark.parametrize("switches", ["-O2", "-O2 -mno-sse"])
def test_objects_and_archives(tmp_path: Path, switches: str) -> None:
    old = compile_c(tmp_path, COPY, prefix(OUT), *switches.split(), "-c", output="main.o")
    subprocess.run(["ar", "rcD", "old.a", "main.o"], cwd=tmp_path, check=True)
    archive = (tmp_path / "old.a").read_bytes()
    wanted = Rewriter({OUT: NEW}, NAMES).data(old.read_bytes())
    compile_c(tmp_path, COPY, prefix(NEW), *switches.split(), "-c", output="main.o")
    assert wanted == old.read_bytes()
    subprocess.run(["ar", "rcD", "new.a", "main.o"], cwd=tmp_path, check=True)
    assert TO_NEW.data(ESCAPE.data(archive)) == (tmp_path / "new.a").read_bytes()


def test_thin_archives(tmp_path: Path) -> None:
    folder = tmp_path / f"lib-{OUT}"
    folder.mkdir()
    compile_c(folder, COPY, prefix(OUT), "-c", output="main.o")
    subprocess.run(["ar", "rcDT", "thin.a", f"{folder.name}/main.o"], cwd=tmp_path, check=True)
    ESCAPE.tree(tmp_path)
    listed = subprocess.run(["ar", "t", "thin.a"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert listed.split() == [f"lib-{TOKENS['out']}/main.o"]
    subprocess.run(["gcc", "-o", "program", "thin.a"], cwd=tmp_path, check=True)


def _assembled(folder: Path, *imm: bytes, data: bytes = b"", section: str = ".rodata.cst16") -> bytes:
    """An object with movabs instructions, what follows each given, and constants."""
    lines = [".text"]
    lines += [".byte 0x48,0xb8," + ",".join(map(str, value)) for value in imm]
    lines += [f'.section {section},"a",@progbits', ".balign 16"]
    lines += [".byte " + ",".join(map(str, data))] if data else []
    (folder / "x.s").write_text("\n".join(lines) + "\n")
    subprocess.run(["gcc", "-c", "x.s"], cwd=folder, check=True)
    return (folder / "x.o").read_bytes()


def _movabs(text: bytes) -> list[bytes]:
    return [text[start : start + 8] for start in range(0, len(text) - 7, 8)]


def test_instructions_beside_a_chunk_are_not_rewritten(tmp_path: Path) -> None:
    """After an immediate stands an opcode that is, by accident, the text's next character."""
    text = PATH.encode()
    new = f"/nix/store/{TOKENS['out']}-hello-1.0".encode()
    parts = _movabs(text)
    old = _assembled(tmp_path, *(part + text[8 * index + 8 : 8 * index + 9] for index, part in enumerate(parts)))
    wanted = _assembled(
        tmp_path, *(part + text[8 * index + 8 : 8 * index + 9] for index, part in enumerate(_movabs(new)))
    )
    assert ESCAPE.data(old) == wanted
    assert RESTORE.data(wanted) == old


def test_constants_beside_a_chunk_are_not_rewritten(tmp_path: Path) -> None:
    text = PATH.encode()
    new = f"/nix/store/{TOKENS['out']}-hello-1.0".encode()

    def merged(value: bytes) -> bytes:
        # The constants in another order, each beside one that begins like its own next character.
        return _assembled(
            tmp_path,
            data=value[16:32]
            + text[32:33]
            + b"unrelated const"
            + value[32:48]
            + text[48:49]
            + b"another constan"
            + value[:16],
        )

    assert ESCAPE.data(merged(text)) == merged(new)
    assert RESTORE.data(merged(new)) == merged(text)


def test_weak_chunks_of_other_paths_stay(tmp_path: Path) -> None:
    """`/store/0` alone may be another path's; here that path is whole, and it stays."""
    other = f"/nix/store/{OUT[:2]}{OTHER[2:]}-hello-1.0\0".encode()
    text = PATH.encode()[4:]
    new = f"/nix/store/{TOKENS['out']}-hello-1.0".encode()[4:]
    old = _assembled(tmp_path, *_movabs(text), data=other)
    assert ESCAPE.data(old) == _assembled(tmp_path, *_movabs(new), data=other)


@pytest.mark.parametrize("shift", range(8))
def test_chunks_at_every_place_of_the_path(tmp_path: Path, shift: int) -> None:
    text = b"x" * shift + PATH.encode() + b"/share" + b"y" * 8
    new = b"x" * shift + f"/nix/store/{TOKENS['out']}-hello-1.0".encode() + b"/share" + b"y" * 8
    old, wanted = _assembled(tmp_path, *_movabs(text)), _assembled(tmp_path, *_movabs(new))
    assert ESCAPE.data(old) == wanted
    assert RESTORE.data(wanted) == old


def test_a_piece_that_is_missing_is_noticed(tmp_path: Path) -> None:
    """A comparison of the first 20 characters: 4 of them are a number of 4 bytes."""
    with pytest.raises(RewriteError, match="other parts are in no form") as caught:
        ESCAPE.data(_assembled(tmp_path, *_movabs(PATH.encode()[:16])))
    assert ".text" in caught.value.message
    assert "offset 0x" in caught.value.message


def test_a_piece_that_is_missing_is_noticed_beside_a_whole_path(tmp_path: Path) -> None:
    words = ["-O2", "-mno-sse", "-c", prefix(OUT)]
    text = "#include <string.h>\nconst char whole[] = PREFIX; void f(char *to) { memcpy(to, PREFIX, 28); }"
    path = compile_c(tmp_path, text, *words, output="main.o")
    with pytest.raises(RewriteError, match="other parts are in no form"):
        ESCAPE.file(path)


@pytest.mark.parametrize("length", [8, 10, 16, 20, 32])
@pytest.mark.parametrize("upper", [False, True])
def test_truncated_hashes_in_programs(tmp_path: Path, length: int, *, upper: bool) -> None:
    """A string of 16 characters looks like a chunk of which the rest is missing."""

    def program(value: str) -> bytes:
        part = value[:length].upper() if upper else value[:length]
        text = f'#include <stdio.h>\nint main(void) {{ return puts("{part}") < 0; }}'
        return compile_c(tmp_path, text, "-O2").read_bytes()

    assert TO_NEW.data(ESCAPE.data(program(OUT))) == program(NEW)


def test_the_proof_rewrites_files_with_both_tokens() -> None:
    """The action's script names both: it is not escaping, and nothing is to be turned back."""
    first, second = tokens(["out"])["out"]
    assert Rewriter({first: second}).text(f"{first}={second} {first[:10]}") == f"{second}={second} {second[:10]}"


def test_swapped_chunks(tmp_path: Path) -> None:
    """LLVM orders 8-byte loads by swapping their bytes, and the constants with them."""
    text = PATH.encode()
    new = f"/nix/store/{TOKENS['out']}-hello-1.0".encode()
    old = _assembled(tmp_path, *(part[::-1] for part in _movabs(text)))
    assert ESCAPE.data(old) == _assembled(tmp_path, *(part[::-1] for part in _movabs(new)))


def test_symbol_names_are_refused(tmp_path: Path) -> None:
    symbol = f"path_{OUT}"
    path = compile_c(
        tmp_path, f"int {symbol}(void) {{ return 1; }}", "-shared", "-fPIC", f"-Wl,-rpath,{PATH}/lib", output="x.so"
    )
    with pytest.raises(RewriteError, match=rf"\.dynstr.*dynamic symbol {symbol}"):
        ESCAPE.file(path)
    subprocess.run(["objcopy", "--strip-all", "x.so"], cwd=tmp_path, check=True)
    assert examined(path).problems


def test_run_paths_are_no_symbol_names(tmp_path: Path) -> None:
    words = ("-shared", "-fPIC", "-Wl,-soname,x.so", "-Wl,-rpath,{}/lib")
    old = compile_c(tmp_path, "int f(void) { return 1; }", *(word.format(PATH) for word in words), output="x.so")
    data = ESCAPE.data(old.read_bytes())
    assert OUT.encode() not in data
    assert data != old.read_bytes()


def test_static_symbol_names_are_plain(tmp_path: Path) -> None:
    path = compile_c(tmp_path, f"int path_{OUT}(void) {{ return 1; }}", "-c", output="x.o")
    assert ESCAPE.file(path)
    named = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    assert f"path_{TOKENS['out']}" in named


@pytest.mark.parametrize("method", ["zlib", "zlib-gnu", "zstd"])
@pytest.mark.parametrize("kind", ["object", "program", "archive"])
def test_compressed_sections(tmp_path: Path, method: str, kind: str) -> None:
    words = ["gcc", "-w", "-g", prefix(OUT), f"-frandom-seed={OUT[:10]}", "-o", "main", "main.c"]
    (tmp_path / "main.c").write_text(COPY + "".join(f"int variable_{i} = {i};\n" for i in range(200)))
    subprocess.run([*words, *(() if kind == "program" else ("-c",))], cwd=tmp_path, check=True)
    done = subprocess.run(["objcopy", f"--compress-debug-sections={method}", "main"], cwd=tmp_path, check=False)
    if done.returncode:
        pytest.skip(f"this objcopy has no {method}")
    path = tmp_path / "main"
    if kind == "archive":
        subprocess.run(["ar", "rcD", "main.a", "main"], cwd=tmp_path, check=True)
        path = tmp_path / "main.a"
    before = path.read_bytes()
    finds = examined(path).finds
    assert any("debug_" in " ".join(find.inside) for find in finds)
    assert any(find.kind == "seed" for find in finds)
    dump = ["readelf", "--wide", "-S", "--debug-dump=info", str(path)]
    ESCAPE.file(path)
    shown = subprocess.run(dump, check=True, capture_output=True, text=True)
    assert OUT[:10] not in shown.stdout
    assert TOKENS["out"][:10] in shown.stdout
    assert "arning" not in shown.stderr
    RESTORE.file(path)
    shown = subprocess.run(dump, check=True, capture_output=True, text=True)
    assert OUT[:10] in shown.stdout
    assert "arning" not in shown.stderr
    if kind != "archive":
        assert len(path.read_bytes()) >= len(before)


def test_a_section_that_grows(tmp_path: Path) -> None:
    """Content that compresses worse with the new hash: what stands behind it moves."""
    repeated = "0" * 31 + "1"
    (tmp_path / "x.s").write_text(
        '.section .debug_str,"",@progbits\n' + f'.string "{repeated} and so on"\n' * 300
        # objcopy takes a section for damaged that is larger than the file.
        + '.section .data\n.fill 20000\n.section .debug_info,"",@progbits\n.byte 1,2,3\n'
    )  # fmt: skip
    subprocess.run(["gcc", "-c", "-Wa,--compress-debug-sections=zlib", "x.s"], cwd=tmp_path, check=True)
    path = tmp_path / "x.o"
    before = path.stat().st_size
    new = "".join("9z8y7x6w5v4u3s2r1q0p9n8m7k6j5h4g"[(7 * i) % 32] for i in range(32))
    engine = Rewriter({repeated: new})
    assert any(find.inside == ("section .debug_str",) for find in examined(path, engine.engine).finds)
    engine.file(path)
    assert path.stat().st_size > before
    subprocess.run(["objcopy", "--decompress-debug-sections", "x.o", "y.o"], cwd=tmp_path, check=True)
    assert (tmp_path / "y.o").read_bytes().count(new.encode()) == 300
    checked = subprocess.run(["readelf", "-W", "-a", "x.o"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "arning" not in checked.stderr


def test_a_section_that_grows_in_an_archive(tmp_path: Path) -> None:
    """The member becomes longer, the next one moves, and the archive's symbol table follows."""
    for name in ("one", "two", "three"):
        debug = '.section .debug_str,"",@progbits\n' + f'.string "{"0" * 31}1 and so on"\n' * 300
        # objcopy takes a section for damaged that is larger than the file.
        code = f".text\n.globl {name}\n{name}: ret\n.data\n.fill 20000\n"
        (tmp_path / f"{name}.s").write_text(code + (debug if name != "two" else ""))
        subprocess.run(["gcc", "-c", "-Wa,--compress-debug-sections=zlib", f"{name}.s"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "rcD", "x.a", "one.o", "two.o", "three.o"], cwd=tmp_path, check=True)
    new = "".join("9z8y7x6w5v4u3s2r1q0p9n8m7k6j5h4g"[(7 * i) % 32] for i in range(32))
    before = (tmp_path / "x.a").stat().st_size
    Rewriter({"0" * 31 + "1": new}).file(tmp_path / "x.a")
    assert (tmp_path / "x.a").stat().st_size > before
    (tmp_path / "main.c").write_text("void one(void), two(void), three(void); int main() { one(); two(); three(); }")
    subprocess.run(["gcc", "-o", "program", "main.c", "x.a"], cwd=tmp_path, check=True)
    subprocess.run(["./program"], cwd=tmp_path, check=True)
    listed = subprocess.run(["nm", "-s", "x.a"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert [f"{name} in {name}.o" in listed for name in ("one", "two", "three")] == [True] * 3
    subprocess.run(["ar", "x", "x.a"], cwd=tmp_path, check=True)
    for name in ("one", "three"):
        subprocess.run(["objcopy", "--decompress-debug-sections", f"{name}.o"], cwd=tmp_path, check=True)
        assert (tmp_path / f"{name}.o").read_bytes().count(new.encode()) == 300


@pytest.mark.parametrize("fat", ["-ffat-lto-objects", "-fno-fat-lto-objects"])
def test_gcc_bytecode_is_refused(tmp_path: Path, fat: str) -> None:
    path = compile_c(tmp_path, COPY, prefix(OUT), "-O2", "-flto", fat, "-c", output="main.o")
    with pytest.raises(RewriteError, match=r"section \.gnu\.lto_\S* at 0x.*bytecode"):
        ESCAPE.file(path)
    clean = compile_c(tmp_path, "int main(void) { return 0; }", "-O2", "-flto", fat, "-c", output="main.o")
    assert not ESCAPE.file(clean)


@pytest.mark.parametrize("start", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("text", [PATH, f"{OUT}", f"é/nix/store/{OUT}"])
def test_llvm_bitcode_is_refused(tmp_path: Path, text: str, start: str) -> None:
    """Strings of 6, 7 and 8 bits a character, wherever they begin."""
    source = f'char text[] = "{start}{text}";\nint main(void) {{ return text[0]; }}\n'
    for words in (("-flto", "-c"), ("-emit-llvm", "-c"), ("-fembed-bitcode=all", "-c")):
        path = compile_c(tmp_path, source, *words, "-O1", compiler="clang", output="main.bc")
        outcome = examined(path)
        if not text.isascii() and not outcome.problems:
            # Strings of 8 bits a character may begin at a whole byte: then they are plain, and may be rewritten.
            assert outcome.finds
            continue
        with pytest.raises(RewriteError, match="bitcode"):
            ESCAPE.file(path)
    subprocess.run(["ar", "rcD", "x.a", "main.bc"], cwd=tmp_path, check=True)
    if text.isascii():
        with pytest.raises(RewriteError, match="bitcode"):
            ESCAPE.file(tmp_path / "x.a")


def test_rust(tmp_path: Path) -> None:
    if shutil.which("rustc") is None:
        pytest.skip("no rustc")
    needs("cc")
    (tmp_path / "main.rs").write_text(
        'fn main() { let p = concat!(env!("PREFIX"), "/share").to_string(); println!("{p}"); '
        'println!("{}", std::env::args().next().unwrap() == env!("PREFIX")); }\n'
    )
    for level in ("0", "3"):
        words = ["rustc", "-C", f"opt-level={level}", "-o", "main", "main.rs"]
        done = subprocess.run(words, cwd=tmp_path, env={**__import__("os").environ, "PREFIX": PATH}, check=False)
        if done.returncode:
            pytest.skip("rustc does not work here")
        path = tmp_path / "main"
        path.write_bytes(TO_NEW.data(ESCAPE.data(path.read_bytes())))
        assert run(path).splitlines()[0] == f"/nix/store/{NEW}-hello-1.0/share"


def test_finds_name_sections_and_symbols(tmp_path: Path) -> None:
    path = compile_c(tmp_path, COPY, prefix(OUT), "-O2", "-mno-sse")
    finds = Engine({OUT: OUT}, NAMES, symbols=True).examine(Memory(path.read_bytes())).finds
    found = {(find.kind, find.symbol) for find in finds if find.section == ".text"}
    assert ("chunk 8", "copy") in found
    assert found <= {("chunk 8", name) for name in ("copy", "equal", "order", "join", "main")}


def test_damaged_headers_are_no_sections() -> None:
    for data in (b"\x7fELF\x02\x01\x01" + bytes(100), b"\x7fELF\x02\x01\x01" + b"\xff" * 100, b"\x7fELF"):
        assert elf.Image(Memory(data)).sections == ()
        assert ESCAPE.data(data + b" " + OUT.encode() + b" ") == data + b" " + TOKENS["out"].encode() + b" "
