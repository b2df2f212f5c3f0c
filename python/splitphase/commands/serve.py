"""Answer the shims of a build, in the background: take known results, and keep new ones."""

from __future__ import annotations

import argparse


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from pathlib import Path

    parser.add_argument("--top", required=True, help="the build's top folder")
    parser.add_argument("--output", action="append", default=[], metavar="NAME=PATH", help="an output of the package")
    parser.add_argument(
        "--scratch", type=Path, required=True, help="a folder for the socket and for what is remembered"
    )
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--package", required=True, help="the package's name without its version")
    parser.add_argument("--system", required=True, help="its build platform")
    parser.add_argument("--take", type=Path, metavar="CHECKPOINT", help="take results from here")
    parser.add_argument("--keep", type=Path, metavar="CHECKPOINT", help="keep results here")
    parser.add_argument("--known", type=Path, metavar="FILE", help="take results of these actions, ...")
    parser.add_argument("--artifacts", type=Path, metavar="FILE", help="... whose outputs this names, a line each")
    parser.add_argument("--fixed", action="append", default=[], metavar="PREFIX", help="paths that do not change")
    parser.add_argument("--verify", action="store_true", help="compile what is taken as well, and compare")
    parser.add_argument("--chaos", default="", help="for tests: delay=MS,refuse=PERCENT,die=PERCENT")


def execute(arguments: argparse.Namespace) -> int:
    """Run the command; returns when the server listens."""
    from splitphase.intercept import server
    from splitphase.intercept.artifacts import Artifacts, Identity
    from splitphase.intercept.chaos import Chaos
    from splitphase.intercept.expected import NAME
    from splitphase.intercept.session import Build, Session
    from splitphase.intercept.summary import Summary
    from splitphase.paths import UNCHANGING

    Chaos(arguments.chaos)
    outputs = dict(entry.split("=", 1) for entry in arguments.output)
    identity = Identity(arguments.package, arguments.system, arguments.top)
    source = None
    if arguments.known:
        source = Artifacts.of_actions(arguments.known, arguments.artifacts.read_text().splitlines(), arguments.top)
    elif arguments.take:
        source = Artifacts.read(arguments.take, identity)
    build = Build(
        top=arguments.top,
        outputs=outputs,
        scratch=arguments.scratch,
        fixed=tuple(arguments.fixed) or UNCHANGING,
        source=source,
        target=arguments.keep,
        verify=arguments.verify,
        chaos=arguments.chaos,
        expected=arguments.known.with_name(NAME) if arguments.known else None,
    )
    listener = server.listen(arguments.scratch / "socket")
    summary = Summary(build, identity)
    server.serve(listener, arguments.jobs, lambda: Session(build), summary.finish, arguments.scratch / "log")
    return 0
