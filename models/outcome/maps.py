"""Where a network looked: Grad-CAM of its last maps, and what covering a part of the crop changes.

Both are on the crop's grid (`crops.on_image` brings them to the image's).  Grad-CAM (Selvaraju et al., ICCV
2017) differentiates the prediction for the maps themselves, so that no hook meets an in-place ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from models.outcome.network import BATCH, OutcomeModule, look

MapKji = npt.NDArray[np.float32]
COVER = -1.0
"""What covered voxels hold: nothing, no dose."""


def grad_cam(
    networks: Sequence[nn.Module], crops: torch.Tensor, variables: torch.Tensor
) -> npt.NDArray[np.float32]:
    """(n, k, j, i) what speaks for the event, mean over networks; each map's highest value is 1.

    A map is 0 everywhere where nothing speaks for it.
    """
    total = sum((_shares(_cam(one, crops, variables)) for one in networks), torch.zeros(()))
    peak = total.amax((1, 2, 3), keepdim=True)
    return (total / peak.clamp_min(1e-12)).numpy().astype(np.float32)


def _cam(network: nn.Module, crops: torch.Tensor, variables: torch.Tensor) -> torch.Tensor:
    network.eval()
    seen, device = cast(OutcomeModule, network), next(network.parameters()).device
    found = []
    for image, known in zip(crops.split(BATCH), variables.split(BATCH), strict=True):
        image = image.to(device)
        with torch.no_grad():
            maps = seen.encode(image)
        maps.requires_grad_(True)
        logit = seen.decision(seen.describe(maps, image), known.to(device))
        (slope,) = torch.autograd.grad(logit.sum(), maps)
        cam = torch.relu((slope.mean((2, 3, 4), keepdim=True) * maps.detach()).sum(1, keepdim=True))
        fine = functional.interpolate(cam, image.shape[2:], mode="trilinear", align_corners=False)
        found.append(fine[:, 0].cpu())
    return torch.cat(found)


def _shares(maps: torch.Tensor) -> torch.Tensor:
    """Each map divided by its sum, so that networks count alike."""
    return maps / maps.sum((1, 2, 3), keepdim=True).clamp_min(1e-12)


def occlusion(
    networks: Sequence[nn.Module], crop: torch.Tensor, variables: torch.Tensor, side: int = 4
) -> MapKji:
    """(k, j, i) by how much the logit falls when a cube of `side` voxels around is covered.

    `crop` (channels, k, j, i) and `variables` (variables,) of one patient.  Mean over networks; above 0: what
    is there speaks for the event.  Image and dose are covered, the region is not.
    """
    shape = crop.shape[1:]
    places = [(k, j, i) for k in range(0, shape[0], side) for j in range(0, shape[1], side)
              for i in range(0, shape[2], side)]  # fmt: skip
    fall = np.zeros(shape, dtype=np.float32)
    whole = _mean_logit(networks, crop[None], variables[None])[0]
    for first in range(0, len(places), BATCH):
        some = places[first : first + BATCH]
        covered = crop.repeat(len(some), 1, 1, 1, 1)
        for one, (k, j, i) in zip(covered, some, strict=True):
            one[:-1, k : k + side, j : j + side, i : i + side] = COVER
        logits = _mean_logit(networks, covered, variables.expand(len(some), -1))
        for logit, (k, j, i) in zip(logits, some, strict=True):
            fall[k : k + side, j : j + side, i : i + side] = float(whole - logit)
    return fall


def _mean_logit(networks: Sequence[nn.Module], crops: torch.Tensor, variables: torch.Tensor) -> torch.Tensor:
    return torch.stack([look(one, crops, variables)[0] for one in networks]).mean(0)


def mass_inside(map_kji: npt.NDArray[np.float32], region_kji: npt.NDArray[np.bool_]) -> float | None:
    """Share of a map's positive part that lies in a region; None of a map without any."""
    positive = np.clip(map_kji, 0, None)
    total = float(positive.sum())
    return float(positive[region_kji].sum()) / total if total > 0 else None
