"""Random trees of headers: the pack alone must give the object that the whole tree gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from conftest import Project

DIRECTORIES = ("d0", "d1", "d2", "d0/sub", "d1/sub", "src")
LINKS = ("l0", "l1", "d2/link")
NAMES = ("a.h", "b.h", "c.h", "sub/a.h", "features.h", "stdint.h", "sys/b.h")
FORMS = ("quote", "angle", "next", "asked", "comment")

_names = st.sampled_from(
    NAMES + tuple(f"../{place}/{name}" for place in ("d0", "d2", "l0", "src") for name in NAMES[:3])
)
_wishes = st.lists(st.tuples(st.sampled_from(FORMS), _names), max_size=4)
_headers = st.dictionaries(st.tuples(st.sampled_from(DIRECTORIES), st.sampled_from(NAMES)), _wishes, max_size=14)
_links = st.dictionaries(st.sampled_from(LINKS), st.sampled_from(DIRECTORIES[:5]), max_size=3)
_options = st.lists(
    st.tuples(
        st.sampled_from(("-I", "-I", "-iquote", "-isystem", "-idirafter", "-include")),
        st.sampled_from(DIRECTORIES + LINKS + ("src/../d1", "l0/..", "nowhere")),
    ),
    max_size=5,
)


def _wish(form: str, name: str) -> str:
    """An include that does nothing where the name is absent."""
    spelled = f"<{name}>" if form in {"angle", "next"} else f'"{name}"'
    suffix = "_next" if form == "next" else ""
    if form == "comment":
        return f"/* # */ # /**/ include /* {name} */ <stddef.h>\n"
    body = (
        f"#include{suffix} {spelled}\n"
        if form != "asked"
        else '__asm__(".pushsection .seen\\n.byte 1\\n.popsection");\n'
    )
    return f"#if __has_include{suffix}({spelled})\n{body}#endif\n"


def _header(number: int, name: str, wishes: list[tuple[str, str]]) -> str:
    """Each inclusion leaves its number in the object, in order; a file is entered at most twice."""
    mark = f'__asm__(".pushsection .seen\\n.long {number}\\n.popsection");\n'
    body = "".join(_wish(form, wanted) for form, wanted in wishes)
    system = f"#include_next <{name}>\n" if name in {"features.h", "stdint.h"} else ""
    return (
        f"#ifndef ONE_{number}\n#define ONE_{number}\n{mark}{system}{body}"
        f"#elif !defined TWO_{number}\n#define TWO_{number}\n{mark}{body}#endif\n"
    )


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    headers=_headers,
    links=_links,
    options=_options,
    main=st.lists(st.tuples(st.sampled_from(FORMS), _names), max_size=5),
)
def test_pack_gives_the_same_object(
    compiler: str,
    headers: dict[tuple[str, str], list[tuple[str, str]]],
    links: dict[str, str],
    options: list[tuple[str, str]],
    main: list[tuple[str, str]],
) -> None:
    with tempfile.TemporaryDirectory(prefix="scan") as folder:
        project = Project(Path(folder) / "tree", compiler)
        for directory in DIRECTORIES:
            (project.root / directory).mkdir(parents=True, exist_ok=True)
        for link, target in links.items():
            project.link(link, "../" * link.count("/") + target)
        project.write({
            f"{directory}/{name}": _header(number, name, wishes)
            for number, ((directory, name), wishes) in enumerate(headers.items())
        })  # fmt: skip
        text = "".join(_wish(form, name) for form, name in main)
        project.write({"src/main.c": f"{text}#include <stdlib.h>\nint last;\n"})
        words = []
        for option, directory in options:
            forced = f"{directory}/a.h"
            if option != "-include":
                words += [option, directory]
            elif (project.root / forced).is_file():
                words += [option, forced]
        compile_ = project.compile(*words, source="src/main.c")
        try:
            project.build(compile_)
        except AssertionError:
            reject()  # GCC refuses __has_include_next in the last directory
        project.prove(compile_)
