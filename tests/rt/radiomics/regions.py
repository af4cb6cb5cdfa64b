"""Images and regions that the tests of features share."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.radiomics import Discretisation, Settings

UNIT = Grid.of([24, 24, 24], [1.0] * 3, [0, 0, 0], np.eye(3))
PLAIN = Settings(discretisation=Discretisation("fixed-bin-number", 8))


def texture(seed: int = 0, shape: tuple[int, int, int] = UNIT.shape_kji) -> FloatArray:
    """A smooth random image of mean 50 and deviation 10."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.2)
    return 50 + 10 * noise / noise.std()


def blob(shape: tuple[int, int, int] = UNIT.shape_kji) -> Mask:
    """An ellipsoid with a bite, off the middle, that no turn maps to itself."""
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    mask = ((k - 11) / 7) ** 2 + ((j - 12) / 5.2) ** 2 + ((i - 10) / 8.1) ** 2 <= 1
    mask[12:, 13:, 12:] = False
    return mask
