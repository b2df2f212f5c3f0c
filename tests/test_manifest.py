"""The JSON that crosses a boundary: against its schema, there and back, and damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitphase.manifest import StagedAction, StagedOutput, StagePlan

from splitphase import manifest
from splitphase.errors import ManifestError

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


_PATHS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=8)
_TIMES = st.one_of(st.none(), st.integers(0, 1 << 62))
_PLANS = st.builds(
    StagePlan,
    st.sampled_from(["ninja", "make"]),
    _PATHS,
    st.lists(
        st.builds(
            StagedAction,
            _PATHS,
            st.lists(st.builds(StagedOutput, _PATHS, _TIMES), max_size=3).map(tuple),
            st.lists(_PATHS, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@given(_PLANS)
def test_stage_plan_there_and_back(tmp_path_factory: pytest.TempPathFactory, plan: StagePlan) -> None:
    path = tmp_path_factory.getbasetemp() / "stage.json"
    manifest.write_stage(path, plan)
    assert manifest.read_stage(path) == plan


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    plan = StagePlan("make", ".", (StagedAction("x", (StagedOutput("caf\udce9.o", 1),), ()),))
    manifest.write_stage(tmp_path / "stage.json", plan)
    assert manifest.read_stage(tmp_path / "stage.json") == plan


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", '{"version":2}', "{}", '{"version":1}', '{"version":1,"tool":"ninja","directory":"."}',
        '{"version":1,"tool":"ninja","directory":".","actions":[{}]}',
        '{"version":1,"tool":"x","directory":".","actions":7}',
        '{"version":1,"tool":"x","directory":".","actions":[{"name":"x","outputs":[["a"]],"extra":[]}]}', "\udce9",
    ],
)  # fmt: skip
def test_damaged_plans(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stage.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ManifestError) as caught:
        manifest.read_stage(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    with pytest.raises(ManifestError):
        manifest.read_stage(tmp_path / "absent.json")
