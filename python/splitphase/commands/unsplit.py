"""Say why a part of a package is of no use: the package is built whole, or configured again after each edit."""

from __future__ import annotations

import argparse
from pathlib import Path

from splitphase.errors import SplitphaseError


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--manifest", type=Path, help="folder to write manifest.json into")
    target.add_argument("--said", type=Path, help="folder to write into what became of a skeleton")
    parser.add_argument("--seen", type=Path, help="what was opened of it")
    parser.add_argument("reason", help="why it is of no use")


def execute(args: argparse.Namespace) -> int:
    """Write it."""
    if not args.reason:
        raise SplitphaseError("no reason is given", hint="say one")
    if args.manifest:
        from splitphase.objcache.manifest import unsplit, write_json

        args.manifest.mkdir(parents=True, exist_ok=True)
        write_json(args.manifest / "manifest.json", unsplit(args.reason))
        print(f"splitphase: not split: {args.reason}")
    if args.said:
        from splitphase.skeleton.judge import say
        from splitphase.skeleton.watch import Seen

        seen = Seen.read(args.seen) if args.seen else None
        say(args.said, args.reason, seen.opened if seen else (), len(seen.blanked) if seen else 0)
        print(f"splitphase: no skeleton: {args.reason}")
    return 0
