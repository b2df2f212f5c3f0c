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
    parser.add_argument("--later", action="append", default=[], help="variables that only later phases read")


def execute(args: argparse.Namespace) -> int:
    """Reuse, and say what is built anew and why."""
    import time

    from splitphase.checkpoint import place, record, reuse

    started = time.monotonic()
    request = arguments.request(args)
    escape, restore = request.rewriters()
    found = record.read(args.checkpoint)
    record.check(args.checkpoint, found.identity, arguments.identity(args))
    result = reuse.choose(request, found, escape, args.later)
    if isinstance(result, str):
        print(f"splitphase: built anew: {result}")
        return 0
    build, decision = result
    times = place.place(Path(args.top), args.checkpoint, decision.kept, restore)
    build.record(decision.kept, times, args.top)
    if args.carry:
        record.write_carried(args.carry, {unit: times[f"{args.top}/{unit.output}"] for unit in decision.kept})
    print(
        f"splitphase: {len(decision.kept)} objects taken from the checkpoint in {time.monotonic() - started:.2f} s, "
        f"{sum(decision.anew.values())} built anew"
    )
    for why, count in decision.anew.items():
        print(f"splitphase: built anew: {count}: {why}")
    return 0
