"""One network of outcome, trained on some patients and stopped by others.

All chance comes from the seed, so that the same call gives the same network.  The weights kept are a running
average, those of the epoch at which the loss on the stopping patients was least.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from models.devices import best_device
from models.outcome.augmentation import augmented
from models.outcome.config import OutcomeConfig
from models.outcome.losses import Truth, outcome_loss
from models.outcome.network import build, look
from models.statistics.errors import NotConverged

AVERAGE_DECAY = 0.95
"""Of the running average, a step."""


@dataclass(frozen=True)
class Lessons:
    """Patients as tensors, a row each."""

    crops: torch.Tensor
    """(n, channels, k, j, i)."""
    variables: torch.Tensor
    """(n, variables); no column where the network sees the image alone."""
    truth: Truth

    def of(self, rows: torch.Tensor) -> Lessons:
        """Those of some patients."""
        return Lessons(self.crops[rows], self.variables[rows], self.truth.of(rows))


@dataclass(frozen=True)
class Trained:
    """A network's weights and how it came to them."""

    weights: dict[str, torch.Tensor]
    epoch: int
    """Epochs after which it was best."""
    losses: list[float]
    """On the stopping patients, after each epoch."""


@dataclass
class _Run:
    config: OutcomeConfig
    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    event_weight: float
    chance: torch.Generator


def train_member(
    config: OutcomeConfig, learn: Lessons, stop_by: Lessons, seed: int, stop: Callable[[], bool]
) -> Trained:
    """The weights of a network that learnt from `learn`; `stop` is asked after each epoch."""
    run = _begin(config, learn, seed)
    best, losses, kept = math.inf, list[float](), {}
    epoch = 0
    for number in range(config.epochs):
        _epoch(run, learn, number)
        losses.append(_loss(run, stop_by))
        if losses[-1] < best:
            best, epoch = losses[-1], number + 1
            kept = {name: value.detach().clone().cpu() for name, value in run.average.state_dict().items()}
        if number + 1 - epoch >= config.patience or stop():
            break
    if not kept:
        raise NotConverged(f"the loss is no number after {len(losses)} epochs")
    return Trained(kept, epoch, losses)


def _begin(config: OutcomeConfig, learn: Lessons, seed: int) -> _Run:
    torch.manual_seed(seed)
    device = best_device()
    network, average = (_placed(build(config, learn.variables.shape[1]), device) for _ in range(2))
    average.load_state_dict(network.state_dict())
    events = float(learn.truth.events.sum())
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    chance = torch.Generator().manual_seed(seed)
    weight = (len(learn.crops) - events) / max(1.0, events)
    return _Run(config, network, average, optimiser, weight, chance)


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    """On its device, 3D kernels with channels last: twice as fast on a processor with few channels."""
    for part in network.modules():
        if isinstance(part, nn.Conv3d):
            part.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network.to(device)


def _epoch(run: _Run, learn: Lessons, number: int) -> None:
    config, count = run.config, len(learn.crops)
    device = next(run.network.parameters()).device
    order = torch.randperm(count, generator=run.chance)
    batches = [part for part in order.split(config.batch) if len(part) >= 4]
    for step, rows in enumerate(batches):
        _set_rate(run, (number + step / len(batches)) / config.epochs)
        some = learn.of(rows)
        crops = augmented(some.crops.to(device), config.augmentation, config.crop.spacing_mm, run.chance)
        run.network.train()
        logits = run.network(crops, some.variables.to(device))
        loss = outcome_loss(logits, some.truth.to(device), run.event_weight)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
        run.optimiser.step()
        _follow(run, number * len(batches) + step)


def _follow(run: _Run, steps: int) -> None:
    decay = min(AVERAGE_DECAY, (1 + steps) / (10 + steps))
    with torch.no_grad():
        now = run.network.state_dict()
        for name, value in run.average.state_dict().items():
            value.lerp_(now[name], 1 - decay) if value.is_floating_point() else value.copy_(now[name])


def _set_rate(run: _Run, fraction: float) -> None:
    """A twentieth of the time warmer and warmer, then down along a cosine."""
    warm = min(1.0, 0.1 + fraction * 20)
    for group in run.optimiser.param_groups:
        group["lr"] = (
            run.config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fraction)))
        )


def _loss(run: _Run, patients: Lessons) -> float:
    logits, _ = look(run.average, patients.crops, patients.variables)
    return float(outcome_loss(logits, patients.truth, run.event_weight))
