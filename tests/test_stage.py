"""Staging with real Ninja and real Make: what was built elsewhere leaves the build tool nothing to compile."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cmake_project import ENVIRONMENT, CMakeProject
from splitphase import buildtool
from splitphase.errors import ManifestError, UnsafePathError
from splitphase.generate import Generation
from splitphase.manifest import StagedAction, StagedOutput, StagePlan
from splitphase.paths import Tree
from splitphase.plan import Action, Planner, Settings
from splitphase.rewrite import Rewriter
from splitphase.stage import LEFT, newest, stage

NOTHING = Rewriter({})


@dataclass
class Split:
    """A prepared tree, and each action's outputs as its derivation would hold them."""

    project: CMakeProject
    plan: StagePlan
    artifacts: list[Path]
    built: dict[str, int]
    left: set[str] = field(default_factory=set)

    def stage(self) -> None:
        stage(self.project.root, self.plan, self.artifacts, NOTHING)


def _actions(project: CMakeProject) -> tuple[list[Action], set[str]]:
    build = buildtool.BuildDirectory(project.tool, str(project.build))
    graph = buildtool.read(build)
    buildtool.generate(build, Generation(graph), 2)
    plan = Planner(Tree(str(project.root)), graph, Settings(ENVIRONMENT)).run()
    return plan.actions, {left.output for left in plan.left}


def _split(root: Path, tool: str) -> Split:
    """Prepare a project, build it whole as the stand-in for the actions, and put the prepared tree back."""
    project = CMakeProject(root / "top", tool)
    actions, left = _actions(project)
    built: dict[str, int] = {}
    for action in actions:
        for path in (*action.outputs, *action.extra_outputs):
            if os.path.lexists(path):
                built[path] = os.stat(path).st_mtime_ns
                os.unlink(path)
    subprocess.run(["cp", "-a", str(project.root), str(root / "prepared")], check=True)
    project.make(*(["-d", "keepdepfile"] if tool == "ninja" else []))
    artifacts = []
    for action in actions:
        artifact = root / "store" / str(action.number)
        for path in (*action.outputs, *action.extra_outputs):
            if os.path.lexists(path):
                target = artifact / os.path.relpath(path, project.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target, follow_symlinks=False)
                if not target.is_symlink():
                    target.chmod(0o555 if os.access(path, os.X_OK) else 0o444)
                os.utime(target, (1, 1), follow_symlinks=False)
        artifacts.append(artifact)
    plan = StagePlan(
        tool,
        os.path.relpath(project.build, project.root),
        tuple(
            StagedAction(
                action.name,
                tuple(StagedOutput(os.path.relpath(path, project.root), built.get(path)) for path in action.outputs),
                tuple(os.path.relpath(path, project.root) for path in action.extra_outputs),
            )
            for action in actions
        ),
    )
    return Split(project, plan, artifacts, built, left)


