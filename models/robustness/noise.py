"""Noise as of a low dose."""

from __future__ import annotations

import numpy as np

from models.robustness.picture import AIR_HU, Patient, Shown, shown_whole

SD_HU = 40.0
"""Of each voxel, uncorrelated: more than a diagnostic head CT has in voxels of this size."""


def with_noise(patient: Patient) -> Shown:
    """Gaussian noise of 40 HU on every voxel, not below air; the same for the same seed."""
    rng = np.random.default_rng(patient.seed)
    noise = rng.normal(0.0, SD_HU, patient.hu_kji.shape)
    return shown_whole(patient, np.maximum(patient.hu_kji + noise, AIR_HU).astype(np.float32))
