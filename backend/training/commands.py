"""`rinkaku network`: networks from elsewhere in, ours out; done by the workers' process, which has torch."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from backend.kit.errors import InvalidInput


def add_network_commands(network: argparse.ArgumentParser) -> None:
    """Give `rinkaku network` its actions."""
    actions = network.add_subparsers(required=True, metavar="ACTION", dest="action")
    taken = actions.add_parser(
        "import", help="Take in a MONAI bundle, an nnU-Net v2 results folder or a library."
    )
    taken.add_argument("path", type=Path, nargs="?", help="a folder or a zip of it")
    taken.add_argument(
        "--totalsegmentator", default="", metavar="TASK", help="a task of the installed library"
    )
    taken.add_argument("--fast", action="store_true", help="its fast variant")
    taken.add_argument("--name", default="", help="of the network here; its own without it")
    taken.add_argument(
        "--mirror", action="store_true", help="mean over mirrored views: up to eight times the time"
    )
    taken.add_argument(
        "--allow-code", default="", metavar="SHA256", help="the one bundle whose TorchScript may be loaded"
    )
    written = actions.add_parser("export", help="Write a version for other software.")
    written.add_argument("network")
    written.add_argument("number", type=int, metavar="VERSION")
    written.add_argument("--format", choices=("monai", "onnx"), required=True)
    written.add_argument("--out", type=Path, help="the file to write; never one that is there")


def hand_over(chosen: argparse.Namespace) -> int:
    """Become the workers' process, which alone may load torch."""
    from backend.bootstrap import refuse_unprepared

    if chosen.action == "import" and (chosen.path is None) == (not chosen.totalsegmentator):
        raise InvalidInput("name a folder or zip, or a task of TotalSegmentator")
    refuse_unprepared()
    os.execv(sys.executable, [sys.executable, "-m", "workers", "network", *words_of(chosen)])


def words_of(chosen: argparse.Namespace) -> list[str]:
    """The command line that says the same again."""
    if chosen.action == "export":
        words = ["export", chosen.network, str(chosen.number), "--format", chosen.format]
        return words + (["--out", str(chosen.out)] if chosen.out else [])
    words = ["import"] + ([str(chosen.path)] if chosen.path else [])
    for name in ("totalsegmentator", "name", "allow_code"):
        if value := getattr(chosen, name):
            words += [f"--{name.replace('_', '-')}", value]
    return words + [f"--{name}" for name in ("fast", "mirror") if getattr(chosen, name)]
