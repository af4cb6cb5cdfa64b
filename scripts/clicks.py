"""Print how good the viewer's smart clicks are on patients with known organs, beside a random walker's.

    .venv/bin/python -m scripts.clicks ../shared/data/openkbp --patients 12 [--box] [--peer PYTHON]

A simulated person clicks first into the middle of the organ, then each time into the middle of the
largest part that is wrong.  The validation patients of OpenKBP are asked; the constants were chosen on
others.  PYTHON is one of an environment of its own that has scikit-image; without it the peer is left out.

    .venv/bin/python -m scripts.clicks --spheres

One click near the middle of made spheres in white noise, on 96 voxels of 1 mm along every axis.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.datasets.openkbp import openkbp_manifest
from rt.manifest import Case
from rt.resample import read_nifti

ROOT = Path(__file__).parent.parent
ASKED = (1, 3, 5)
RADII_MM = (3.0, 5.0, 8.0, 15.0)
CONTRASTS = (2.0, 5.0, 10.0)
"""Between sphere and background, in standard deviations of the noise of a voxel."""
REPEATED = 8
NOISE = 20.0
EXTENT = 96
BOX_MM = 8.0
"""By which a person's box is larger than the organ on every side."""
Mask = npt.NDArray[np.bool_]
Results = dict[tuple[str, str, int], list[float]]
"""Dice by who answered, structure and number of clicks."""


@dataclass(frozen=True)
class Organ:
    """A structure of a patient with what the answering programs read."""

    name: str
    truth_kji: Mask
    spacing_kji_mm: tuple[float, float, float]
    volume: Path


class Program:
    """A program that answers clicks line by line."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name = name
        self.mask = folder / f"{name}.mask"
        self.ms: list[float] = []
        self._process = subprocess.Popen(
            command, cwd=ROOT / "frontend", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self, question: dict[str, Any]) -> None:
        """Have the mask's file written anew."""
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise RuntimeError(f"{self.name} has no pipes")
        to.write(json.dumps(question | {"mask": str(self.mask)}) + "\n")
        to.flush()
        self.ms.append(json.loads(back.readline())["ms"])

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


def main() -> int:
    """Ask every program about every organ and print the table."""
    parser = _parser()
    chosen = parser.parse_args()
    if chosen.root is None and not chosen.spheres:
        parser.error("name the folder of OpenKBP's patients, or --spheres")
    results: Results = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="rinkaku-clicks-") as name:
        folder = Path(name)
        if chosen.spheres:
            _print_spheres(Program("rinkaku", ["node", "dev/answer-clicks.mjs"], folder), folder)
            return 0
        programs = [Program("rinkaku", ["node", "dev/answer-clicks.mjs"], folder)]
        if chosen.peer is not None:
            script = str(ROOT / "scripts" / "random_walker.py")
            programs.append(Program("random-walker", [str(chosen.peer.absolute()), script], folder))
        cases = [case for case in openkbp_manifest(chosen.root).cases if case.split == "validation"]
        for organ in _organs(chosen.root, cases[: chosen.patients], folder):
            for program in programs:
                for number, dice in _session(program, organ, chosen.box):
                    results[program.name, organ.name, number].append(dice)
        for program in programs:
            program.end()
    _print(results, programs)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("root", type=Path, nargs="?", help="folder of OpenKBP's patients")
    parser.add_argument("--spheres", action="store_true", help="made spheres and no patients")
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--box", action="store_true", help="the person draws a box first")
    parser.add_argument("--peer", type=Path, help="Python of an environment with scikit-image")
    return parser


def _organs(root: Path, cases: list[Case], folder: Path) -> Iterator[Organ]:
    for case in cases:
        image, grid = read_nifti(root / str(case.image))
        labels, _ = read_nifti(root / str(case.labels))
        volume = folder / f"{case.id}.volume"
        image.astype("<i2").tofile(volume)
        i, j, k = grid.spacing_ijk_mm
        for name, bit in case.bits.items():
            yield Organ(name, (labels >> bit & 1).astype(bool), (float(k), float(j), float(i)), volume)
        volume.unlink()


def _session(program: Program, organ: Organ, with_box: bool) -> Iterator[tuple[int, float]]:
    """The Dice after each number of clicks."""
    truth = organ.truth_kji
    np.zeros(truth.shape, np.uint8).tofile(program.mask)
    drawn = np.zeros(truth.shape, bool)
    clicks: list[list[int]] = []
    box = _box(organ) if with_box else None
    for number in range(1, max(ASKED) + 1):
        where, add = _next_click(truth, drawn, organ.spacing_kji_mm)
        clicks.append([*where, int(add)])
        program.answer(
            {"volume": str(organ.volume), "shape": truth.shape, "spacing": organ.spacing_kji_mm,
             "clicks": clicks, "box": box}
        )  # fmt: skip
        drawn = np.fromfile(program.mask, np.uint8).reshape(truth.shape).astype(bool)
        if number in ASKED:
            yield number, float(2 * (truth & drawn).sum() / (truth.sum() + drawn.sum()))


