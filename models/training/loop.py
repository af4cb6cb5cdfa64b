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
from typing import Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from models.devices import mixed_precision, place
from models.inference.sliding_window import Windows, predict_probabilities
from models.networks import build_network
from models.training.lessons import Batch, Lessons
from models.training.losses import rehearsal_loss
from models.training.moments import Tensors, above, below, optimiser_tensors, restore_optimiser
from models.training.objective import Adversary, Moment, Objective, build_objective
from models.training.parallel import ALONE, Team
from rt.errors import RtError

CLOCKS = {"wall": time.monotonic, "processor": time.process_time}


class CheckpointError(RtError):
    """A checkpoint, or weights to start from, that do not belong to the training."""

    slug = "bad-checkpoint"


@dataclass(frozen=True)
class TrainingConfig:
    """All that a run depends on beside its data."""

    network: str = "unet3d"
    options: dict[str, Any] = field(default_factory=lambda: {"channels": (16, 32, 64, 128, 160)})
    patch: int = 64
    batch: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    iterations: int = 10_000
    max_minutes: float | None = None
    positive_weight: tuple[float, float] = (12.0, 1.5)
    """Weight of foreground in cross-entropy, at the start and in the last third."""
    average_decay: float = 0.998
    rehearsal: float = 0.0
    """Weight of staying with the starting network in what nobody contoured (`rehearsal_loss`); 0: none."""
    seed: int = 1
    adversary: Adversary | None = None
    """A discriminator beside the segmentation loss; without, that loss alone."""
    clock: Literal["wall", "processor"] = "wall"
    """What `max_minutes` counts: processor time lets trainings on a busy machine be compared."""
    report_every: int = 50
    validate_every: int = 1000
    """A multiple of `report_every`."""


@dataclass(frozen=True)
class Progress:
    """What the loop says after a stretch of iterations."""

    iteration: int
    fraction: float
    loss: float
    dice: dict[str, float] | None = None
    """Hard Dice per structure on the validation cases, when just measured."""


@dataclass(frozen=True)
class Hooks:
    """How a run speaks to whoever started it."""

    report: Callable[[Progress], None]
    stop: Callable[[], bool] = lambda: False
    team: Team = ALONE
    """The processes that train together."""


@dataclass
class _State:
    network: nn.Module
    average: dict[str, torch.Tensor]
    optimiser: torch.optim.Optimizer
    device: torch.device
    team: Team
    shared: nn.Module
    """The network itself, or wrapped so that gradients are averaged over the processes."""
    objective: Objective
    teacher: nn.Module | None = None
    """The starting network, unchanged, where it is rehearsed."""
    iteration: int = 0
    elapsed_s: float = 0.0


def train(
    config: TrainingConfig,
    lessons: Lessons,
    checkpoint: Path,
    hooks: Hooks,
    start: dict[str, torch.Tensor] | None = None,
) -> dict[str, torch.Tensor]:
    """The averaged weights after training; resumes from `checkpoint` if it exists.

    Several processes train as one of a batch as many times as large; only the first writes and reports.
    With `max_minutes` the clock decides on the learning rate, and a resumed run is not the same any more.
    """
    team = hooks.team
    state = _initial(config, len(lessons.structures), start, team)
    if checkpoint.exists():
        _restore(state, checkpoint)
    team.wait()
    lessons.settle(state.device)
    clock = CLOCKS[config.clock]
    began, losses = clock() - state.elapsed_s, []
    while (fraction := team.agree(_fraction(config, state), hooks.stop)) < 1:
        losses.append(_step(config, state, _batch(config, state, lessons), fraction))
        state.iteration += 1
        state.elapsed_s = clock() - began
        if state.iteration % config.report_every == 0 and team.leads:
            _save(state, checkpoint)
            measured = None
            if state.iteration % config.validate_every == 0:
                measured = _validate(config, state, lessons) or None
            done = _fraction(config, state)
            hooks.report(Progress(state.iteration, done, float(np.mean(losses)), measured))
            losses = []
    if team.leads:
        _save(state, checkpoint)
    return state.average


def _initial(config: TrainingConfig, count: int, start: dict[str, torch.Tensor] | None, team: Team) -> _State:
    torch.manual_seed(config.seed)
    device = team.device()
    network = build_network(config.network, count, config.options)
    if start is not None:
        _load_into(network, start, "start")
    place(network, device)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    average = {name: value.detach().clone().float() for name, value in network.state_dict().items()}
    objective = build_objective(config.adversary, count, device, team)
    teacher = _teacher(config, count, start, device)
    return _State(network, average, optimiser, device, team, team.shared(network, device), objective, teacher)


