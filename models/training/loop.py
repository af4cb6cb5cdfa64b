"""The training loop: patches in, a better network out, resumable after a kill at any moment.

The loop owns no policy beyond its TrainingConfig.  It reports by calling `on_progress`, asks `stop` whether
to give up, and writes one checkpoint file that it replaces atomically.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.data import Sample
from models.inference.sliding_window import predict_probabilities
from models.networks import build_network
from models.preprocessing import CtWindow
from models.training.losses import segmentation_loss
from models.training.sides import side_swaps
from models.transforms import Augmentation, draw_patch
from rt.metrics import dice


@dataclass(frozen=True)
class TrainingConfig:
    """All that a run depends on beside its data."""

    network: str = "unet3d"
    options: dict[str, Any] = field(default_factory=lambda: {"channels": (16, 32, 64, 128, 160)})
    spacing_mm: float = 3.0
    window: CtWindow = field(default_factory=CtWindow)
    patch: int = 64
    batch: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    iterations: int = 10_000
    max_minutes: float | None = None
    positive_weight: tuple[float, float] = (12.0, 1.5)
    """Weight of foreground in cross-entropy, at the start and in the last third."""
    average_decay: float = 0.998
    seed: int = 1
    report_every: int = 50
    validate_every: int = 1000
    """A multiple of `report_every`."""
    validation_cases: int = 6
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Progress:
    """What the loop says after a stretch of iterations."""

    iteration: int
    fraction: float
    loss: float
    dice: dict[str, float] | None = None
    """Hard Dice per structure on the validation cases, when just measured."""


@dataclass
class _State:
    network: nn.Module
    average: dict[str, torch.Tensor]
    optimiser: torch.optim.Optimizer
    iteration: int = 0
    elapsed_s: float = 0.0


def train(
    config: TrainingConfig,
    structures: tuple[str, ...],
    samples: list[Sample],
    validation: list[Sample],
    checkpoint: Path,
    on_progress: Callable[[Progress], None],
    start: dict[str, torch.Tensor] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, torch.Tensor]:
    """The averaged weights after training; resumes from `checkpoint` if it exists."""
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = _initial(config, len(structures), start, device)
    if checkpoint.exists():
        _restore(state, checkpoint)
    swaps = side_swaps(structures)
    began, losses = time.monotonic() - state.elapsed_s, []
    while (fraction := _fraction(config, state)) < 1 and not stop():
        rng = np.random.default_rng([config.seed, state.iteration])
        torch.manual_seed(int(rng.integers(2**62)))
        losses.append(_step(config, state, samples, swaps, fraction, rng, device))
        state.iteration += 1
        state.elapsed_s = time.monotonic() - began
        if state.iteration % config.report_every == 0:
            _save(state, checkpoint)
            measured = None
            if state.iteration % config.validate_every == 0 and validation:
                measured = _validate(config, state, structures, validation[: config.validation_cases], device)
            on_progress(Progress(state.iteration, _fraction(config, state), float(np.mean(losses)), measured))
            losses = []
    _save(state, checkpoint)
    return state.average


def _initial(
    config: TrainingConfig, count: int, start: dict[str, torch.Tensor] | None, device: torch.device
) -> _State:
    network = build_network(config.network, count, config.options)
    if start is not None:
        network.load_state_dict(start)
    network.to(device)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    average = {name: value.detach().clone().float() for name, value in network.state_dict().items()}
    return _State(network, average, optimiser)


def _fraction(config: TrainingConfig, state: _State) -> float:
    by_count = state.iteration / config.iterations
    by_time = 0.0 if config.max_minutes is None else state.elapsed_s / 60 / config.max_minutes
    return min(1.0, max(by_count, by_time))


def _step(
    config: TrainingConfig,
    state: _State,
    samples: list[Sample],
    swaps: list[tuple[int, int]],
    fraction: float,
    rng: np.random.Generator,
    device: torch.device,
) -> float:
    for group in state.optimiser.param_groups:
        warm = min(1.0, (state.iteration + 1) / 100)
        group["lr"] = config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fraction)))
    high, low = config.positive_weight
    weight = max(low, high + (low - high) * fraction * 1.5)
    chosen = [samples[n] for n in rng.integers(len(samples), size=config.batch)]
    patches = [draw_patch(sample, config.patch, rng, config.augmentation, swaps) for sample in chosen]
    image = torch.from_numpy(np.stack([config.window(p.hu.numpy()) for p in patches]))[:, None].to(device)
    packed = torch.stack([p.labels for p in patches]).to(device)
    known = torch.from_numpy(np.stack([s.known for s in chosen])).to(device)
    bits = torch.arange(known.shape[1], device=device, dtype=torch.uint8)
    target = (packed[:, None] >> bits[None, :, None, None, None]) & 1
    state.network.train()
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits = state.network(image)
    loss = segmentation_loss(logits, target, known, weight)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimiser.step()
    decay = min(config.average_decay, (1 + state.iteration) / (10 + state.iteration))
    with torch.no_grad():
        for name, value in state.network.state_dict().items():
            state.average[name].lerp_(value.float(), 1 - decay)
    return float(loss.detach())


def _validate(
    config: TrainingConfig,
    state: _State,
    structures: tuple[str, ...],
    validation: list[Sample],
    device: torch.device,
) -> dict[str, float]:
    network = build_network(config.network, len(structures), config.options)
    network.load_state_dict(state.average)
    network.to(device)
    scores: dict[str, list[float]] = {name: [] for name in structures}
    for sample in validation:
        image = config.window(sample.hu.astype(np.float32))
        probability = predict_probabilities(network, image, len(structures), config.patch, 0.25, device)
        for index, name in enumerate(structures):
            if sample.known[index]:
                scores[name].append(dice(probability[index] > 0.5, (sample.labels >> index & 1).astype(bool)))
    return {name: float(np.mean(values)) for name, values in scores.items() if values}


def _save(state: _State, path: Path) -> None:
    tensors = {f"average.{name}": value for name, value in state.average.items()}
    tensors |= {f"network.{name}": value for name, value in state.network.state_dict().items()}
    for number, moments in state.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{key}": value for key, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    tensors["progress"] = torch.tensor([state.iteration, state.elapsed_s], dtype=torch.float64)
    scratch = path.with_suffix(".part")
    save_file(tensors, scratch)
    os.replace(scratch, path)


def _restore(state: _State, path: Path) -> None:
    tensors = load_file(path)
    state.network.load_state_dict(_below(tensors, "network."))
    state.average = _below(tensors, "average.")
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _below(tensors, "optimiser.").items():
        number, key = name.split(".", 1)
        moments.setdefault(int(number), {})[key] = value
    stored = state.optimiser.state_dict()
    stored["state"] = moments
    state.optimiser.load_state_dict(stored)
    state.iteration, state.elapsed_s = int(tensors["progress"][0]), float(tensors["progress"][1])


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
