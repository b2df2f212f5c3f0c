"""Put the objects of a checkpoint into a configured tree, so that the build tool takes them for its own work.

The tree itself stays as it is. Every object gets one time, not older than anything in the tree.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from splitphase.archive import unpack
from splitphase.checkpoint.record import HINT, OBJECTS, Unit
from splitphase.errors import ManifestError, RewriteError
from splitphase.rewrite import Rewriter, inside
from splitphase.snapshot import UNPACKED
from splitphase.stage import newest


class Objects:
    """All objects of the checkpoint in `source`: unpacked beside the tree below `top`, while that is looked at.

    `folder` is the name of the source tree's folder in the checkpoint and now. What was not placed is gone when the
    `with` statement ends.
    """

    def __init__(self, top: Path, source: Path, folder: tuple[str, str] = ("", "")) -> None:
        self.top = top
        self.source = source
        self._folder = folder
        self._staged = top / UNPACKED
        self._staged.mkdir()
        self._unpacking = unpack(source / OBJECTS, self._staged)
        self._ready = False

    def __enter__(self) -> Self:
        """They are being unpacked already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what is left."""
        self._unpacking.stop()
        shutil.rmtree(self._staged)

    def _finish(self) -> None:
        if self._ready:
            return
        self._unpacking.finish()
        old, new = self._folder
        if old != new and (self._staged / old).exists():
            (self._staged / old).rename(self._staged / new)
        self._ready = True

    def place(self, units: Iterable[Unit], restore: Rewriter) -> dict[str, int]:
        """Put these units' files into the tree. Returns the time of each, by absolute path. Raises ManifestError."""
        chosen = list(units)
        if not chosen:
            return {}
        self._finish()
        top, staged = self.top, self._staged
        moment = max(time.time_ns(), newest(top))
        times: dict[str, int] = {}
        folders: dict[str, Path] = {}
        for unit in chosen:
            files = (unit.output, *unit.extra)
            if not all((staged / path).is_file() for path in files):
                raise ManifestError(f"{self.source} lacks {unit.output}", hint=HINT)
            try:
                for path in files:
                    restore.file(staged / path)
            except RewriteError as error:
                raise ManifestError(f"{self.source}: {unit.output}: {error.message}", hint=HINT) from error
            for path in files:
                parent, name = os.path.split(path)
                if parent not in folders:
                    folders[parent] = inside(top, path).parent
                    folders[parent].mkdir(parents=True, exist_ok=True)
                target = f"{folders[parent]}/{name}"
                os.replace(staged / path, target)
                os.utime(target, ns=(moment, moment))
                times[f"{top}/{path}"] = moment
        return times
