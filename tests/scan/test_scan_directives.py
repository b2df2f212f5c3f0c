"""What counts as a request for a file, in whatever way it is written."""

from __future__ import annotations

import pytest

from splitphase.scan.directives import header_names, parse, tidy, words_in


@pytest.mark.parametrize(
    "text",
    [
        b'#include "x.h"',
        b'#include"x.h"\n',
        b'  #\tinclude   "x.h" // why\n',
        b'# /* a */ include /* b\n c */ "x.h"\n',
        b'/* a */ #include "x.h"\n',
        b'/* a\n b */ #include "x.h"\n',
        b'#inc\\\nlude "x.h"\n',
        b'#\\\r\ninclude \\\r\n"x.h"\r\n',
        b'#include "x\\\n.h"\n',
        b'#include "x.\\ \nh"\n',
        b'??=include "x.h"\n',
        b'#in??/\nclude "x.h"\n',
        b'%:include "x.h"\n',
        b'%:%:\n%: include "x.h"\n',
        b'#import "x.h"\n',
        b'\xef\xbb\xbf#include "x.h"\n',
        b'\xff\xfe\x80\n#include "x.h"\n\xff',
        b'a\0b\n#\0include "x.h"\n',
        b'#if 0\n#else\n#include "x.h"\n#endif\n',
        b'#if __has_include("x.h")\n#endif\n',
        b'#if defined(__has_include) && __has_include ( "x.h" )\n#endif\n',
        b'#if __has_include \\\n  ("x.h")\n#endif\n',
        b'const char *s = R"(\n)"; \n#include "x.h"\n',
        b'const char *s = R"x(/*)x";\n#include "x.h"\n',
        b'int a; /* not closed? */ \r#include "x.h"\r',
        b'#include "./x.h"\n',
        b'#pragma GCC dependency "x.h"\n',
        b'_Pragma("GCC dependency \\"x.h\\"")\n',
    ],
)
def test_quoted(text: bytes) -> None:
    assert parse(text).quote == ("x.h",)
    assert not parse(text).computed


def test_other_forms() -> None:
    found = parse(
        b"#include <a b/c.h>\n#include_next <n.h>\n#if __has_include_next(<m.h>)\n#embed <e.bin> limit(3)\n"
        b'#if __has_embed("f.bin")\n#if HAVE(<p.h>)\n#define HEADER <l.h>\n#elif OTHER( "q.h" ) || 1\n'
    )
    assert found.angle == ("a b/c.h",)
    assert found.following == ("n.h", "m.h")
    assert found.embeds == ("e.bin", "f.bin")
    assert {"p.h", "q.h"} <= set(found.probes)
    assert not found.computed


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        (b"#include HEADER(x)\n", True),
        (b"# /**/ include /**/ HEADER (x)\n", True),
        (b"/* */ #include HEADER OTHER\n", True),
        (b"#inclu\\\nde HEADER(x)\n", True),
        (b"%:include HEADER(x)\n", True),
        (b"#include __FILE__\n", True),
        (b"#embed DATA\n", True),
        (b"#include HEADER\n", False),
        (b"#if __has_include(HEADER)\n", False),
        (b"#define HAVE(x) __has_include(x)\n", False),
        (b"#ifndef __has_include\n#define __has_include(x) 0\n#endif\n", False),
        (b"#if defined(__has_include)\n", False),
        (b"// #include directives go here\n", False),
        (b'puts("#include HEADER");\n', False),
    ],
)
def test_computed(text: bytes, computed: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert parse(text).computed is computed


@pytest.mark.parametrize(
    "text",
    [
        b"#include HEADER\n",
        b"/* */ #include HEADER // why\n",
        b"#include HEADER /* why */\n",
        b"#inclu\\\nde HEADER",
        b"%:include HEADER\r\n",
    ],
)
def test_named(text: bytes) -> None:
    assert parse(text).named == ("HEADER",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (b"int x;\n", set()),
        (b'#define HEADER <a.h> /* why */\n# define  HEADER "d.h"\n#undef HEADER\n', {"<a.h>", '"d.h"'}),
        (b'#define HEADER"x.h"\n#define HEADERS 1\n#define HEADER // nothing\n', {'"x.h"'}),
        (b'#define HEADER "x.h"\f\v\r\n', {'"x.h"'}),
        (b"#define HEADER OTHER\n", None),
        (b"#define HEADER(x) <x>\n", None),
        (b'#define HEADER "x"\n', None),
        (b'#define HEADER "x.h" "y.h"\n', None),
        (b'#define /* */ HEADER "x.h"\n', None),
        (b'#define HEAD\\\nER "x.h\\\n"\n', {'"x.h"'}),
        (b'#define HEADER "x.h??/\n"\n', None),
    ],
)
def test_header_names(text: bytes, names: set[str] | None) -> None:
    assert header_names(text, ["HEADER", "ANOTHER"]) == names


