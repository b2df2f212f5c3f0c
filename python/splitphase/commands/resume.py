"""In the final derivation: unpack the snapshot, restore the hashes and stage the artifacts."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--top", type=Path, required=True, help="$NIX_BUILD_TOP")
    parser.add_argument("--snapshot", type=Path, required=True, help="the snapshot's folder")
    parser.add_argument("--artifacts", type=Path, help="file with the store path of each action's output, a line each")
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="the package's outputs")
    parser.add_argument("--state", type=Path, required=True, help="where to write the shell state to source")


def execute(args: argparse.Namespace) -> int:
    """Resume, and say what is left to the build tool."""
    import time

    from splitphase import snapshot
    from splitphase.errors import BuildGraphError
    from splitphase.manifest import read_stage
    from splitphase.pairs import read_pairs
    from splitphase.rewrite import Rewriter
    from splitphase.stage import stage
    from splitphase.stage_ninja import logs_of, rehash
    from splitphase.tokens import hash_part, tokens

    started = time.monotonic()
    outputs = {name: Path(path) for name, path in read_pairs(args.output, "--output").items()}
    restore = Rewriter({pair[0]: hash_part(outputs[name]) for name, pair in tokens(outputs).items()})
    index = snapshot.read_index(args.snapshot)
    snapshot.unpack(args.snapshot, args.top, index, outputs, restore, args.state)
    for directory in (
        [] if args.artifacts else logs_of(args.top, (path.removeprefix("tree/") for path in index.escaped))
    ):
        try:
            rehash(directory)
        except BuildGraphError as error:
            print(f"splitphase: ninja will run all commands of {directory} again: {error.message}")
    unpacked = time.monotonic()
    print(f"splitphase: snapshot unpacked in {unpacked - started:.2f} s")
    if args.artifacts:
        plan = read_stage(args.snapshot / "stage.json")
        artifacts = [Path(line) for line in args.artifacts.read_text().splitlines()]
        staged = stage(args.top, plan, artifacts, restore)
        print(
            f"splitphase: staged {len(artifacts) - len(staged.left)} of {len(artifacts)} actions "
            f"in {time.monotonic() - unpacked:.2f} s"
        )
        for name, reason in sorted(staged.left.items()):
            print(f"splitphase: left to the build tool: {name}: {reason}")
    return 0
