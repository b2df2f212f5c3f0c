"""Write the manifest of a package that cannot be split, with the reason."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--manifest", type=Path, required=True, help="folder to write manifest.json into")
    parser.add_argument("reason", help="why the package is built whole")


def execute(args: argparse.Namespace) -> int:
    """Write it."""
    from splitphase.objcache.manifest import unsplit, write_json

    args.manifest.mkdir(parents=True, exist_ok=True)
    write_json(args.manifest / "manifest.json", unsplit(args.reason))
    print(f"splitphase: not split: {args.reason}")
    return 0
