"""What the subcommands about checkpoints have in common on the command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
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
    parser.add_argument("--call", type=Path, help="folder with the call of the tool, where that was caught")
    parser.add_argument("--builder", type=int, help="process that runs buildPhase; said where the tool is called")
    parser.add_argument("--flags", default="", help="what the build tool is called with, whatever its form")


def request(args: argparse.Namespace) -> Request:
    """The build in question."""
    from splitphase.checkpoint.request import Request
    from splitphase.pairs import read_pairs

    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    if args.call:
        return _called(args, outputs)
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


def _called(args: argparse.Namespace, outputs: dict[str, Path]) -> Request:
    """The build that a call asks for; from here on, this process is where the call was."""
    from splitphase.checkpoint import called
    from splitphase.checkpoint.request import Request

    call = called.read(args.call)
    call.enter()
    if call.tool == "cargo":
        return Request(args.top, outputs, "cargo", args.problem, (), (), "", call.arguments, call=args.call)
    parsed = called.parse(call.tool, call.directory, call.arguments)
    problem = args.problem or parsed.reason or called.unquiet(args.call, args.builder)
    if not parsed.reason:
        os.chdir(parsed.directory)
    if call.tool == "make":
        if not parsed.parallel:
            args.jobs = 1
        if os.path.exists("CMakeFiles/Makefile2"):
            problem = problem or parsed.for_graph
    return Request(
        args.top, outputs, call.tool, problem, parsed.targets, parsed.arguments, "\0".join(parsed.arguments),
        make_options=parsed.options, call=args.call,
    )  # fmt: skip


def identity(args: argparse.Namespace) -> Identity:
    """Of which package, for which system, where."""
    from splitphase.checkpoint.record import Identity

    return Identity(args.package, args.system, args.top)
