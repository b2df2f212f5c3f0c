"""What the commands `escape` and `restore` share."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from splitphase.errors import RewriteError
from splitphase.hashes.findings import REMEDY
from splitphase.hashes.survey import VERSION, read_outputs, refuse_special, survey
from splitphase.rewrite import Rewriter


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Declare their arguments."""
    parser.add_argument("--output", action="append", required=True, metavar="NAME=PATH", help="an output and its path")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PATTERN", help="paths below the folder to leave alone"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folders or files")


def outputs_of(args: argparse.Namespace) -> Mapping[str, str]:
    """The outputs that were named. Raises RewriteError."""
    return read_outputs(args.output)


def apply(args: argparse.Namespace, rewriter: Rewriter) -> int:
    """Rewrite the folders and print what changed."""
    refuse_special(args.folders)
    problems = [
        (path, text) for path, text in survey(args.folders, rewriter.engine).problems if not _kept(args, rewriter, path)
    ]
    if problems:
        path, text = problems[0]
        more = f" (and {len(problems) - 1} more; `splitphase find` lists them)" if len(problems) > 1 else ""
        raise RewriteError(f"{path}: {text}; it cannot be replaced there, nothing was changed{more}", hint=REMEDY)
    changed = []
    for folder in args.folders:
        if folder.is_dir() and not folder.is_symlink():
            changed += [str(folder / path) for path in rewriter.tree(folder)]
        else:
            now = rewriter.entry(folder)
            changed += [str(now)] if now is not None else []
    if args.json:
        print(json.dumps({"version": VERSION, "changed": changed}, indent=1))
    else:
        for path in changed:
            print(path)
        print(f"{len(changed)} changed")
    return 0


def _kept(args: argparse.Namespace, rewriter: Rewriter, path: str) -> bool:
    """Whether `--keep` names a path of a survey."""
    return any(
        Path(path).is_relative_to(folder) and rewriter.keeps(os.path.relpath(path, folder)) for folder in args.folders
    )