def _box(organ: Organ) -> dict[str, list[int]]:
    places = np.argwhere(organ.truth_kji)
    margin = np.round(BOX_MM / np.array(organ.spacing_kji_mm)).astype(int)
    low = np.maximum(0, places.min(0) - margin)
    high = np.minimum(organ.truth_kji.shape, places.max(0) + 1 + margin)
    return {"low": low.tolist(), "high": high.tolist()}


def _next_click(truth: Mask, drawn: Mask, spacing_mm: tuple[float, float, float]) -> tuple[list[int], bool]:
    """The deepest voxel of the largest part that is wrong, and whether it is missing."""
    wrong: Mask = truth ^ drawn if (truth ^ drawn).any() else truth
    places = np.argwhere(wrong)
    low, high = np.maximum(0, places.min(0) - 1), places.max(0) + 2
    part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    kinds = [(wrong & truth)[part], (wrong & ~truth)[part]]
    largest: tuple[int, Mask, bool] = (0, kinds[0], True)
    for kind, add in zip(kinds, (True, False), strict=True):
        labels, count = ndimage.label(kind)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        if count and sizes.max() > largest[0]:
            largest = (int(sizes.max()), labels == 1 + sizes.argmax(), add)
    depth = ndimage.distance_transform_edt(np.pad(largest[1], 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    return [int(a + b) for a, b in zip(deepest, low, strict=True)], largest[2]


def _print_spheres(program: Program, folder: Path) -> None:
    """Dice, and drawn volume over true volume, after one click on each kind of sphere."""
    say = sys.stdout.write
    say("| radius, mm | " + " | ".join(f"contrast {c:g} × noise" for c in CONTRASTS) + " |\n")
    say("|---" * (1 + len(CONTRASTS)) + "|\n")
    for radius in RADII_MM:
        cells = [
            [_sphere(program, folder, radius, contrast, seed) for seed in range(REPEATED)]
            for contrast in CONTRASTS
        ]
        told = [f"{_cell([d for d, _ in found])} ({np.mean([v for _, v in found]):.2f})" for found in cells]
        say(f"| {radius:g} | " + " | ".join(told) + " |\n")
    program.end()
    say(f"{np.median(program.ms):.0f} ms an answer in the middle, {np.max(program.ms):.0f} at most\n")


def _sphere(
    program: Program, folder: Path, radius_mm: float, contrast: float, seed: int
) -> tuple[float, float]:
    """Dice and ratio of volumes after a click up to 0.3 radii from the middle; half voxels count half."""
    chance = np.random.default_rng(seed)
    middle = EXTENT / 2 + chance.uniform(-0.5, 0.5, 3)
    places = np.moveaxis(np.indices((EXTENT,) * 3), 0, -1)
    depth = radius_mm - np.linalg.norm(places - middle, axis=-1)
    values = NOISE * (contrast * np.clip(depth + 0.5, 0, 1) + chance.standard_normal(depth.shape))
    volume, spacing = folder / f"sphere {radius_mm} {contrast} {seed}.volume", (1.0, 1.0, 1.0)
    values.round().astype("<i2").tofile(volume)
    np.zeros(depth.shape, np.uint8).tofile(program.mask)
    aside = chance.standard_normal(3)
    aside *= chance.uniform(0, 0.3) * radius_mm / np.linalg.norm(aside)
    click = [*(int(at) for at in np.round(middle + aside)), 1]
    program.answer(
        {"volume": str(volume), "shape": depth.shape, "spacing": spacing, "clicks": [click], "box": None}
    )
    volume.unlink()
    drawn, truth = np.fromfile(program.mask, np.uint8).reshape(depth.shape).astype(bool), depth > 0
    overlap = float(2 * (truth & drawn).sum() / (truth.sum() + drawn.sum()))
    return overlap, float(drawn.sum() / truth.sum())


def _print(results: Results, programs: list[Program]) -> None:
    say = sys.stdout.write
    say("| structure | n | " + " | ".join(f"{p.name}, {n}" for p in programs for n in ASKED) + " |\n")
    say("|---" * (2 + len(programs) * len(ASKED)) + "|\n")
    names = list(dict.fromkeys(name for _, name, _ in results))
    for name in names:
        cells = [_cell(results[p.name, name, n]) for p in programs for n in ASKED]
        say(f"| {name} | {len(results[programs[0].name, name, 1])} | " + " | ".join(cells) + " |\n")
    every = [[d for m in names for d in results[p.name, m, n]] for p in programs for n in ASKED]
    say(f"| all organs | {len(every[0])} | " + " | ".join(map(_cell, every)) + " |\n")
    for program in programs:
        middle, most = np.median(program.ms), np.max(program.ms)
        say(f"{program.name}: {middle:.0f} ms an answer in the middle, {most:.0f} at most\n")


def _cell(dice: list[float]) -> str:
    return f"{np.mean(dice):.2f} ± {np.std(dice):.2f}"


if __name__ == "__main__":
    sys.exit(main())
