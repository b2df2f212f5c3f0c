"""Just before the build tool runs: put in place what a checkpoint has of this build."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.commands import checkpoint_arguments as arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint's folder")
    parser.add_argument("--carry", type=Path, help="folder of the checkpoint that this build leaves")
    parser.add_argument("--jobs", type=int, default=1, help="how many commands may run at once")
    parser.add_argument("--later", action="append", default=[], help="variables that only later phases read")


def execute(args: argparse.Namespace) -> int:
    """Reuse, and say what is built anew and why."""
    import time

    from splitphase.checkpoint import record
    from splitphase.checkpoint.request import IDLE
    from splitphase.checkpoint.reuse import Reuse

    started = time.monotonic()
    found = record.read(args.checkpoint)
    record.check(args.checkpoint, found.identity, arguments.identity(args))
    outcome = Reuse(arguments.request(args), args.checkpoint, found).run(args.later, args.jobs)
    if outcome == IDLE:
        return 0
    if isinstance(outcome, str):
        print(f"splitphase: built anew: {outcome}")
        return 0
    if args.carry:
        record.write_carried(args.carry, outcome.kept)
    print(
        f"splitphase: {len(outcome.kept)} objects taken from the checkpoint in {time.monotonic() - started:.2f} s, "
        f"{outcome.anew.total()} built anew"
    )
    for why, count in sorted(outcome.anew.items()):
        print(f"splitphase: built anew: {count}: {why}")
    return 0
