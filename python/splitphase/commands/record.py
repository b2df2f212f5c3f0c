"""Answer the shims of a build that is recorded, in the background; when it ends, write packs and manifest."""

from __future__ import annotations

import argparse
import time
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for the socket and for what is recorded")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--shim", type=Path, required=True, help="the shim, of which stubs of programs are copies")
    parser.add_argument("--manifest", type=Path, required=True, help="folder for manifest.json")
    parser.add_argument("--known", type=Path, required=True, help="folder for actions.json")
    parser.add_argument("--packs", type=Path, required=True, help="folder for the packs")
    parser.add_argument("--env", action="append", default=[], help="further variables that compilers see")
    parser.add_argument("--leave", action="append", default=[], help="sources or outputs to leave to the compiler")


def execute(args: argparse.Namespace) -> int:
    """Return when the server listens."""
    from splitphase.intercept import server
    from splitphase.intercept.record import Recorder
    from splitphase.intercept.session import Build
    from splitphase.objcache.plan import Settings
    from splitphase.objcache.prepare import Targets, write
    from splitphase.pairs import read_pairs
    from splitphase.paths import UNCHANGING
    from splitphase.tokens import HASH_LENGTH

    outputs = read_pairs(args.output, "--output")
    build = Build(
        top=args.top, outputs=outputs, scratch=args.scratch, fixed=UNCHANGING, jobs=args.jobs, added=tuple(args.env)
    )
    hashes = [Path(path).name[:HASH_LENGTH] for path in outputs.values()]
    settings = Settings(tuple(args.env), tuple(args.leave), tuple(hashes))

    began = time.monotonic()

    def finish() -> str:
        ended = time.monotonic()
        for folder in (args.manifest, args.known, args.packs):
            folder.mkdir(parents=True, exist_ok=True)
        plan = write(args.top, outputs, args.scratch, settings, Targets(args.manifest, args.packs, args.known))
        times = f"recorded in {ended - began:.1f} s, written in {time.monotonic() - ended:.1f} s"
        return f"splitphase: {len(plan.actions)} actions, {len(plan.left)} calls left to the compiler; {times}\n"

    listener = server.listen(args.scratch / "socket")
    server.serve(listener, args.jobs, lambda: Recorder(build, args.shim), finish, args.scratch / "log")
    return 0
