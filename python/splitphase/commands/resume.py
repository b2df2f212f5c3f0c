"""Take up a build at a cut: unpack the snapshot and restore the hashes."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", type=Path, required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--snapshot", type=Path, required=True, help="the snapshot's folder, or a skeleton's file")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--state", type=Path, required=True, help="where to write the shell state to source")
    parser.add_argument(
        "--sources", type=Path, help="snapshot of the sources, if this one was made from their skeleton"
    )


def execute(args: argparse.Namespace) -> int:
    """Resume, and say how long it took."""
    import shutil
    import time

    from splitphase import snapshot
    from splitphase.errors import BuildGraphError
    from splitphase.ninja.restored import build_directories, rehash
    from splitphase.pairs import read_pairs
    from splitphase.rewrite import Rewriter

    started = time.monotonic()
    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    restore = Rewriter.restoring(outputs)
    taken = args.snapshot
    if taken.is_file():
        from splitphase.skeleton.blank import opened

        taken = opened(taken, args.state.with_name(".splitphase-skeleton"))
    index = snapshot.read_index(taken)
    snapshot.unpack(taken, args.top, index, outputs, restore, args.state)
    if taken != args.snapshot:
        shutil.rmtree(taken)
    if args.sources:
        from splitphase.skeleton.fill import fill

        fill(args.top, outputs, args.sources, args.snapshot, restore, args.state)
    for directory in build_directories(args.top, (path.removeprefix("tree/") for path in index.escaped)):
        try:
            rehash(directory)
        except BuildGraphError as error:
            print(f"splitphase: ninja will run all commands of {directory} again: {error.message}")
    print(f"splitphase: snapshot unpacked in {time.monotonic() - started:.2f} s")
    return 0
