"""The networks of an analysis as files, and what they predict of a new patient.

`network.json` says how they are used and holds the SHA-256 of `network.safetensors`: the weights, and the
vectors of the patients that they learnt from, by which it is told how far a new patient is from these.
Vectors are sums over a crop: no picture can be made of them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from models.devices import best_device
from models.outcome.applicability import Reference, learn_reference
from models.outcome.card import render_outcome_card
from models.outcome.cohort import Patients
from models.outcome.config import OutcomeConfig
from models.outcome.crops import Crop
from models.outcome.folds import FoldNetworks
from models.outcome.maps import MapKji, grad_cam, occlusion
from models.outcome.network import build, look
from models.outcome.scoring import Outcome, Reading, learn_reading
from models.outcome.variables import Encoding, Value
from models.registry.network import WeightsError
from models.registry.provenance import code_sha256
from models.training.moments import Tensors, above, below
from rt.errors import GeometryError, VoxelsNotNumbers

NETWORK, WEIGHTS, CARD = "network.json", "network.safetensors", "CARD.md"
FAR = 0.95
"""Share of the training patients that have to be nearer for a patient to count as unlike them."""


@dataclass(frozen=True)
class OutcomeNetwork:
    """Networks ready to predict."""

    config: OutcomeConfig
    endpoint_kind: str
    reading: Reading
    encoding: Encoding
    modules: list[nn.Module]
    references: list[Reference]
    sha256: str
    """Of the weights."""


@dataclass(frozen=True)
class OutcomePrediction:
    """What the networks say of a patient."""

    value: float
    """Binary: probability of the event.  Survival: standardised log hazard, 0 the training cohort's mean."""
    threshold: float
    high: bool
    members: tuple[float, ...]
    """Of each network by itself."""
    distance: float
    """Percentile (0 to 1) of the distance from the training cohort; near 1: unlike all of it."""
    unlike: bool
    cut_off: float
    """Share of the region that the crop does not hold."""
    imputed: tuple[str, ...]
    """Variables without a value."""
    unseen: tuple[dict[str, str], ...]
    """Levels that nobody learnt from had, `{"column", "level"}`; they count as no value."""


def write_package(
    folder: Path, fitted: FoldNetworks, patients: Patients, config: OutcomeConfig, result: dict[str, Any]
) -> dict[str, Any]:
    """Write the three files; what the result says of them."""
    truth = Outcome(patients.events, patients.times).of(fitted.fold.train)
    tensors: Tensors = {}
    for number, member in enumerate(fitted.members):
        tensors |= above(below(member, "weights."), f"{number}.weights.")
        tensors |= above(learn_reference(member["learnt"], member["kept"]).tensors(), f"{number}.reference.")
    packed = save({name: value.contiguous() for name, value in tensors.items()})
    told = {
        "schema": 1,
        "kind": "outcome-network",
        "config": config.to_json(),
        "endpoint_kind": patients.endpoint.kind,
        "members": len(fitted.members),
        "encoding": fitted.encoding.to_json(),
        "reading": learn_reading(fitted.scores.inner, truth).to_json(),
        "cohort_sha256": patients.table.digest(),
        "code_sha256": code_sha256(),
        "weights_sha256": hashlib.sha256(packed).hexdigest(),
    }
    (folder / WEIGHTS).write_bytes(packed)
    (folder / NETWORK).write_text(json.dumps(told, indent=1, allow_nan=False) + "\n")
    (folder / CARD).write_text(render_outcome_card(result))
    parameters = sum(value.numel() for value in build(config, fitted.encoding.width).parameters())
    return {
        "parameters": parameters,
        "members": len(fitted.members),
        "epochs": fitted.epochs,
        "weights_sha256": told["weights_sha256"],
        "code_sha256": told["code_sha256"],
    }


def load_outcome_network(told: dict[str, Any], packed: bytes) -> OutcomeNetwork:
    """The networks that `write_package` wrote, on the best device; WeightsError if these are not they."""
    try:
        if told["schema"] != 1 or told["kind"] != "outcome-network":
            raise WeightsError("not a network of outcome")
        if hashlib.sha256(packed).hexdigest() != told["weights_sha256"]:
            raise WeightsError("weights do not have the SHA-256 of their manifest")
        config, tensors = OutcomeConfig.from_json(told["config"]), load(packed)
        encoding, modules, references = Encoding.from_json(told["encoding"]), [], []
        for number in range(told["members"]):
            module = build(config, encoding.width)
            module.load_state_dict(below(tensors, f"{number}.weights."))
            modules.append(module.to(best_device()).eval())
            references.append(Reference.of(below(tensors, f"{number}.reference.")))
        return OutcomeNetwork(
            config, told["endpoint_kind"], Reading.from_json(told["reading"]), encoding, modules, references,
            told["weights_sha256"],
        )  # fmt: skip
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise WeightsError("manifest and weights do not belong together") from error


def predict(network: OutcomeNetwork, crop: Crop, values: Mapping[str, Value]) -> OutcomePrediction:
    """What the networks say of a crop made by their configuration, and of the patient's variables.

    GeometryError, VoxelsNotNumbers of a crop that is not one; MissingValues where a variable is not given.
    """
    image, known = _tensors(network, crop, values)
    logits, far = [], []
    for module, reference in zip(network.modules, network.references, strict=True):
        logit, vector = look(module, image, known)
        logits.append(float(logit[0]))
        far.append(reference.percentile(vector[0]))
    value = float(network.reading.read(np.array([np.mean(logits)]))[0])
    distance, threshold = float(np.mean(far)), network.reading.threshold
    return OutcomePrediction(
        value, threshold, value >= threshold, tuple(network.reading.read(np.array(logits)).tolist()),
        distance, distance > FAR, crop.cut_off, tuple(network.encoding.not_given(values)),
        tuple(network.encoding.unseen(values)),
    )  # fmt: skip


def explain(network: OutcomeNetwork, crop: Crop, values: Mapping[str, Value], kind: str) -> MapKji:
    """Where the networks look: `kind` is `grad-cam` or `occlusion`; (k, j, i) on the crop's grid."""
    image, known = _tensors(network, crop, values)
    if kind == "occlusion":
        return occlusion(network.modules, image[0], known[0])
    found: MapKji = grad_cam(network.modules, image, known)[0]
    return found


def _tensors(
    network: OutcomeNetwork, crop: Crop, values: Mapping[str, Value]
) -> tuple[torch.Tensor, torch.Tensor]:
    config = network.config.crop
    wanted = (len(config.channels), *[config.size] * 3)
    if crop.values.shape != wanted:
        raise GeometryError(f"crop of {crop.values.shape} is not the network's {wanted}")
    if not np.isfinite(crop.values).all():
        raise VoxelsNotNumbers("the crop has voxels that are no numbers")
    known = network.encoding.read({name: [value] for name, value in values.items()}, 1)
    return torch.from_numpy(crop.values)[None], torch.tensor(known, dtype=torch.float32)
