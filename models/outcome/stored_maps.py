"""Grad-CAM of an analysis' patients in one file, each by networks that did not have the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.outcome.cohort import Patients
from models.outcome.folds import FoldNetworks
from models.outcome.maps import MapKji
from models.statistics.errors import MissingValues

MAPS = "maps.safetensors"


def write_maps(folder: Path, patients: Patients, fitted: list[FoldNetworks]) -> None:
    """A tensor (k, j, i) on the crop's grid a patient tested, by the patient's row in the cohort's table."""
    maps: dict[str, torch.Tensor] = {}
    for one in fitted:
        for place, seen in zip(one.fold.test, one.maps, strict=True):
            maps[str(patients.rows[place])] = seen.half().contiguous()
    save_file(maps, folder / MAPS)


def read_map(path: Path, row: int) -> MapKji:
    """The map of the patient in this row of the table, highest value 1; MissingValues where there is none."""
    with safe_open(path, framework="pt") as file:
        if str(row) not in file.keys():  # noqa: SIM118
            raise MissingValues("has no map", where=f"row {row}")
        return np.asarray(file.get_tensor(str(row)).float().numpy())
