"""After the build: write a checkpoint, the objects of this build with what they were made from."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.checkpoint import arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="folder for the checkpoint, with what was observed"
    )


def execute(args: argparse.Namespace) -> int:
    """Save, and say what is in it."""
    import os

    from splitphase.checkpoint import build, observe, record, save
    from splitphase.checkpoint.facts import Facts

    escape, restore = arguments.rewriters(args)
    observed = record.read_observed(args.checkpoint / "observed.json")
    (args.checkpoint / "observed.json").unlink()
    facts = Facts(args.top, escape)
    scratch = Path(args.top, arguments.SCRATCH)
    scratch.mkdir()
    saver = save.Saver(facts, scratch, user_headers_only=observed.user_headers_only)
    reason = args.problem or observe.unusable(escape, os.environ)
    found = reason or build.read(args, restore.text(observed.directory), facts, observed)
    tool = ""
    left: tuple[str, ...] = ()
    if isinstance(found, str):
        reason = found
    else:
        saver.take(found.units(args.top))
        tool = found.tool
        if found.custom:
            left = tuple(save.leftovers(args.top, arguments.SCRATCH, observed.listing, found.made, escape))
    saver.write(args.checkpoint)
    identity = record.Identity(args.package, args.system, args.top)
    record.write(
        args.checkpoint,
        record.Checkpoint(
            identity, observed, tool, reason, tuple(saver.kept), saver.read, left, dict(sorted(saver.dropped.items()))
        ),
    )
    print(f"splitphase: checkpoint of {len(saver.kept)} objects{': ' + reason if reason else ''}")
    for why, count in sorted(saver.dropped.items()):
        print(f"splitphase: not in the checkpoint: {count}: {why}")
    return 0
