"""What the subcommands about checkpoints have in common on the command line."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from splitphase.checkpoint.dryrun import dry_run
from splitphase.checkpoint.facts import Facts
from splitphase.checkpoint.observe import observe
from splitphase.checkpoint.record import Observed
from splitphase.pairs import read_pairs
from splitphase.rewrite import Rewriter
from splitphase.tokens import hash_part, tokens

TOOLS = ("ninja", "make", "other")
SCRATCH = ".splitphase-scratch"


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
    parser.add_argument("--flags", default="", help="what else the build tool is called with")


def rewriters(args: argparse.Namespace) -> tuple[Rewriter, Rewriter]:
    """Escape and restore."""
    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    pairs = {hash_part(outputs[name]): pair[0] for name, pair in tokens(outputs).items()}
    return Rewriter(pairs), Rewriter({token: real for real, token in pairs.items()})


def observed(args: argparse.Namespace, facts: Facts) -> Observed:
    """What there is now, a dry run of plain make among it."""
    now = observe(facts, SCRATCH, os.environ, args.flags)
    if args.problem or args.tool != "make" or os.path.exists("CMakeFiles/Makefile2"):
        return now
    run = dry_run(args.top, SCRATCH, args.make_argument, facts.escape)
    return replace(
        now, commands=run.digest, reason=run.reason, compiles=run.compiles, user_headers_only=run.user_headers_only
    )
