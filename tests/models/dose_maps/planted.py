"""Small organs with smooth random doses and an outcome planted in a corner of them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.dose_maps.study import Kind, Outcome, Study


def planted(n: int = 60, effect: float = 1.5, kind: Kind = "continuous", seed: int = 0) -> Study:
    """A ball of 7³ voxels of 4 mm; what the dose in a 3³ corner of its box does, in units of the noise."""
    rng = np.random.default_rng(seed)
    doses = rng.normal(size=(n, 7, 7, 7))
    doses = np.stack([ndimage.gaussian_filter(one, 1.0) for one in doses])
    doses = 30 + 10 * doses / doses.std()
    quantity = (doses * region()).sum((1, 2, 3))
    latent = effect * (quantity - quantity.mean()) / quantity.std() + rng.logistic(size=n) * 0.55
    age = rng.normal(size=(n, 1))
    return Study(
        doses.astype(np.float32), organ(), (4.0, 4.0, 4.0), _outcome(kind, latent, rng), age, ("age",)
    )


def _outcome(kind: Kind, latent: np.ndarray, rng: np.random.Generator) -> Outcome:
    if kind == "continuous":
        return Outcome(kind, latent)
    if kind == "binary":
        return Outcome(kind, (latent > 0).astype(float))
    return Outcome(kind, np.exp(-latent).round(2) + 0.01, rng.random(len(latent)) < 0.8)


def organ() -> np.ndarray:
    """The ball."""
    return np.asarray(((np.indices((7, 7, 7)) - 3) ** 2).sum(0) <= 3.5**2)


def region() -> np.ndarray:
    """Where it is sensitive."""
    held = np.zeros((7, 7, 7), dtype=bool)
    held[0:4, 1:4, 1:4] = True
    return held & organ()