@pytest.fixture(scope="module", params=["ninja", "make"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Split:
    return _split(tmp_path_factory.mktemp("a b"), request.param)


@pytest.fixture
def split(prepared: Split) -> Split:
    """The prepared tree, untouched, where it was configured."""
    top = prepared.project.root
    shutil.rmtree(top)
    subprocess.run(["cp", "-a", str(top.with_name("prepared")), str(top)], check=True)
    return prepared


def _work(project: CMakeProject) -> str:
    """What the build tool would run, less what CMake's Makefiles always run."""
    if project.tool == "ninja":
        return project.make("-n", "-v")
    lines = project.make("-n", "VERBOSE=1").splitlines()
    return "\n".join(line for line in lines if " -c " in line or "cmake_link_script" in line)


def _files(split: Split) -> dict[str, int]:
    outputs = [output.path for action in split.plan.actions for output in action.outputs]
    return {path: (split.project.root / path).lstat().st_mtime_ns for path in outputs}


def test_nothing_is_left_to_compile(split: Split) -> None:
    assert {Path(output).name for output in split.left} == {"copied", "ran"}
    split.stage()
    text = _work(split.project)
    assert " -c " not in text
    staged = _files(split)
    log = split.project.make(*(["VERBOSE=1"] if split.project.tool == "make" else ["-v"]))
    assert " -c " not in log
    assert _files(split) == staged
    again = split.project.make("-n")
    assert "no work to do" in again or "cc" not in again.split()
    subprocess.run([str(split.project.build / "sub dir/posted")], check=True)


def test_a_tool_on_the_way_keeps_its_time(split: Split) -> None:
    """The generated header stays newer than the tool that made it, so that it is not made again."""
    header = split.project.build / "made/generated.h"
    moment = header.stat().st_mtime_ns
    split.stage()
    tool = split.project.build / "tool"
    assert tool.stat().st_mtime_ns == split.built[str(tool)] <= moment
    split.project.make()
    assert header.stat().st_mtime_ns == moment


def test_times_are_not_older_than_the_tree(split: Split) -> None:
    future = split.project.source / "base.c"
    ahead = newest(split.project.root) + 3_600_000_000_000
    os.utime(future, ns=(ahead, ahead))
    split.stage()
    assert " -c " not in _work(split.project)


def test_a_changed_source_is_compiled(split: Split) -> None:
    """The oracle is not blind: an edit after staging gives work, and no more than it should."""
    split.stage()
    later = newest(split.project.root) + 1_000_000_000
    os.utime(split.project.source / "object.c", ns=(later, later))
    compiled = [line for line in _work(split.project).splitlines() if " -c " in line]
    assert len(compiled) == 1
    assert "object.c" in compiled[0]


def test_a_changed_header_is_noticed(split: Split) -> None:
    """Ninja's staged deps name the headers; Make reads them when it has a depfile, and compiles to be sure before."""
    if split.project.tool == "make":
        pytest.skip("Makefiles get no depfiles: sources do not change after staging")
    split.stage()
    later = newest(split.project.root) + 1_000_000_000
    os.utime(split.project.source / "inc two/other name.h", ns=(later, later))
    compiled = [line for line in _work(split.project).splitlines() if " -c " in line]
    assert len(compiled) == 1
    assert "with space.c" in compiled[0]


def test_what_was_not_proven_is_left(split: Split) -> None:
    number = next(i for i, action in enumerate(split.plan.actions) if action.outputs[0].path.endswith("object.c.o"))
    artifact = split.project.root.with_name("unproven")
    artifact.mkdir(exist_ok=True)
    (artifact / LEFT).write_text("its bytes depend on the output path\n")
    artifacts = [*split.artifacts[:number], artifact, *split.artifacts[number + 1 :]]
    found = stage(split.project.root, split.plan, artifacts, NOTHING)
    assert found.left == {split.plan.actions[number].name: "its bytes depend on the output path"}
    log = split.project.make(*(["VERBOSE=1"] if split.project.tool == "make" else ["-v"]))
    compiled = [line for line in log.splitlines() if " -c " in line]
    assert len(compiled) == 1
    assert "object.c" in compiled[0]


def _plan(*paths: str) -> StagePlan:
    return StagePlan("make", ".", (StagedAction("x", tuple(StagedOutput(path, None) for path in paths), ()),))


def test_damaged_plans(tmp_path: Path) -> None:
    top, artifact = tmp_path / "top", tmp_path / "artifact"
    top.mkdir()
    artifact.mkdir()
    (tmp_path / "x.o").write_text("outside")
    with pytest.raises(ManifestError, match="artifacts for 1 actions"):
        stage(top, _plan("x.o"), [], NOTHING)
    with pytest.raises(ManifestError, match=r"lacks x\.o"):
        stage(top, _plan("x.o"), [artifact], NOTHING)
    with pytest.raises(UnsafePathError):
        stage(top, _plan("../x.o"), [artifact], NOTHING)
    assert (tmp_path / "x.o").read_text() == "outside"
