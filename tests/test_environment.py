"""What an action sees of the environment: the compiler's own variables, and folders that it uses."""

from __future__ import annotations

import pytest

from splitphase.environment import narrow_environment, without_folders
from splitphase.intercept.links import link_environment

HASH = "0c5b8vw40dy178xlpddw65q9gf1h2186"
ZLIB, SSL = f"/nix/store/{HASH}-zlib/include", f"/nix/store/{HASH}-openssl/include"
BUILD = {
    "PATH": "/bin",
    "HOME": "/homeless",
    "out": f"/nix/store/{HASH}-x",
    "postInstall": "echo hi",
    "NIX_CFLAGS_COMPILE": f"-frandom-seed=0c5b8vw40d -isystem {ZLIB} -isystem {SSL}",
    "NIX_CFLAGS_COMPILE_FOR_BUILD": "-O1",
    "NIX_CFLAGS_COMPILE_BEFORE": "-DB",
    "NIX_CXXSTDLIB_COMPILE": "-std",
    "NIX_HARDENING_ENABLE": "fortify pic",
    "NIX_CC_WRAPPER_TARGET_HOST_x86_64_unknown_linux_gnu": "1",
    "NIX_ENFORCE_NO_NATIVE": "1",
    "NIX_ENFORCE_PURITY": "1",
    "NIX_LDFLAGS": f"-rpath /nix/store/{HASH}-x/lib",
    "NIX_CFLAGS_LINK": "-lm",
    "NIX_BINTOOLS_WRAPPER_TARGET_HOST_x86_64_unknown_linux_gnu": "1",
    "NIX_SET_BUILD_ID": "1",
    "CPATH": f"{ZLIB}:/build/inc:{SSL}",
    "C_INCLUDE_PATH": "",
    "LIBRARY_PATH": "/x",
    "LANG": "C.UTF-8",
    "LC_ALL": "C",
    "ZERO_AR_DATE": "1",
    "SOURCE_DATE_EPOCH": "315532800",
    "XCPATH": "no",
    "CPATHX": "no",
    "MY_FLAG": "yes",
}


def test_link_sees_no_include_folder() -> None:
    found = link_environment(BUILD)
    assert found["NIX_CFLAGS_COMPILE"] == "-frandom-seed=0c5b8vw40d"
    assert found["NIX_LDFLAGS"] == BUILD["NIX_LDFLAGS"]
    assert "postInstall" not in found


def test_unused_folders_go() -> None:
    found = narrow_environment(BUILD, {SSL})
    assert found["NIX_CFLAGS_COMPILE"] == f"-frandom-seed=0c5b8vw40d -isystem {SSL}"
    assert found["CPATH"] == f"/build/inc:{SSL}"
    assert found["NIX_HARDENING_ENABLE"] == "fortify pic"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (f"gcc -I{ZLIB} -I {ZLIB} -isystem {ZLIB} -isystem{ZLIB} -idirafter {ZLIB} -iquote {ZLIB} -c", "gcc -c"),
        (f"gcc -I{SSL} -I {SSL} -isystem {SSL}/. -c", f"gcc -I{SSL} -I {SSL} -isystem {SSL}/. -c"),
        ("gcc -I/build/x -I ../y -isystem /usr/include", "gcc -I/build/x -I ../y -isystem /usr/include"),
        (f"gcc -L{ZLIB} -B {ZLIB} -include {ZLIB}/x.h", f"gcc -L{ZLIB} -B {ZLIB} -include {ZLIB}/x.h"),
        (f"gcc -o {ZLIB} -I", f"gcc -o {ZLIB} -I"),
        (f"gcc -grecord-command-line -I{ZLIB}", f"gcc -grecord-command-line -I{ZLIB}"),
        (f"clang -frecord-command-line -I {ZLIB}", f"clang -frecord-command-line -I {ZLIB}"),
    ],
)
def test_without_folders(words: str, kept: str) -> None:
    assert without_folders(words.split(), {SSL}) == kept.split()
