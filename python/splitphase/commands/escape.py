"""Replace the hashes of outputs by tokens below folders."""

from __future__ import annotations

import argparse


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from splitphase.hashes.apply import add_outputs

    add_outputs(parser)


def execute(args: argparse.Namespace) -> int:
    """Rewrite; each file is the old one or the new one at any time."""
    from splitphase.hashes.apply import apply, outputs_of
    from splitphase.rewrite import Rewriter

    return apply(args, Rewriter.escaping(outputs_of(args), keep=args.keep, atomic=True))
