"""Moving a tree from one file system to another, as `mv` would, whatever its modes are."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

from splitphase.errors import SplitphaseError
from splitphase.rewrite import move


def transfer(source: Path, target: Path) -> None:
    """Move a file, link or folder to a path that is free; modes, times, hard links and holes stay.

    Folders may be read-only, as those are that a package copied from the store. Raises SplitphaseError.
    """
    try:
        move(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    done = subprocess.run(
        ["cp", "--archive", "--no-target-directory", "--", source, target], check=False, capture_output=True
    )
    if done.returncode:
        raise SplitphaseError(
            f"{source} cannot be moved to {target}: {done.stderr.decode(errors='replace').strip()}",
            hint="look at its modes, and at the space left on the disk",
        )
    remove(source)


def remove(path: Path) -> None:
    """Remove a file, link or folder; what a read-only folder holds as well."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    for folder, below, _ in os.walk(path):
        Path(folder).chmod(stat.S_IRWXU)
        for name in below:
            # Opened before it is entered: what cannot be read is not walked.
            child = Path(folder, name)
            if not child.is_symlink():
                child.chmod(stat.S_IRWXU)
    shutil.rmtree(path)
