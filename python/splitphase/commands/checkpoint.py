"""After the build: write a checkpoint, the objects of this build with what they were made from."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.commands import checkpoint_arguments as arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the folder with what was observed")


def execute(args: argparse.Namespace) -> int:
    """Save, and say what is in it."""
    from splitphase.checkpoint import record, save

    checkpoint = save.save(arguments.request(args), arguments.identity(args), args.checkpoint)
    record.write(args.checkpoint, checkpoint)
    why = f": {checkpoint.reason}" if checkpoint.reason else ""
    print(f"splitphase: checkpoint of {len(checkpoint.units)} objects{why}")
    for why, count in checkpoint.dropped.items():
        print(f"splitphase: not in the checkpoint: {count}: {why}")
    return 0
