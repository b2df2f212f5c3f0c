"""Just before the build tool runs: note what a checkpoint of this build is made from."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.commands import checkpoint_arguments as arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder for the checkpoint")


def execute(args: argparse.Namespace) -> int:
    """Write what is observed into the folder."""
    from splitphase.checkpoint import record

    request = arguments.request(args)
    args.checkpoint.mkdir(parents=True, exist_ok=True)
    facts = request.facts()
    observed = request.look(facts)
    if not request.idle(observed):
        record.write_observed(args.checkpoint / record.OBSERVED, observed)
    return 0