def _teacher(
    config: TrainingConfig, count: int, start: dict[str, torch.Tensor] | None, device: torch.device
) -> nn.Module | None:
    if start is None or config.rehearsal == 0:
        return None
    teacher = build_network(config.network, count, config.options)
    teacher.load_state_dict(start)
    return place(teacher, device).eval()


def _fraction(config: TrainingConfig, state: _State) -> float:
    by_count = state.iteration / config.iterations
    by_time = 0.0 if config.max_minutes is None else state.elapsed_s / 60 / config.max_minutes
    return min(1.0, max(by_count, by_time))


def _step(config: TrainingConfig, state: _State, batch: Batch, fraction: float) -> float:
    _set_rate(config, state, fraction)
    high, low = config.positive_weight
    state.network.train()
    with mixed_precision(state.device):
        logits = state.shared(batch.image)
    moment = Moment(fraction, max(low, high + (low - high) * fraction * 1.5))
    loss = state.objective.loss(logits, batch, moment)
    if state.teacher is not None:
        with torch.no_grad(), mixed_precision(state.device):
            before = state.teacher(batch.image)
        loss = loss + config.rehearsal * rehearsal_loss(logits, before, batch.known, state.team.total)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimiser.step()
    decay = min(config.average_decay, (1 + state.iteration) / (10 + state.iteration))
    with torch.no_grad():
        for name, value in state.network.state_dict().items():
            state.average[name].lerp_(value.float(), 1 - decay)
    return float(loss.detach())


def _set_rate(config: TrainingConfig, state: _State, fraction: float) -> None:
    """Warm up over 100 iterations, or a tenth of a short run, then follow a cosine down to 2 %."""
    warm = min(1.0, (state.iteration + 1) / min(100, 1 + config.iterations // 10))
    rate = config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fraction)))
    for group in state.optimiser.param_groups:
        group["lr"] = rate


def _batch(config: TrainingConfig, state: _State, lessons: Lessons) -> Batch:
    """The iteration's patches.

    All chance comes from the seed and the numbers of iteration and process, so that a resumed run sees the
    same patches and no two processes do.
    """
    rng = np.random.default_rng([config.seed, state.iteration, *state.team.salt])
    torch.manual_seed(int(rng.integers(2**62)))
    return lessons.batch(config.batch, rng)


def _validate(config: TrainingConfig, state: _State, lessons: Lessons) -> dict[str, float]:
    count = len(lessons.structures)
    network = build_network(config.network, count, config.options)
    network.load_state_dict(state.average)
    place(network, state.device)
    windows = Windows(count, config.patch, 0.25, state.device)
    return lessons.examine(lambda image: predict_probabilities(network, image, windows))


def _save(state: _State, path: Path) -> None:
    tensors = above(state.average, "average.")
    tensors |= above(state.network.state_dict(), "network.")
    tensors |= above(optimiser_tensors(state.optimiser), "optimiser.")
    tensors |= above(state.objective.tensors(), "objective.")
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    tensors["progress"] = torch.tensor([state.iteration, state.elapsed_s], dtype=torch.float64)
    scratch = path.with_suffix(".part")
    save_file(tensors, scratch)
    os.replace(scratch, path)


def _load_into(network: nn.Module, tensors: dict[str, torch.Tensor], where: str) -> None:
    expected = {name: value.shape for name, value in network.state_dict().items()}
    if {name: value.shape for name, value in tensors.items()} != expected:
        raise CheckpointError("the weights are of another architecture", where=where)
    network.load_state_dict(tensors)


def _restore(state: _State, path: Path) -> None:
    try:
        tensors: Tensors = load_file(path)
    except SafetensorError as error:
        raise CheckpointError("the checkpoint is not safetensors", where=path.name) from error
    judge = above(state.objective.tensors(), "objective.")
    expected = above(state.network.state_dict(), "network.") | above(state.average, "average.") | judge
    learnt = {
        name
        for name in tensors
        if name.startswith(("network.", "average.")) or (not judge and name.startswith("objective."))
    }
    if learnt - expected.keys() or any(
        name not in tensors or tensors[name].shape != value.shape for name, value in expected.items()
    ):
        raise CheckpointError("the checkpoint is of another architecture", where=path.name)
    state.network.load_state_dict(below(tensors, "network."))
    state.average = {k: v.to(state.device) for k, v in below(tensors, "average.").items()}
    restore_optimiser(state.optimiser, below(tensors, "optimiser."))
    state.objective.restore(below(tensors, "objective."))
    state.iteration, state.elapsed_s = int(tensors["progress"][0]), float(tensors["progress"][1])
