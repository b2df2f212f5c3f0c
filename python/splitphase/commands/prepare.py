"""At the cut: make generated sources, plan the actions, escape, write packs, snapshot and manifest."""

from __future__ import annotations

import argparse
import time
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--scratch", type=Path, required=True, help="folder below the top with the shell's dumps")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--manifest", type=Path, required=True, help="folder for manifest.json")
    parser.add_argument("--snapshot", type=Path, required=True, help="folder for the snapshot")
    parser.add_argument("--packs", type=Path, required=True, help="folder for the packs")
    parser.add_argument("--target", action="append", default=[], help="what the build is asked for; none: the default")
    parser.add_argument("--jobs", type=int, default=1, help="cores for generating sources")
    parser.add_argument("--env", action="append", default=[], help="further variables that compilers see")
    parser.add_argument("--keep", action="append", default=[], help="paths below the top that are not rewritten")
    parser.add_argument("--leave", action="append", default=[], help="sources or outputs to leave to the build tool")


def execute(args: argparse.Namespace) -> int:
    """Prepare, or write an unsplit manifest with the reason."""
    import os

    from splitphase import buildtool
    from splitphase.commands import unsplit
    from splitphase.errors import RewriteError, SplitphaseError
    from splitphase.pairs import read_pairs
    from splitphase.prepare import Preparation

    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    for folder in (args.manifest, args.snapshot, args.packs):
        folder.mkdir(parents=True, exist_ok=True)
    build = buildtool.detect(os.getcwd())
    if isinstance(build, str):
        args.reason = build
        return unsplit.execute(args)
    started = time.monotonic()
    preparation = Preparation(args.top, args.scratch, outputs, build, args.keep)
    try:
        preparation.read(args.target)
    except SplitphaseError as error:
        args.reason = f"{error.message} (the stock build's tool will say more)"
        return unsplit.execute(args)
    args.reason = preparation.generate(args.jobs)
    if args.reason:
        return unsplit.execute(args)
    generated = time.monotonic()
    preparation.plan(args.env, args.leave, args.jobs)
    planned = time.monotonic()
    try:
        preparation.escape()
    except RewriteError as error:
        args.reason = error.message
        return unsplit.execute(args)
    escaped = time.monotonic()
    preparation.write_packs(args.packs)
    packed = time.monotonic()
    preparation.write_snapshot(args.snapshot)
    preparation.write_manifest(args.manifest)
    actions, left = preparation.result.actions, preparation.result.left
    print(
        f"splitphase: {len(actions)} actions, {len(left)} left to the build tool; generating sources "
        f"{generated - started:.2f} s, scanning {planned - generated:.2f} s, escaping {escaped - planned:.2f} s, "
        f"packing {packed - escaped:.2f} s, snapshot {time.monotonic() - packed:.2f} s"
    )
    return 0
