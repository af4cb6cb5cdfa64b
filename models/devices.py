"""Where a network runs, and in which precision: the one place that knows what this machine computes well."""

from __future__ import annotations

import torch
from torch import nn


def best_device() -> torch.device:
    """The first GPU, or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """The module on `device`; where it computes in bfloat16, its weights with channels last.

    Convolutions in bfloat16 are computed in that order: without it each reorders its input and its output (a
    third of a training's time on a CPU).  In float32 it would cost a CPU some 7 %.
    """
    module.to(device)
    if _has_bfloat16(device):
        for part in module.modules():
            if isinstance(part, nn.Conv2d):
                part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            elif isinstance(part, nn.Conv3d):
                part.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return module


def mixed_precision(device: torch.device) -> torch.autocast:
    """Context in which a network runs in bfloat16 where `device` has instructions for it, else in float32.

    A processor without them emulates bfloat16 convolutions some hundred times slower than float32
    (a 64-cube patch: minutes instead of half a second on AVX2), and without a word.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=_has_bfloat16(device))


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    features = torch.cpu.get_capabilities()
    return bool(features.get("avx512_bf16") or features.get("amx_bf16"))
