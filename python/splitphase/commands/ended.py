"""When the build tool's call has ended: note what there is, to know what later commands write."""

from __future__ import annotations

import argparse

from splitphase.commands import checkpoint_arguments as arguments


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    arguments.configure(parser)


def execute(args: argparse.Namespace) -> int:
    """Write the stamps of all files into the call's folder."""
    from splitphase.checkpoint import called

    called.note_end(args.top, args.call)
    return 0
