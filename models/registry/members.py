"""What a version is made of: one training, an earlier version, or several of them as an ensemble."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from models.registry.network import first_stage, load_weights, read_version
from models.training.loop import TrainingConfig

CHECKPOINT = "checkpoint.safetensors"
SHAPE = "network.json"
"""Beside the checkpoint of a training: its architecture and options."""


@dataclass(frozen=True)
class Member:
    """An architecture with its options and weights."""

    architecture: str
    options: dict[str, Any]
    weights: dict[str, torch.Tensor]


def describe_training(folder: Path, config: TrainingConfig) -> None:
    """Write what `read_members` has to know beside the checkpoint."""
    (folder / SHAPE).write_text(json.dumps({"architecture": config.network, "options": config.options}))


def read_members(folders: Sequence[Path]) -> Member:
    """The network of the only folder, or the ensemble of all; each a training's folder or a version's."""
    members = [_read(folder) for folder in folders]
    if len(members) == 1:
        return members[0]
    shapes = [{"architecture": m.architecture, "options": m.options} for m in members]
    weights = {
        f"members.{n}.{name}": value for n, m in enumerate(members) for name, value in m.weights.items()
    }
    return Member("ensemble", {"members": shapes}, weights)


def side_by_side(members: Sequence[tuple[Member, int]]) -> Member:
    """One network of several that draw structures of their own, each with how many."""
    shapes = [
        {"architecture": m.architecture, "options": m.options, "structures": count} for m, count in members
    ]
    weights = {
        f"members.{n}.{name}": value for n, (m, _) in enumerate(members) for name, value in m.weights.items()
    }
    return Member("side_by_side", {"members": shapes}, weights)


def _read(folder: Path) -> Member:
    if not (folder / SHAPE).exists():
        manifest, packed, _ = read_version(folder)
        return Member(manifest.architecture, manifest.options, first_stage(load_weights(manifest, packed)))
    shape, tensors = json.loads((folder / SHAPE).read_text()), load_file(folder / CHECKPOINT)
    averages = {n.removeprefix("average."): v for n, v in tensors.items() if n.startswith("average.")}
    return Member(shape["architecture"], shape["options"], averages)
