"""Weights made into a version: half precision, manifest, card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from models.data import Sample
from models.registry.card import PICTURES_HEADING, CardText, render_card, render_pictures
from models.registry.network import NetworkManifest, StructureRule
from models.registry.pictures import CasePicture

WIDEN_LOW, WIDEN_HIGH = 0.6, 1.6
"""Factors on the 1st and 99th percentile of training volumes that bound what is plausible."""


def pack_weights(weights: dict[str, torch.Tensor]) -> bytes:
    """Safetensors in half precision."""
    return save({name: value.half().contiguous() for name, value in weights.items()})


def with_weights(manifest: NetworkManifest, packed: bytes) -> NetworkManifest:
    """The manifest naming these weights."""
    return replace(manifest, weights_sha256=hashlib.sha256(packed).hexdigest())


def volume_rules(
    structures: tuple[str, ...], samples: Iterable[Sample], spacing_mm: float, thresholds: dict[str, float]
) -> dict[str, StructureRule]:
    """Threshold and plausible volume of each structure, from the training labels.

    Contours that end at the border of the volume are cut off and left out.
    """
    voxel_cc = spacing_mm**3 / 1000
    volumes: dict[str, list[float]] = {name: [] for name in structures}
    for sample in samples:
        for index, name in enumerate(structures):
            inside = sample.labels >> index & 1
            if sample.known[index] and inside.any() and not inside[0].any() and not inside[-1].any():
                volumes[name].append(float(inside.sum()) * voxel_cc)
    rules = {}
    for name, found in volumes.items():
        bounds = np.percentile(found, [1, 99]) * [WIDEN_LOW, WIDEN_HIGH] if found else np.array([0.0, 1e9])
        rules[name] = StructureRule(
            thresholds.get(name, 0.5), (round(float(bounds[0]), 1), round(float(bounds[1]), 1))
        )
    return rules


def write_version(
    folder: Path, manifest: NetworkManifest, packed: bytes, metrics: dict[str, Any], text: CardText
) -> None:
    """Write `manifest.json`, `weights.safetensors`, `metrics.json` and `CARD.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(packed)
    (folder / "manifest.json").write_text(json.dumps(manifest.to_json(), indent=1) + "\n")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    (folder / "CARD.md").write_text(render_card(manifest, metrics, text))


def write_pictures(folder: Path, pictures: Sequence[CasePicture]) -> None:
    """Add pictures to a version's folder, `pictures.json` that tells of them, and a section to its card.

    Only of openly licensed data: the folder is shipped.
    """
    (folder / "pictures").mkdir(exist_ok=True)
    for picture in pictures:
        (folder / "pictures" / f"{picture.rank}.png").write_bytes(picture.png)
    told = [{name: value for name, value in asdict(p).items() if name != "png"} for p in pictures]
    (folder / "pictures.json").write_text(json.dumps(told, indent=1) + "\n")
    card = folder / "CARD.md"
    card.write_text(card.read_text().partition(f"\n{PICTURES_HEADING}\n")[0] + render_pictures(pictures))
