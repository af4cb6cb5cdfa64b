"""The architectures, by the name that a training configuration and a weights manifest use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from models.networks.ensemble import Ensemble
from models.networks.subpixel_unet3d import SubpixelUNet3D
from models.networks.unet3d import UNet3D


def build_network(name: str, structures: int, options: dict[str, Any]) -> nn.Module:
    """A fresh network of the named architecture; KeyError names an unknown one."""
    return NETWORKS[name](structures, **options)


def _ensemble(structures: int, members: list[dict[str, Any]]) -> Ensemble:
    """Each member is an `architecture` with its `options`."""
    return Ensemble(build_network(m["architecture"], structures, m["options"]) for m in members)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "unet3d": UNet3D,
    "subpixel_unet3d": SubpixelUNet3D,
    "ensemble": _ensemble,
}
