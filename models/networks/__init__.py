"""The architectures, by the name that a training configuration and a weights manifest use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from models.networks.deeplabv3plus import DeepLabV3Plus
from models.networks.ensemble import Ensemble
from models.networks.monai_networks import build_monai
from models.networks.nnunet import build_planned
from models.networks.side_by_side import SideBySide
from models.networks.subpixel_unet3d import SubpixelUNet3D
from models.networks.unet3d import UNet3D
from models.networks.unet25d import UNet25D


def build_network(name: str, structures: int, options: dict[str, Any]) -> nn.Module:
    """A fresh network of the named architecture; KeyError names an unknown one."""
    return NETWORKS[name](structures, **options)


def _library(structures: int, task: str, fast: bool) -> nn.Module:
    """Stands for a library that draws by itself (`models.foreign.totalsegmentator`): it has no parameters."""
    return nn.Identity()


def _ensemble(structures: int, members: list[dict[str, Any]]) -> Ensemble:
    """Each member is an `architecture` with its `options`."""
    return Ensemble(build_network(m["architecture"], structures, m["options"]) for m in members)


def _side_by_side(structures: int, members: list[dict[str, Any]]) -> SideBySide:
    """Each member is an `architecture` with its `options` and the number of its `structures`."""
    counts = [int(m["structures"]) for m in members]
    if sum(counts) != structures:
        raise ValueError(f"the members draw {sum(counts)} structures, not {structures}")
    parts = zip(members, counts, strict=True)
    return SideBySide(build_network(m["architecture"], count, m["options"]) for m, count in parts)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "unet3d": UNet3D,
    "subpixel_unet3d": SubpixelUNet3D,
    "unet25d": UNet25D,
    "deeplabv3plus": DeepLabV3Plus,
    "ensemble": _ensemble,
    "side_by_side": _side_by_side,
    "monai": build_monai,
    "nnunet": build_planned,
    "totalsegmentator": _library,
}
