"""Doses as a map weighs them: the effective dose of a patient, and where it comes from."""

from __future__ import annotations

import numpy as np

from models.dose_maps.study import Vector, Volume


def weights_of(map_kji: Volume) -> Volume:
    """|map| by its sum (k, j, i); all 0 where the map is empty."""
    total = float(np.abs(map_kji).sum(dtype=np.float64))
    return np.asarray(np.abs(map_kji) / total if total else np.zeros_like(map_kji), dtype=np.float32)


def effective_dose_gy(doses_nkji: Volume, weight_kji: Volume) -> Vector:
    """(n,) mean dose in Gy by the weights of `weights_of`: what a uniform dose would be as harmful."""
    return np.asarray((doses_nkji.astype(np.float64) * weight_kji).sum(axis=(1, 2, 3)))


def effective_dose_map(dose_kji: Volume, weight_kji: Volume) -> Volume:
    """(k, j, i) Gy: the dose by the weight of its voxel, the highest weight being 1; 0 for an empty map."""
    highest = float(weight_kji.max())
    return np.asarray(dose_kji * (weight_kji / highest if highest else weight_kji), dtype=np.float32)
