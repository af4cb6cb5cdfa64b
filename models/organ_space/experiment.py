"""The documented experiment: organs of OpenKBP in a common space, and warps that are known.

Nothing is tuned on what it tells; the settings are the defaults.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.organ_space.config import Side, SpaceConfig
from models.organ_space.drift import register
from models.organ_space.known import judged, known_warp
from models.organ_space.organ import Organ, voxel_points
from models.organ_space.registration import surface_distance
from models.organ_space.space import CommonSpace, common_space
from models.organ_space.surface import surface_points
from models.outcome.crops import Patient
from models.outcome.openkbp import patients
from rt.errors import RtError

ORGANS: dict[str, tuple[tuple[str, Side | None], ...]] = {
    "Parotid_L": (("Parotid_L", "L"),),
    "Parotids": (("Parotid_L", "L"), ("Parotid_R", "R")),
    "Bone_Mandible": (("Bone_Mandible", None),),
}
"""Structures and their sides; right ones are mirrored to the left."""
AMPLITUDES_MM = (2.0, 4.0)
JUDGED = 20
"""Organs that are warped by known warps."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is to be done."""

    root: Path
    organ: str
    patients: int
    """At most, in the order of their numbers."""
    seed: int = 1
    say: Say = lambda _: None


def run(asked: Asked) -> dict[str, Any]:
    """The table's numbers as JSON."""
    organs = dict(_organs(asked))
    asked.say(f"{len(organs)} organs")
    config = SpaceConfig(mirror_to="L" if asked.organ == "Parotids" else None)
    cpu, clock = time.process_time(), time.perf_counter()
    space = common_space(organs, config, lambda share: asked.say(f"{share:.0%}"))
    seconds = {"cpu": time.process_time() - cpu, "clock": time.perf_counter() - clock}
    return {
        "organ": asked.organ,
        "organs": len(organs),
        "failed": {name: list(why) for name, why in space.failed.items()},
        "seconds": seconds,
        "spacing_mm": space.grid.spacing_ijk_mm[0],
        "shape_kji": list(space.grid.shape_kji),
        "voxels": int(space.mask_kji.sum()),
        "moved_mm": list(space.moved_mm),
        "fit": _fit(space, organs, config),
        "known": list(_known(organs, asked, config)),
    }


def _organs(asked: Asked) -> Iterator[tuple[str, Organ]]:
    for name, patient in itertools.islice(patients(asked.root), asked.patients):
        yield from _of(name, patient, asked.organ)


def _of(name: str, patient: Patient, organ: str) -> Iterator[tuple[str, Organ]]:
    several = len(ORGANS[organ]) > 1
    for structure, side in ORGANS[organ]:
        if structure in patient.masks_kji:
            mask = patient.masks_kji[structure]
            key = f"{name} {structure}" if several else name
            yield key, Organ(mask, patient.grid, patient.dose, side)


def _fit(space: CommonSpace, organs: dict[str, Organ], config: SpaceConfig) -> dict[str, list[float]]:
    """Median, 5th and 95th percentile over patients."""
    found: dict[str, list[float]] = {"surface_distance_mm": [], "dice": [], "folded": [], "affine_mm": []}
    residual = []
    inner = voxel_points(space.mask_kji, space.grid)
    for name in space.patients:
        quality, warp = space.quality[name], space.warps[name]
        for key in ("surface_distance_mm", "dice", "folded"):
            found[key].append(getattr(quality, key))
        fixed = surface_points(organs[name].mask_kji, organs[name].grid, config.points, config.speck)
        straight = replace(warp.registration, weights=np.zeros_like(warp.registration.weights))
        edge = surface_points(space.mask_kji, space.grid, config.points)
        there = replace(warp, registration=straight).to_patient(edge)
        found["affine_mm"].append(surface_distance(there, fixed))
        residual.append(float(warp.registration.inverse(warp.registration.warp(inner)).residual_mm.max()))
    found["inverse_residual_mm"] = residual
    return {key: [float(q) for q in np.percentile(values, [50, 5, 95])] for key, values in found.items()}


def _known(organs: dict[str, Organ], asked: Asked, config: SpaceConfig) -> Iterator[dict[str, Any]]:
    """Of each size of warp, means over the first organs: two samples of one surface, one of them warped."""
    for amplitude in AMPLITUDES_MM:
        left = []
        for number, organ in enumerate(list(organs.values())[:JUDGED]):
            try:
                dense = surface_points(organ.mask_kji, organ.grid, 20_000, config.speck)
            except RtError:
                continue
            chosen = np.random.default_rng(asked.seed + number).permutation(len(dense))
            moving, other = (dense[one] for one in np.array_split(chosen, 2))
            moving, other = moving[: config.points], other[: config.points]
            known = known_warp(moving, asked.seed + number, amplitude)
            inner = voxel_points(organ.mask_kji, organ.grid)
            found = register(moving, known.warp(other), config.registration, inner)
            told = judged(found, known, moving, inner, dense)
            left.append(asdict(told) | {"distance_mm": found.surface_distance_mm, "folded": found.folded})
            asked.say(f"known {amplitude:g} mm, {number + 1}")
        keys = left[0] if left else {}
        means = {key: float(np.mean([one[key] for one in left])) for key in keys}
        yield {"amplitude_mm": amplitude, "organs": len(left)} | means
