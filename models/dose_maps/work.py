"""How an analysis does its many fits: in batches for the device, kept in a checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from models.dose_maps.config import MapConfig
from models.dose_maps.convex import Convex
from models.dose_maps.design import Design
from models.dose_maps.graph import Graph
from models.dose_maps.lowrank import LowRank
from models.dose_maps.study import Study
from models.outcome.folds import Checkpoint, Stopped
from models.training.moments import Tensors

Solver = Convex | LowRank
CACHED = 64 * 1024
"""Voxels of all maps of a batch that a processor's cache holds with what belongs to them."""
ON_GPU = 4 * 1024 * 1024


@dataclass(frozen=True)
class Progress:
    """How far an analysis is."""

    fraction: float
    stage: str
    """`folds`, `final`, `permutations`, `subsamples`."""


@dataclass(frozen=True)
class Run:
    """Where an analysis keeps what it has done, and how it speaks to whoever started it."""

    checkpoint: Path
    """A file that grows; an analysis that was killed goes on from it."""
    report: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def look(self) -> None:
        """Raise Stopped when the caller wants no more."""
        if self.stop():
            raise Stopped


@dataclass(frozen=True)
class Work:
    """A study, what is asked of it, and the file of what is through."""

    study: Study
    config: MapConfig
    design: Design
    run: Run
    checkpoint: Checkpoint

    @classmethod
    def begin(cls, study: Study, config: MapConfig, run: Run) -> Work:
        """CheckpointError where the checkpoint is another analysis'."""
        told = json.dumps([study.digest(), config.to_json()], sort_keys=True)
        checkpoint = Checkpoint.read(run.checkpoint, hashlib.sha256(told.encode()).hexdigest())
        return cls(study, config, Design.of(study, run.device, config.voxels), run, checkpoint)

    @property
    def solvers(self) -> dict[int, Solver]:
        """By rank; the convex one has rank 0."""
        config, design = self.config, self.design
        if config.solver == "tv":
            graph = Graph.of(design.mask, config.l1_share, design.doses.dtype)
            return {0: Convex(design, graph, config.iterations, config.tolerance, self.run.look)}
        return {
            rank: LowRank(design, rank, config.l1_share, config.restarts, config.seed, self.run.look)
            for rank in config.ranks
        }

    def kept(self, name: str, make: Callable[[], Tensors]) -> Tensors:
        """What was made before under this name, else what is made now, which is kept."""
        self.run.look()
        found = self.checkpoint.member(name)
        if found is None:
            found = {key: value.cpu() for key, value in make().items()}
            self.checkpoint.keep(name, found)
        return found

    def chunks(self, problems: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Rows of problems (b, …), so many at once as suit the device, with the number of the first."""
        room = CACHED if self.run.device.type == "cpu" else ON_GPU
        size = max(2, room // self.design.doses.shape[1])
        for first in range(0, len(problems), size):
            yield first, problems[first : first + size]

    def say(self, fraction: float, stage: str) -> None:
        """Report."""
        self.run.report(Progress(fraction, stage))
