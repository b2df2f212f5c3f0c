"""Replace 32-character hashes in files by others, equal in length (used by the proof by two tokens)."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--map", action="append", required=True, metavar="OLD=NEW", help="may be repeated")
    parser.add_argument(
        "--name", action="append", default=[], metavar="OLD=NAME", help="what follows the dash behind OLD"
    )
    parser.add_argument("--own", action="store_true", help="copy linked files that hold a hash first")
    parser.add_argument("paths", nargs="+", type=Path, help="files, or folders with all that is in them")


def execute(args: argparse.Namespace) -> int:
    """Rewrite them in place."""
    from splitphase.pairs import read_pairs
    from splitphase.rewrite import Rewriter

    rewriter = Rewriter(read_pairs(args.map, "--map"), read_pairs(args.name, "--name"))
    for path in args.paths:
        if path.is_dir() and not path.is_symlink():
            if args.own:
                rewriter.own_copies(path)
            rewriter.tree(path)
        else:
            rewriter.entry(path)
    return 0
