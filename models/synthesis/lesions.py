"""Brain tumours that were never there: metastases and larger enhancing lesions put into a drawn head."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

MOST = 4
RADII_MM = (1.5, 20.0)


def paste_lesions(
    image: torch.Tensor, inside: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture (k, j, i; voxels of 1 mm) with one to four lesions inside the skull, and where they are.

    Solid or with a rim around a dark core, round or lobulated, with or without oedema around; small ones
    are more frequent than large ones.
    """
    places = inside.nonzero()
    found = torch.zeros_like(inside)
    if len(places) == 0:
        return image, found
    image = image.clone()
    grey = float(image[inside].median())
    for _ in range(int(rng.integers(1, MOST + 1))):
        centre = places[int(rng.integers(len(places)))].tolist()
        radius = math.exp(rng.uniform(math.log(RADII_MM[0]), math.log(RADII_MM[1])))
        found |= _paste(image, inside, grey, centre, radius, rng)
    return image, found


def _paste(
    image: torch.Tensor,
    inside: torch.Tensor,
    grey: float,
    centre: list[int],
    radius: float,
    rng: np.random.Generator,
) -> torch.Tensor:
    reach = math.ceil(radius * 2.2) + 1
    box = tuple(
        slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(centre, image.shape, strict=True)
    )
    distance = _distance(box, centre, radius, image.device, rng)
    here = inside[box]
    tumour = (distance < 1) & here
    part = image[box]
    if rng.random() < 0.5 and radius > 4:
        oedema = (distance < float(rng.uniform(1.2, 2.0))) & here & ~tumour
        part[oedema] = part[oedema] * float(rng.uniform(0.6, 1.0)) + grey * float(rng.uniform(-0.1, 0.1))
    bright = grey * float(rng.uniform(1.25, 2.4))
    core = tumour & (distance < (float(rng.uniform(0.5, 0.85)) if rng.random() < 0.6 and radius > 3 else 0.0))
    part[tumour] = bright * (1 + 0.08 * torch.randn(int(tumour.sum()), device=image.device))
    part[core] = (
        grey * float(rng.uniform(0.2, 1.2)) * (1 + 0.08 * torch.randn(int(core.sum()), device=image.device))
    )
    part.clamp_(min=0)
    found = torch.zeros_like(inside)
    found[box] = tumour
    return found


def _distance(
    box: tuple[slice, ...], centre: list[int], radius: float, device: torch.device, rng: np.random.Generator
) -> torch.Tensor:
    """Distance from the centre in radii, of an ellipsoid with bumps."""
    axes = rng.uniform(0.75, 1.25, 3) * radius
    k, j, i = (
        ((torch.arange(part.start, part.stop, device=device) - c) / float(a)) ** 2
        for part, c, a in zip(box, centre, axes, strict=True)
    )
    plain = torch.sqrt(k[:, None, None] + j[None, :, None] + i[None, None, :])
    nodes = int(rng.integers(3, 7))
    bumps = torch.from_numpy(rng.standard_normal((1, 1, nodes, nodes, nodes)).astype(np.float32)).to(device)
    bumps = functional.interpolate(bumps, plain.shape, mode="trilinear", align_corners=True)[0, 0]
    return plain * (1 + float(rng.uniform(0, 0.3)) * bumps)
