"""The JSON that crosses a boundary: against its schema, there and back, and damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitphase.errors import ManifestError
from splitphase.intercept.links import Given, Part
from splitphase.objcache import manifest

SCHEMA = json.loads((Path(manifest.__file__).parent / "schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ACTION = {
    "name": "base.c.o",
    "kind": "compile",
    "source": "src/base.c",
    "pack": "0" * 64 + ".tar.zst",
    "sha256": "0" * 64,
    "inputs": [],
    "store": ["/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-gcc-12.2.0"],
    "proof": False,
}
MANIFEST = {
    "version": 1,
    "split": True,
    "reason": "",
    "top": "/build",
    "actions": [ACTION],
    "left": [{"output": "a.o", "kind": "compile", "reason": "C++20 modules"}],
}


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == manifest.VERSION


def test_unsplit_fits(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    manifest.write_json(path, manifest.unsplit("no CMake build directory"))
    VALIDATOR.validate(json.loads(path.read_text()))
    assert manifest.read_manifest(path)["reason"] == "no CMake build directory"


def test_split_fits() -> None:
    VALIDATOR.validate(MANIFEST)


def _with(**changes: object) -> dict[str, Any]:
    return {**MANIFEST, "actions": [{**ACTION, **changes}]}


@pytest.mark.parametrize(
    "wrong",
    [
        {**MANIFEST, "version": 2},
        {**MANIFEST, "actions": []},
        {**MANIFEST, "reason": "but it is split"},
        {**MANIFEST, "split": False},
        {**MANIFEST, "more": 1},
        {**MANIFEST, "left": [{"output": "a.o", "kind": "custom", "reason": "x"}]},
        {**MANIFEST, "left": [{"output": "a.o", "kind": "link", "reason": ""}]},
        _with(name=".hidden"),
        _with(name="a b"),
        _with(kind="other"),
        _with(pack="../x"),
        _with(inputs=[-1]),
        _with(inputs=[1, 1]),
        _with(store=["/nix/store/xknow8xu1a4t1sco8s9o5sguqv3oa4pt-token"]),
        _with(store=["/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-x/bin"]),
        _with(proof=None),
        {key: value for key, value in MANIFEST.items() if key != "left"},
    ],
)
def test_schema_refuses(wrong: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(wrong))


_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)
_PARTS = st.builds(Part, _TEXTS, _TEXTS)
_GIVEN = st.builds(
    Given, _TEXTS, _TEXTS, _TEXTS, st.lists(_PARTS, max_size=2).map(tuple), st.booleans(), st.booleans(), st.booleans()
)
_KNOWN = st.builds(
    manifest.Known,
    _TEXTS,
    _TEXTS,
    st.lists(_TEXTS, max_size=3).map(tuple),
    st.one_of(st.none(), st.lists(_GIVEN, max_size=2).map(tuple)),
)


@given(st.lists(_KNOWN, max_size=3).map(tuple), st.sets(_TEXTS, max_size=2))
def test_known_actions_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, actions: tuple[manifest.Known, ...], variables: set[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "actions.json"
    manifest.write_known(path, actions, variables)
    assert manifest.read_known(path) == (actions, tuple(sorted(variables)))


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    known = manifest.Known("key", "caf\udce9.c", ("caf\udce9.o", ""))
    manifest.write_known(tmp_path / "actions.json", [known])
    assert manifest.read_known(tmp_path / "actions.json") == ((known,), ())


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", '{"version":2}', "{}", '{"version":1}', '{"version":1,"actions":[],"variables":7}',
        '{"version":1,"variables":[],"actions":[{}]}', '{"version":1,"variables":[],"actions":7}',
        '{"version":1,"variables":[],"actions":[{"key":"x","source":"x","written":["a"],"given":[{"p":1}]}]}', "\udce9",
    ],
)  # fmt: skip
def test_damaged_actions(tmp_path: Path, text: str) -> None:
    path = tmp_path / "actions.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ManifestError) as caught:
        manifest.read_known(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    with pytest.raises(ManifestError):
        manifest.read_known(tmp_path / "absent.json")
