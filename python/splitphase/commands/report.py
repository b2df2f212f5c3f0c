"""Write what was split and what was not, with reasons, as text and JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json")
    parser.add_argument("--artifacts", type=Path, help="file with the store path of each action's output, a line each")
    parser.add_argument(
        "--configure", type=Path, help="JSON file: whether configure runs again after each edit, and why"
    )
    parser.add_argument("--target", type=Path, required=True, help="folder for report.txt and report.json")


def execute(args: argparse.Namespace) -> int:
    """Write it."""
    import json

    from splitphase.intercept.artifacts import LEFT
    from splitphase.objcache.manifest import read_manifest, write_json

    manifest = read_manifest(args.manifest)
    left = list(manifest["left"])
    artifacts = args.artifacts.read_text().splitlines() if args.artifacts else []
    split: dict[str, int] = {"compile": 0, "link": 0}
    for action, artifact in zip(manifest["actions"], artifacts, strict=bool(artifacts)):
        marker = Path(artifact) / LEFT
        if marker.exists():
            left.append({"output": action["name"], "kind": action["kind"], "reason": marker.read_text().strip()})
        else:
            split[action["kind"]] += 1
    configure = json.loads(args.configure.read_text()) if args.configure else None
    report: dict[str, object] = {
        "split": manifest["split"],
        "reason": manifest["reason"],
        "counts": split,
        "left": left,
    }
    if configure:
        report["configure"] = configure
    args.target.mkdir(parents=True, exist_ok=True)
    write_json(args.target / "report.json", report)
    lines = [f"split: {split['compile']} compiles, {split['link']} links"]
    if not manifest["split"]:
        lines = [f"not split: {manifest['reason']}"]
    reasons: dict[str, list[str]] = {}
    for entry in left:
        reasons.setdefault(f"{entry['kind']}: {entry['reason']}", []).append(entry["output"])
    for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines.append(f"left to the compiler: {len(names)} {reason}")
        lines += [f"    {output}" for output in sorted(names)]
    if configure:
        lines += _configuring(configure)
    (args.target / "report.txt").write_text("\n".join(lines) + "\n")
    return 0


def _configuring(configure: dict[str, Any]) -> list[str]:
    if configure["once"]:
        lines = ["configure: not again after an edit to what it does not read"]
        if configure["whole"]:
            lines.append(f"it reads {len(configure['whole'])} sources or texts:")
    else:
        lines = [f"configure: again after each edit: {configure['reason']}"]
    return lines + [f"    {name}" for name in configure["whole"]]
