"""What the subcommands about checkpoints have in common on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splitphase.checkpoint.record import Identity
    from splitphase.checkpoint.request import Request

TOOLS = ("ninja", "make", "cargo", "other")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--top", required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--package", required=True, help="the package's name without its version")
    parser.add_argument("--system", required=True, help="the platform that builds")
    parser.add_argument("--tool", choices=TOOLS, required=True, help="what buildPhase runs")
    parser.add_argument("--problem", default="", help="why this build's objects cannot be reused")
    parser.add_argument("--target", action="append", default=[], help="what the build tool is asked for")
    parser.add_argument("--make-argument", action="append", default=[], help="an argument of make")
    parser.add_argument("--cargo-argument", action="append", default=[], help="an argument of cargo")
    parser.add_argument("--flags", default="", help="what the build tool is called with, whatever its form")


def request(args: argparse.Namespace) -> Request:
    """The build in question."""
    from pathlib import Path

    from splitphase.checkpoint.request import Request
    from splitphase.pairs import read_pairs

    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    return Request(
        args.top,
        outputs,
        args.tool,
        args.problem,
        tuple(args.target),
        tuple(args.make_argument),
        args.flags,
        tuple(args.cargo_argument),
    )


def identity(args: argparse.Namespace) -> Identity:
    """Of which package, for which system, where."""
    from splitphase.checkpoint.record import Identity

    return Identity(args.package, args.system, args.top)
