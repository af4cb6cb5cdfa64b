"""The documented experiment: sensitive regions planted in the doses of OpenKBP's parotids, and what is found.

The common space is kept in a file, fits in checkpoints, so that a command that was killed goes on.  Power
comes from the first question of `significance`, which is cheap; maps are made of a few seeds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from models.dose_maps.analysis import analyse
from models.dose_maps.config import MapConfig
from models.dose_maps.planting import Planted, Planting, found, plant
from models.dose_maps.significance import any_relation
from models.dose_maps.work import Run, Work
from models.organ_space.config import Side, SpaceConfig
from models.organ_space.organ import Organ
from models.organ_space.space import CommonSpace, common_space
from models.organ_space.stored import from_bytes, to_bytes
from models.outcome.openkbp import patients
from models.statistics.figures.style import COLUMN_MM, GREY, colour, dash, drawing, sheet, written
from models.statistics.merit import wilson

QUICK = MapConfig(
    voxels=1000, penalties=6, folds=5, inner_folds=3, permutations=39, subsamples=0, iterations=200
)
"""What two busy cores can do in minutes; the defaults take finer blocks and more permutations."""
PLANTINGS = {
    "continuous, R² 0.3": Planting("continuous"),
    "binary, odds ratio 2.5": Planting("binary"),
    "nothing, continuous": Planting("continuous", r2=0.0),
    "nothing, binary": Planting("binary", odds_ratio=1.0),
}
SPACE = SpaceConfig(points=600, rounds=1)
"""Coarser than its defaults, for the same reason; organs are 5 cm long, its voxels about 1.7 mm."""
SIZES = (20, 30, 45, 60, 75)
ORGANS: dict[str, Side | None] = {"Parotid_L": "L", "Bone_Mandible": None, "Larynx": None, "SpinalCord": None}


@dataclass(frozen=True)
class Asked:
    """What is to be done."""

    openkbp: Path
    out: Path
    organ: str = "Parotid_L"
    patients: int = 80
    """Organs at most, in the order of their numbers."""
    cohort: int = 75
    """Patients of each planted cohort that is mapped."""
    seeds: int = 3
    power: int = 20
    """Cohorts a point of the power curve."""
    say: Callable[[str], None] = lambda _: None


def run(asked: Asked) -> dict[str, Any]:
    """Figures as JSON; `out` gets `space.npz`, `summary.json`, `power.svg` and `power.pdf`."""
    asked.out.mkdir(parents=True, exist_ok=True)
    space = _space(asked)
    power = [row for name in PLANTINGS if asked.power for row in _power(asked, space, name)]
    if power:
        with drawing():
            for kind, data in written(power_figure(power)).items():
                (asked.out / f"power.{kind}").write_bytes(data)
    told: dict[str, Any] = {
        "organ": asked.organ,
        "patients": len(space.patients),
        "failed": {name: list(why) for name, why in space.failed.items()},
        "voxels": int(space.mask_kji.sum()),
        "spacing_mm": float(space.grid.spacing_ijk_mm[0]),
        "power": power,
        "maps": [],
    }
    for row in _maps(asked, space):
        told["maps"].append(row)
        (asked.out / "summary.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return told


def _space(asked: Asked) -> CommonSpace:
    path = asked.out / "space.npz"
    if path.exists():
        return from_bytes(path.read_bytes())
    organs: dict[str, Organ] = {}
    for name, patient in patients(asked.openkbp):
        if asked.organ in patient.masks_kji and len(organs) < asked.patients:
            mask = patient.masks_kji[asked.organ]
            organs[name] = Organ(mask, patient.grid, patient.dose, ORGANS[asked.organ])
    asked.say(f"{len(organs)} organs")
    space = common_space(organs, SPACE, lambda share: asked.say(f"space {share:.0%}"))
    path.write_bytes(to_bytes(space))
    return space


def _drawn(space: CommonSpace, planting: Planting, count: int) -> Planted:
    """A planted cohort of so many patients, drawn by the seed."""
    chosen = np.random.default_rng([planting.seed, 9]).permutation(len(space.patients))[:count]
    return plant(
        planting, space.doses_nkji[np.sort(chosen)], space.mask_kji, float(space.grid.spacing_ijk_mm[0])
    )


def _power(asked: Asked, space: CommonSpace, name: str) -> Iterator[dict[str, Any]]:
    """Share of planted cohorts in which any relation is found, by their size."""
    scratch = Run(asked.out / "none")
    for size in (one for one in SIZES if one <= len(space.patients)):
        hits = 0
        for seed in range(asked.power):
            study = _drawn(space, replace(PLANTINGS[name], seed=1000 + seed), size).study
            observed, null = any_relation(Work.begin(study, QUICK, scratch))
            hits += (1 + int((null >= observed).sum())) / (1 + len(null)) <= QUICK.alpha
        share = wilson(hits, asked.power).to_json()
        asked.say(f"{name}, {size} patients: {share['value']:.2f}")
        yield {"planted": name, "patients": size, "cohorts": asked.power, **share}


def _maps(asked: Asked, space: CommonSpace) -> Iterator[dict[str, Any]]:
    for seed in range(1, asked.seeds + 1):
        for name, planting in PLANTINGS.items():
            for solver in ("tv", "cp") if "nothing" not in name else ("tv",):
                config = replace(QUICK, solver=solver, ranks=(1, 2), restarts=3)
                planted = _drawn(space, replace(planting, seed=seed), min(asked.cohort, len(space.patients)))
                file = asked.out / f"{solver}-{list(PLANTINGS).index(name)}-{seed}.safetensors"
                result, arrays = analyse(planted.study, config, Run(file, device=torch.device("cpu")))
                row = {"planted": name, "solver": solver, "seed": seed} | found(planted, arrays)
                row |= {"any_p": result["significance"]["any_p"], "judged": result["judged"]}
                row |= {"directions": result["organ"]["effective_directions"], "planting": asdict(planting)}
                asked.say(f"{name}, {solver}, seed {seed}: Dice {row['dice']:.2f}, AUC {row['auc']:.2f}")
                yield row


def power_figure(rows: list[dict[str, Any]]) -> Figure:
    """Share of cohorts in which a relation is found against their size, with Wilson intervals."""
    figure = sheet(COLUMN_MM, 65)
    plot = figure.subplots()
    for index, name in enumerate(dict.fromkeys(row["planted"] for row in rows)):
        own = [row for row in rows if row["planted"] == name]
        ends = [
            [row["value"] - row["low"] for row in own],
            [row["high"] - row["value"] for row in own],
        ]
        plot.errorbar(
            [row["patients"] + index - 1.5 for row in own], [row["value"] for row in own], yerr=np.abs(ends),
            color=colour(index), linestyle=dash(index), marker="os^D"[index % 4], ms=3, capsize=1.5,
            elinewidth=0.6, label=name,
        )  # fmt: skip
    plot.axhline(QUICK.alpha, color=GREY, lw=0.6, ls=":")
    plot.set(xlabel="Patients", ylabel="Cohorts with a relation found", ylim=(0, 1.02))
    plot.legend(loc="center right")
    return figure
