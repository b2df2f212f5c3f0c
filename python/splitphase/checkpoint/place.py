"""Put the objects of a checkpoint into a configured tree, so that the build tool takes them for its own work.

The tree itself stays as it is. Every object gets one time, not older than anything in the tree.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from splitphase.archive import unpack
from splitphase.checkpoint.folder import renamed
from splitphase.checkpoint.record import HINT, OBJECTS, Unit
from splitphase.errors import ManifestError, RewriteError
from splitphase.rewrite import Rewriter, inside
from splitphase.stage import newest


def place(
    top: Path, source: Path, units: Iterable[Unit], restore: Rewriter, folder: tuple[str, str] = ("", "")
) -> dict[str, int]:
    """Unpack these units' files into the tree. Returns the time of each, by absolute path.

    `folder` is the name of the source tree's folder in the checkpoint and now.
    """
    old, new = folder
    chosen = list(units)
    if not chosen:
        return {}
    moment = max(time.time_ns(), newest(top))
    staging = top / ".splitphase-unpack"
    staging.mkdir()
    wanted = staging / "names"
    paths = [renamed(path, new, old) for unit in chosen for path in (unit.output, *unit.extra)]
    wanted.write_bytes(b"".join(f"./{path}".encode(errors="surrogateescape") + b"\0" for path in paths))
    staged = staging / "objects"
    staged.mkdir()
    unpack(source / OBJECTS, staged, wanted)
    if old != new and (staged / old).exists():
        (staged / old).rename(staged / new)
    times: dict[str, int] = {}
    folders: dict[str, Path] = {}
    for unit in chosen:
        files = (unit.output, *unit.extra)
        if not all((staged / path).is_file() for path in files):
            raise ManifestError(f"{source} lacks {unit.output}", hint=HINT)
        try:
            for path in files:
                restore.file(staged / path)
        except RewriteError as error:
            raise ManifestError(f"{source}: {unit.output}: {error.message}", hint=HINT) from error
        for path in files:
            parent, name = os.path.split(path)
            if parent not in folders:
                folders[parent] = inside(top, path).parent
                folders[parent].mkdir(parents=True, exist_ok=True)
            target = f"{folders[parent]}/{name}"
            os.replace(staged / path, target)
            os.utime(target, ns=(moment, moment))
            times[f"{top}/{path}"] = moment
    shutil.rmtree(staging)
    return times
