"""Filtered images: Laplacian of Gaussian and undecimated separable wavelet, as named images.

Both work in three dimensions on the box that `region` prepared, which has a margin wider than the filters
reach; at the image's own border values are mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pywt
from scipy import ndimage

from rt.geometry import FloatArray
from rt.radiomics.region import SIGMAS_OF_MARGIN, Region
from rt.radiomics.settings import Settings


def images(region: Region, settings: Settings) -> Iterator[tuple[str, FloatArray]]:
    """Name and array (k, j, i) of the region's box: `log-2mm`, `wavelet-llh` and so on."""
    for sigma in settings.log_sigmas_mm:
        filtered = laplacian_of_gaussian(region.image_kji, region.spacing_kji_mm, sigma)
        yield f"log-{sigma:g}mm", filtered[region.box]
    if settings.wavelet:
        for name, band in wavelet_bands(region.image_kji, settings.wavelet):
            yield name, band[region.box]


def laplacian_of_gaussian(image_kji: FloatArray, spacing_kji_mm: FloatArray, sigma_mm: float) -> FloatArray:
    """The Laplacian of the image smoothed by sigma, times sigma²: in the unit of the image, on any voxels."""
    sigmas = sigma_mm / spacing_kji_mm
    total = np.zeros_like(image_kji)
    for axis in range(3):
        order = [2 if n == axis else 0 for n in range(3)]
        total += sigmas[axis] ** 2 * ndimage.gaussian_filter(
            image_kji, sigmas, order, mode="mirror", truncate=SIGMAS_OF_MARGIN
        )
    return total


def wavelet_bands(image_kji: FloatArray, wavelet: str) -> Iterator[tuple[str, FloatArray]]:
    """Eight bands; the letters say low or high along i (x), j (y) and k (z), in this order."""
    filters = pywt.Wavelet(wavelet)
    taps = {"l": np.asarray(filters.dec_lo), "h": np.asarray(filters.dec_hi)}
    bands = {"": image_kji}
    for axis in (2, 1, 0):
        bands = {
            name + letter: ndimage.convolve1d(band, taps[letter], axis=axis, mode="mirror")
            for name, band in bands.items()
            for letter in "lh"
        }
    yield from ((f"wavelet-{letters}", band) for letters, band in bands.items())
