"""One fold: networks that learn from its training patients, and what they say of all patients of the fold.

The training patients are cut into parts; each network learns from all but one and stops by that one, so
that every training patient has a prediction by a network that did not learn from it.  What a network gave is
kept in a checkpoint file, replaced atomically: a killed analysis goes on with the next network.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from models.outcome.cohort import Patients, Rows, parts_of
from models.outcome.config import OutcomeConfig
from models.outcome.maps import grad_cam
from models.outcome.network import build, look
from models.outcome.scoring import Scores
from models.outcome.training import Lessons, train_member
from models.outcome.variables import Encoding, learn_encoding
from models.training.loop import CheckpointError
from models.training.moments import Tensors, above, below

Stop = Callable[[], bool]


class Stopped(Exception):
    """Whoever started the analysis wants no more of it."""


@dataclass(frozen=True)
class Progress:
    """How far an analysis is."""

    fraction: float
    fold: int
    """From 1; the last one is the final network's."""
    folds: int
    member: int
    members: int
    epoch: int
    """Epochs after which the network just trained was best."""


@dataclass(frozen=True)
class Fold:
    """Who is learnt from and who is tested, as places among the patients."""

    number: int
    train: Rows
    test: Rows


@dataclass(frozen=True)
class FoldNetworks:
    """What the networks of a fold gave."""

    fold: Fold
    parts: list[Rows]
    """Places among the fold's training patients."""
    encoding: Encoding
    members: list[Tensors]
    """Of each `inner`, `outer`, `epoch`, `maps` (tested patients, k, j, i), `learnt` and `kept` (vectors of
    those it learnt from, and of its part), and its weights as `weights.*`."""

    @property
    def scores(self) -> Scores:
        """Logits: inner by the one network, outer their mean."""
        inner = np.zeros(len(self.fold.train))
        for part, member in zip(self.parts, self.members, strict=True):
            inner[part] = member["inner"].double().numpy()
        outer = torch.stack([member["outer"] for member in self.members]).double().mean(0).numpy()
        return Scores(inner, outer)

    @property
    def epochs(self) -> list[int]:
        """Of each network."""
        return [int(member["epoch"]) for member in self.members]

    @property
    def maps(self) -> torch.Tensor:
        """Grad-CAM (tested patients, k, j, i), highest value 1."""
        total = torch.stack([member["maps"].float() for member in self.members]).mean(0)
        return total / total.amax((1, 2, 3), keepdim=True).clamp_min(1e-12)


@dataclass
class Checkpoint:
    """The file in which the networks that are through are kept."""

    path: Path
    digest: str
    """Of cohort and configuration: another analysis' file is refused."""
    tensors: Tensors

    @classmethod
    def open(cls, path: Path, patients: Patients, config: OutcomeConfig) -> Checkpoint:
        """What `path` holds of this analysis, as `read`."""
        told = json.dumps([patients.table.digest(), config.to_json()], sort_keys=True).encode()
        return cls.read(path, hashlib.sha256(told + patients.crops.numpy().tobytes()).hexdigest())

    @classmethod
    def read(cls, path: Path, seen: str) -> Checkpoint:
        """What `path` holds, nothing if it is not there; CheckpointError when its digest is not `seen`."""
        if not path.exists():
            return cls(path, seen, {})
        try:
            with safe_open(path, framework="pt") as file:
                if (file.metadata() or {}).get("digest") != seen:
                    raise CheckpointError("the checkpoint is of another analysis", where=path.name)
                return cls(path, seen, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        except SafetensorError as error:
            raise CheckpointError("the checkpoint is not safetensors", where=path.name) from error

    def member(self, name: str) -> Tensors | None:
        """What a network gave, if it is through."""
        return below(self.tensors, f"{name}/") or None

    def keep(self, name: str, member: Tensors) -> None:
        """Add what a network gave."""
        self.tensors |= {key: value.contiguous() for key, value in above(member, f"{name}/").items()}
        scratch = self.path.with_suffix(".part")
        save_file(self.tensors, scratch, metadata={"digest": self.digest})
        os.replace(scratch, self.path)


@dataclass(frozen=True)
class Trainer:
    """What all folds of an analysis share."""

    patients: Patients
    config: OutcomeConfig
    checkpoint: Checkpoint
    report: Callable[[Progress], None]
    stop: Stop

    def fit(self, fold: Fold, weights: bool) -> FoldNetworks:
        """The networks of a fold; `weights`: kept with them.  Stopped when the caller wants no more."""
        patients, config = self.patients, self.config
        parts = parts_of(patients.events[fold.train], config.members, config.seed)
        columns = [patients.table.column(name) for name in config.clinical if config.clinical_in_network]
        encoding = learn_encoding(columns, patients.rows[fold.train])
        read = encoding.read({one.name: patients.values(one) for one in columns}, len(patients.rows))
        known = torch.tensor(read, dtype=torch.float32)
        all_of_them = Lessons(patients.crops, known, patients.truth)
        members = []
        for number, part in enumerate(parts):
            name = f"{fold.number}.{number}"
            member = self.checkpoint.member(name)
            if member is None:
                member = self._train(fold, number, part, all_of_them)
                self.checkpoint.keep(
                    name, member if weights else {k: v for k, v in member.items() if not _heavy(k)}
                )
            members.append(member)
            self._say(fold, number, int(member["epoch"]))
        return FoldNetworks(fold, parts, encoding, members)

    def _train(self, fold: Fold, number: int, part: Rows, lessons: Lessons) -> Tensors:
        learn = torch.from_numpy(fold.train[np.setdiff1d(np.arange(len(fold.train)), part)])
        held, test = torch.from_numpy(fold.train[part]), torch.from_numpy(fold.test)
        seed = int(np.random.default_rng([self.config.seed, fold.number, number]).integers(2**31))
        trained = train_member(self.config, lessons.of(learn), lessons.of(held), seed, self.stop)
        if self.stop():
            raise Stopped
        network = build(self.config, lessons.variables.shape[1])
        network.load_state_dict(trained.weights)
        found = above(trained.weights, "weights.") | {"epoch": torch.tensor(trained.epoch)}
        found["inner"], found["kept"] = look(network, lessons.crops[held], lessons.variables[held])
        found["learnt"] = look(network, lessons.crops[learn], lessons.variables[learn])[1]
        return found | _tested(network, lessons, test)

    def _say(self, fold: Fold, number: int, epoch: int) -> None:
        members, folds = self.config.members, self.config.folds + 1
        done = (fold.number * members + number + 1) / (folds * members)
        self.report(Progress(done, fold.number + 1, folds, number + 1, members, epoch))


def _tested(network: nn.Module, lessons: Lessons, test: torch.Tensor) -> Tensors:
    if len(test) == 0:
        return {"outer": torch.zeros(0), "maps": torch.zeros(0, *lessons.crops.shape[2:])}
    crops, known = lessons.crops[test], lessons.variables[test]
    maps = torch.from_numpy(grad_cam([network], crops, known)).half()
    return {"outer": look(network, crops, known)[0], "maps": maps}


def _heavy(name: str) -> bool:
    return name.startswith("weights.") or name in ("kept", "learnt")
