"""Stage: put the actions' outputs into the restored tree so that the build tool finds nothing to do for them.

Every staged file gets one time, not older than anything in the tree; what prepare had built on the way to a generated
source gets the time it had then, so that the generated source stays newer. Ninja also gets log and deps records.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splitphase import buildtool
from splitphase.errors import ManifestError, RewriteError
from splitphase.manifest import StagedAction, StagePlan
from splitphase.rewrite import Rewriter, inside

LEFT = ".splitphase-left"
"""An action that could not be proven, or needs one such, writes its reason into this file of its output."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What was put in place. Paths absolute, times in nanoseconds."""

    times: Mapping[str, int]
    """Time by output path."""
    depfiles: Mapping[str, str]
    """Depfile by the path of the action's first output, where the action has one."""
    left: Mapping[str, str]
    """Reason by action name."""


def stage(top: Path, plan: StagePlan, artifacts: list[Path], restore: Rewriter) -> Staged:
    """Copy the outputs of all actions into the tree at `top`. `artifacts` are their store paths by number."""
    if len(artifacts) != len(plan.actions):
        raise ManifestError(
            f"{len(artifacts)} artifacts for {len(plan.actions)} actions",
            hint="the plan and the artifacts do not match",
        )
    now = max(time.time_ns(), newest(top))
    times: dict[str, int] = {}
    depfiles: dict[str, str] = {}
    left: dict[str, str] = {}
    for action, artifact in zip(plan.actions, artifacts, strict=True):
        if (artifact / LEFT).exists():
            left[action.name] = (artifact / LEFT).read_text().strip()
            continue
        try:
            _copy(top, action, artifact, restore, now, times, keep_depfiles=plan.tool == buildtool.NINJA)
        except RewriteError as error:
            left[action.name] = error.message
            for path in (*(output.path for output in action.outputs), *action.extra):
                (top / path).unlink(missing_ok=True)
                times.pop(str(top / path), None)
            continue
        for path in action.extra:
            if os.path.lexists(artifact / path) and path.endswith(".d"):
                depfiles[str(top / action.outputs[0].path)] = str(top / path)
    if plan.tool == buildtool.NINJA:
        from splitphase.stage_ninja import record  # noqa: PLC0415 - a Makefile build never reads build.ninja

        record(top / plan.directory, times, depfiles, ninja_version)
    return Staged(times, depfiles, left)


def newest(top: Path) -> int:
    """The newest modification time below `top`, nanoseconds."""
    found = 0
    pending = [str(top)]
    while pending:
        with suppress(PermissionError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                found = max(found, entry.stat(follow_symlinks=False).st_mtime_ns)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    return found


def _copy(
    top: Path,
    action: StagedAction,
    artifact: Path,
    restore: Rewriter,
    now: int,
    times: dict[str, int],
    *,
    keep_depfiles: bool,
) -> None:
    built = {output.path: output.mtime_ns for output in action.outputs}
    extra = [path for path in action.extra if keep_depfiles or not path.endswith(".d")]
    for path in (*built, *extra):
        source, target = inside(artifact, path), inside(top, path)
        if not os.path.lexists(source):
            if path in built:
                raise ManifestError(f"{artifact} lacks {path}", hint="rebuild it: the store path is damaged")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            target.unlink()
        shutil.copyfile(source, target, follow_symlinks=False)
        if not target.is_symlink():
            target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
        restore.entry(target)
        moment = built.get(path) or now
        os.utime(target, ns=(moment, moment), follow_symlinks=False)
        times[str(target)] = moment


def ninja_version() -> str:
    """What the ninja in use says of its version."""
    return subprocess.run(["ninja", "--version"], check=True, capture_output=True, text=True).stdout.strip()
