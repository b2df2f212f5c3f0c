"""Watch which blanked files are opened while a package is configured from a skeleton, in the background."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", type=Path, required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--skeleton", type=Path, required=True, help="the skeleton from which the tree was unpacked")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the process' number and the result")


def execute(args: argparse.Namespace) -> int:
    """Return when it watches."""
    from splitphase.skeleton.blank import read_blanked
    from splitphase.skeleton.watch import start

    start(args.top, read_blanked(args.skeleton), args.scratch)
    return 0
