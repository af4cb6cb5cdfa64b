"""The networks of outcome by the kind that a configuration names, and what they say of crops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import torch
from torch import nn

from models.networks.outcome2d import OutcomeNet2D
from models.networks.outcome3d import Decision, OutcomeNet3D
from models.outcome.config import OutcomeConfig

NETWORKS: dict[str, Callable[..., nn.Module]] = {"3d": OutcomeNet3D, "2d": OutcomeNet2D}
BATCH = 32
"""Crops that are predicted at once."""


class OutcomeModule(Protocol):
    """What both networks are."""

    decision: Decision

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Feature maps of crops."""

    def describe(self, maps: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """A vector a crop."""


def build(config: OutcomeConfig, variables: int) -> nn.Module:
    """A fresh network for the configuration's crops and so many variables beside them."""
    return NETWORKS[config.network](
        len(config.crop.channels), variables, tuple(config.channels), config.dropout
    )


@torch.no_grad()
def look(
    network: nn.Module, crops: torch.Tensor, variables: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (n,) and vectors (n, features) of crops (n, channels, k, j, i), on the CPU."""
    network.eval()
    seen, device = cast(OutcomeModule, network), next(network.parameters()).device
    logits, vectors = [], []
    for image, known in zip(crops.split(BATCH), variables.split(BATCH), strict=True):
        image = image.to(device)
        vector = seen.describe(seen.encode(image), image)
        logits.append(seen.decision(vector, known.to(device)).float().cpu())
        vectors.append(vector.float().cpu())
    return torch.cat(logits), torch.cat(vectors)
