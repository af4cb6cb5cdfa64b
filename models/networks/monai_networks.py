"""Networks of the MONAI library that are known to give one logit a class and voxel; none other is built.

MONAI is imported when the first of them is built: most workers never need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import nn

KNOWN = frozenset(
    {
        "UNet", "DynUNet", "SegResNet", "SegResNetDS", "BasicUNet", "AttentionUnet", "VNet", "UNETR",
        "SwinUNETR",
    }
)  # fmt: skip
"""Classes of `monai.networks.nets`."""


def build_monai(structures: int, network: str, arguments: dict[str, Any]) -> nn.Module:
    """The class named, with plain arguments; KeyError for one that is not known.

    `structures` is not asked for: the arguments name the number of outputs, background included.
    """
    if network not in KNOWN:
        raise KeyError(network)
    module: nn.Module = getattr(import_module("monai.networks.nets"), network)(**arguments)
    return module
