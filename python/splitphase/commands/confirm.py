"""When all is built: whether what was taken from a checkpoint is what this build would have made."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.commands import checkpoint_arguments as arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the checkpoint's folder")


def execute(args: argparse.Namespace) -> int:
    """Print the reason why the package must be built anew; nothing where it need not."""
    import sys

    from splitphase.checkpoint import record
    from splitphase.checkpoint.confirm import confirm

    found = confirm(arguments.request(args), record.read(args.checkpoint))
    if found.again:
        print(f"splitphase: {found.again} of the objects taken were compiled again by the build tool", file=sys.stderr)
    if found.reason:
        print(found.reason)
    return 0