@pytest.mark.parametrize("name", ["HEADER$", "h\u00e9ader", "\\u00e9"])
def test_names_that_compilers_may_spell_in_several_ways(name: str) -> None:
    assert header_names(b"", [name]) is None
    assert not parse(f"#include {name}\n".encode()).named


def test_words_in_names() -> None:
    assert words_in(['"a/b.h"']) == set()
    assert words_in(["<a/b-c.h>", '"d.h"']) == {"a", "b", "c", "h"}
    assert words_in(["<a/$x.h>"]) is None


@pytest.mark.parametrize(
    ("text", "embeds", "assembler", "opaque"),
    [
        (b'.incbin "a.bin"\n', ("a.bin",), (), False),
        (b'\t.INCBIN\t"a.bin", 4, 8\n', ("a.bin",), (), False),
        (b'asm(".incbin \\"a b.bin\\"\\n");\n', ("a b.bin",), (), False),
        (b'__asm__("foo:\\n\\t.include \\"m.inc\\"");\n', (), ("m.inc",), False),
        (b'.include "m.inc"', (), ("m.inc",), False),
        (b'asm(R"(.incbin "a.bin")");\n', ("a.bin",), (), False),
        (b'asm(".incbin \\"" FILE "\\"");\n', (), (), True),
        (b".incbin FILE\n", (), (), True),
        (b"/* uses .incbin to embed */ // and .incbin too\n", (), (), False),
    ],
)
def test_resources(text: bytes, embeds: tuple[str, ...], assembler: tuple[str, ...], opaque: bool) -> None:  # noqa: FBT001
    found = parse(text)
    assert (found.embeds, found.assembler, found.opaque) == (embeds, assembler, opaque)


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        (b"import std;\n", True),
        (b"export import foo.bar;\n", True),
        (b"import <vector>;\n", True),
        (b'int x; import "a.h";\n', True),
        (b"module;\n#include <a>\nexport module m:part;\n", True),
        (b"@import Foundation;\n", True),
        (b"import :part;\n", True),
        (b" * import foo;\n", False),
        (b"int import = 3; f(import);\n", False),
        (b"module AP_DATA core_module;\n", False),
    ],
)
def test_modules(text: bytes, modules: bool) -> None:  # noqa: FBT001
    assert parse(text).modules is modules


def test_times() -> None:
    assert parse(b"__DATE__").date
    assert parse(b"f(__TIME__)").date
    assert not parse(b"__TIMESTAMP__").date
    assert parse(b"__TIME\\\nSTAMP__").timestamp


def test_nothing() -> None:
    assert parse(b"") == parse(b"int main(void) { return 0; }\n") == parse(b"\0" * 9)


def test_tidy() -> None:
    assert [tidy(path) for path in ("./a", "a/./b", "a//b", "a/../b", ".a/b.", "././a", "//a")] == [
        "a", "a/b", "a/b", "a/../b", ".a/b.", "a", "/a",
    ]  # fmt: skip
