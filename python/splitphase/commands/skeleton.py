"""Make a skeleton of sources in which more files keep their content."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--sources", type=Path, required=True, help="the snapshot of the sources")
    parser.add_argument("--whole", type=Path, required=True, help="JSON file: a list of paths that keep their content")
    parser.add_argument("--target", type=Path, required=True, help="folder for the skeleton")


def execute(args: argparse.Namespace) -> int:
    """Write it."""
    import json
    import tempfile

    from splitphase import archive, snapshot
    from splitphase.relocate import remove
    from splitphase.skeleton.blank import Sources, names_in, write

    index = snapshot.read_index(args.sources)
    whole = frozenset(json.loads(args.whole.read_text()))
    folder = Path(tempfile.mkdtemp())
    archive.unpack(args.sources / "tree.tar.zst", folder).finish()
    write(folder, args.target, index, Sources.read(args.sources), names_in(folder), whole)
    remove(folder)
    return 0
