"""Brain tumours that were never there: metastases and larger enhancing lesions put into a drawn head."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

MOST = 4
RADII_MM = (1.5, 25.0)


@dataclass(frozen=True)
class Tumour:
    """One lesion before it is drawn."""

    centre: tuple[int, int, int]
    radius: float
    """mm"""
    oedema: float
    """Reach of the oedema in radii; 0 without."""
    core: float
    """Reach of the dark core in radii; 0 without."""
    brightness: tuple[float, float]
    """Of rim and core, in parts of the brain's."""

    @classmethod
    def random(cls, centre: list[int], rng: np.random.Generator) -> Tumour:
        """Small ones are more frequent; only larger ones have a core or oedema."""
        radius = math.exp(rng.uniform(math.log(RADII_MM[0]), math.log(RADII_MM[1])))
        k, j, i = centre
        return cls(
            (k, j, i),
            radius,
            float(rng.uniform(1.2, 2.0)) if radius > 4 and rng.random() < 0.5 else 0.0,
            float(rng.uniform(0.4, 0.85)) if radius > 3 and rng.random() < 0.6 else 0.0,
            (float(rng.uniform(1.2, 2.2)), float(rng.uniform(0.2, 1.1))),
        )


def paste_lesions(
    image: torch.Tensor, inside: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture (k, j, i; voxels of 1 mm) with one to four lesions inside the skull, and where they are.

    Solid or with a rim around a dark core, round or lobulated, with or without oedema around.
    """
    places = inside.nonzero()
    found = torch.zeros_like(inside)
    if len(places) == 0:
        return image, found
    image = image.clone()
    grey = float(image[inside].median())
    for _ in range(int(rng.integers(1, MOST + 1))):
        tumour = Tumour.random(places[int(rng.integers(len(places)))].tolist(), rng)
        box = _box(tumour, image.shape)
        edge, core = (_distance(box, tumour, image.device, rng) for _ in range(2))
        found[box] |= _paint(image[box], inside[box], (grey, tumour), edge, core)
    return image, found


def _box(tumour: Tumour, shape: torch.Size) -> tuple[slice, ...]:
    reach = math.ceil(tumour.radius * 2.2) + 1
    return tuple(
        slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(tumour.centre, shape, strict=True)
    )


def _paint(
    part: torch.Tensor,
    inside: torch.Tensor,
    drawn: tuple[float, Tumour],
    edge: torch.Tensor,
    deep: torch.Tensor,
) -> torch.Tensor:
    """Draw into `part`, a view of the picture; where the tumour is.

    The core has bumps of its own (`deep`), so that the rim around it is of uneven width.
    """
    grey, tumour = drawn
    where = (edge < 1) & inside
    halo = (edge < tumour.oedema) & inside & ~where
    part[halo] = part[halo] * 0.8
    core = where & (deep < tumour.core)
    for place, brightness in zip((where, core), tumour.brightness, strict=True):
        noise = torch.randn(int(place.sum()), device=part.device)
        part[place] = grey * brightness * (1 + 0.08 * noise).clamp(min=0)
    return where


def _distance(
    box: tuple[slice, ...], tumour: Tumour, device: torch.device, rng: np.random.Generator
) -> torch.Tensor:
    """Distance from the centre in radii, of an ellipsoid with bumps."""
    axes = rng.uniform(0.75, 1.25, 3) * tumour.radius
    k, j, i = (
        ((torch.arange(part.start, part.stop, device=device) - c) / float(a)) ** 2
        for part, c, a in zip(box, tumour.centre, axes, strict=True)
    )
    plain = torch.sqrt(k[:, None, None] + j[None, :, None] + i[None, None, :])
    nodes = int(rng.integers(3, 7))
    bumps = torch.from_numpy(rng.standard_normal((1, 1, nodes, nodes, nodes)).astype(np.float32)).to(device)
    bumps = functional.interpolate(bumps, plain.shape, mode="trilinear", align_corners=True)[0, 0]
    return plain * (1 + float(rng.uniform(0, 0.45)) * bumps)
