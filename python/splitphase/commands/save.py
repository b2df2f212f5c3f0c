"""At a cut between phases: escape the build tree and what is in the outputs, and write the snapshot."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", type=Path, required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--scratch", type=Path, required=True, help="folder below the top with the shell's dumps")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--snapshot", type=Path, required=True, help="folder for the snapshot")
    parser.add_argument("--keep", action="append", default=[], help="paths below the top that are not rewritten")
    parser.add_argument("--copy", action="store_true", help="leave tree and outputs as they are")
    parser.add_argument("--skeleton", type=Path, help="make a skeleton of these sources as well, in this folder")
    parser.add_argument("--began", type=float, help="when their unpacking began, in seconds")
    parser.add_argument("--source", action="append", default=[], help="store paths that were unpacked")
    parser.add_argument("--configured", type=Path, help="the skeleton from which this was configured")
    parser.add_argument("--over", action="append", default=[], help="attributes of the package that were not there")
    parser.add_argument("--seen", type=Path, help="what was opened of it")
    parser.add_argument("--said", type=Path, help="folder in which to say whether it was enough")


def execute(args: argparse.Namespace) -> int:
    """Save, and say how long it took."""
    import os
    import time

    from splitphase import snapshot
    from splitphase.pairs import read_pairs
    from splitphase.rewrite import Rewriter
    from splitphase.saved import copy, escape_tree, take_outputs, write_state

    started = time.monotonic()
    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    escape = Rewriter.escaping(outputs, keep=args.keep)
    filled = None
    if args.configured:
        from splitphase.skeleton.judge import judge, say
        from splitphase.skeleton.watch import Seen

        seen = Seen.read(args.seen)
        problem, filled = judge(args.top, args.scratch, outputs.values(), seen, args.configured, args.over)
        if filled is None:
            args.snapshot.mkdir(parents=True, exist_ok=True)
            say(args.said, problem, seen.opened, len(seen.blanked))
            return 0
    directory = os.getcwd()
    saved = copy(args.top, args.scratch, outputs) if args.copy else take_outputs(args.scratch, outputs)
    write_state(args.scratch, saved)
    if args.copy:
        escaped = escape_tree(args.scratch / "tree", args.scratch, saved, escape)
    else:
        escaped = escape_tree(args.top, args.scratch, saved, escape)
    done = time.monotonic()
    index = snapshot.Index(str(args.top), directory, tuple(sorted(outputs)), escaped)
    if args.copy:
        snapshot.write_moved(args.scratch, args.snapshot, index)
    else:
        snapshot.write(args.top, args.scratch, args.snapshot, index)
    if args.skeleton:
        from splitphase.skeleton import blank

        names = blank.names_in(args.scratch)
        store = tuple(sorted(set().union(*names.values())))
        sources = blank.Sources(int(args.began * 1e9), tuple(args.source), store)
        sources.write(args.snapshot)
        count = blank.write(args.scratch, args.skeleton, index, sources, names)
        print(f"splitphase: {count} files have no content in the skeleton")
    if filled is not None:
        filled.write(args.snapshot)
        say(args.said, "", (), len(filled.blanked))
    print(
        f"splitphase: {len(escaped)} paths escaped in {done - started:.2f} s, "
        f"snapshot of {(args.snapshot / 'tree.tar.zst').stat().st_size / 1e6:.1f} MB in {time.monotonic() - done:.2f} s"
    )
    return 0
