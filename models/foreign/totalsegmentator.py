"""TotalSegmentator where it is installed: a version without weights of ours, drawn by that library.

Only two of its names are used, so a change there shows here and nowhere else: `python_api.totalsegmentator`
and `map_to_binary.class_map`.
"""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.foreign.errors import ForeignUnsupported, NotInstalled
from models.foreign.imported import Foreign
from models.foreign.labels import our_names
from models.foreign.picture import ForeignPicture
from models.registry.network import NetworkManifest, StructureRule
from rt.geometry import Grid
from rt.resample import read_nifti, resample, write_nifti

ARCHITECTURE = "totalsegmentator"
HOW = (
    "pip install TotalSegmentator, in the environment of the workers; it fetches its weights when first used"
)


def describe_totalsegmentator(task: str, *, fast: bool = False) -> Foreign:
    """The structures of one of its tasks; NotInstalled, or ForeignUnsupported for a task it has not."""
    tasks = _library("map_to_binary").class_map
    if task not in tasks:
        raise ForeignUnsupported(f"{task!r} is not one of {', '.join(sorted(tasks))}", where="task")
    classes = {int(number): str(name) for number, name in tasks[task].items()}
    labels = our_names([classes[number] for number in sorted(classes)], "class_map")
    return Foreign(
        kind="totalsegmentator",
        title=f"TotalSegmentator {task}{', fast' if fast else ''}",
        architecture=ARCHITECTURE,
        options={"task": task, "fast": fast},
        labels=labels,
        picture=ForeignPicture("MR" if task.endswith("_mr") else "CT"),
        practice=None,
        weights={},
        rules={name: StructureRule(parts=0, may_be_cut=True) for name in labels},
    )


def draw_totalsegmentator(
    manifest: NetworkManifest, image_kji: npt.NDArray[np.generic], grid: Grid
) -> dict[str, npt.NDArray[np.bool_]]:
    """Masks (k, j, i) on the scan's grid by our names; NotInstalled where the library is gone."""
    draw = _library("python_api").totalsegmentator
    classes = {str(name): int(number) for number, name in _classes(manifest).items()}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "image.nii.gz", Path(folder) / "drawn.nii.gz"
        write_nifti(source, np.asarray(image_kji, dtype=np.float32), grid)
        draw(
            source, target, ml=True, task=manifest.options["task"], fast=manifest.options["fast"], quiet=True,
            device="gpu" if torch.cuda.is_available() else "cpu",
        )  # fmt: skip
        drawn, place = read_nifti(target)
    if not place.is_close(grid):
        drawn = resample(drawn, place, grid, outside=0, nearest=True)
    labels: dict[str, str] = manifest.source["labels"]
    return {name: drawn == classes[label] for name, label in labels.items()}


def _classes(manifest: NetworkManifest) -> dict[int, str]:
    found: dict[int, str] = _library("map_to_binary").class_map.get(manifest.options["task"], {})
    missing = set(manifest.source["labels"].values()) - set(found.values())
    if missing:
        detail = f"the installed TotalSegmentator no longer draws {', '.join(sorted(missing)[:3])}"
        raise ForeignUnsupported(detail, where="class_map")
    return found


def _library(part: str) -> Any:
    try:
        return import_module(f"totalsegmentator.{part}")
    except ImportError as error:
        raise NotInstalled(f"TotalSegmentator is not installed: {HOW}", where="totalsegmentator") from error
