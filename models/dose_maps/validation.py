"""Penalty and rank by nested cross-validation: who is judged was known neither to the map nor to its penalty.

The outer folds give an out-of-fold prediction of every patient; within the training patients of each, the
inner folds choose penalty and rank by the mean loss of the patients left out (of Cox's the partial likelihood
of all less that of those learnt from; Verweij and van Houwelingen, Stat Med 1993;12:2305).  The final penalty
is chosen by the outer folds' own paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

from models.dose_maps.losses import Batch
from models.dose_maps.study import Outcome, Vector
from models.dose_maps.work import Work

Rows = npt.NDArray[np.intp]
SHARE = 0.6
"""Of the whole analysis' progress."""
STRATA = 5
"""A continuous outcome is cut into so many parts of equal size, from each of which a fold has its share."""


@dataclass(frozen=True)
class Candidate:
    """A penalty, as a share of the least that leaves no map, and a rank (0: convex)."""

    fraction: float
    rank: int


@dataclass(frozen=True)
class Validated:
    """What nested cross-validation gives."""

    folds: list[Rows]
    """Who is tested in each outer fold."""
    predictions: Vector
    """(n,) linear predictor, out of fold."""
    chosen: list[Candidate]
    """In each outer fold."""
    final: Candidate
    curve: list[tuple[Candidate, float, float]]
    """Of every candidate the mean loss of the patients left out and its standard error over outer folds."""


def folds_of(outcome: Outcome, places: Rows, count: int, seed: int) -> list[Rows]:
    """Places cut into parts with the same share of events, or of low and high values."""
    values = outcome.happened[places]
    if outcome.kind == "continuous":
        ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        values = np.floor(ranks * min(STRATA, len(places) // count) / len(places))
    cut = StratifiedKFold(count, shuffle=True, random_state=seed)
    return [places[part] for _, part in cut.split(values, values.astype(int))]


def validate(work: Work) -> Validated:
    """Nested cross-validation of the study."""
    config, n = work.config, len(work.study.doses_nkji)
    everybody = np.arange(n)
    outer = folds_of(work.study.outcome, everybody, config.folds, config.seed)
    candidates = [Candidate(f, rank) for rank in work.solvers for f in config.fractions]
    paths = _paths(work, "outer", everybody, outer)
    losses = _losses(work, paths, everybody, outer)
    predictions, chosen = np.zeros(n), []
    for number, test in enumerate(outer):
        train = np.setdiff1d(everybody, test)
        inner = folds_of(work.study.outcome, train, config.inner_folds, config.seed + 1 + number)
        inside = _losses(work, _paths(work, f"inner.{number}", train, inner), train, inner)
        best = int(inside.mean(axis=1).argmin())
        chosen.append(candidates[best])
        predictions[test] = paths[best, number].numpy()[test]
        work.say(SHARE * (number + 1) / len(outer), "folds")
    final = candidates[int(losses.mean(axis=1).argmin())]
    spread = losses.std(axis=1, ddof=1) / len(outer) ** 0.5
    curve = [
        (one, float(a), float(b)) for one, a, b in zip(candidates, losses.mean(axis=1), spread, strict=True)
    ]
    return Validated(outer, predictions, chosen, final, curve)


def without(n: int, learnt: Rows, tests: list[Rows]) -> Tensor:
    """Weights (folds, n): 1 of those learnt from, less those tested."""
    weights = torch.zeros(len(tests), n)
    weights[:, torch.from_numpy(learnt)] = 1
    for row, test in zip(weights, tests, strict=True):
        row[torch.from_numpy(test)] = 0
    return weights


def _paths(work: Work, name: str, learnt: Rows, tests: list[Rows]) -> Tensor:
    """Linear predictors (candidates, folds, n)."""
    weights = without(len(work.study.doses_nkji), learnt, tests).to(work.design.doses)

    def make() -> dict[str, Tensor]:
        rows = []
        for solver in work.solvers.values():
            parts = [
                [fit.eta for fit in solver.path(work.design.batch.weighted(own), work.config.fractions)]
                for _, own in work.chunks(weights)
            ]
            rows += [torch.cat(fold) for fold in zip(*parts, strict=True)]
        return {"eta": torch.stack(rows)}

    return work.kept(name, make)["eta"]


def _losses(work: Work, paths: Tensor, learnt: Rows, tests: list[Rows]) -> Vector:
    """Mean loss a patient left out, (candidates, folds)."""
    n = len(work.study.doses_nkji)
    own = without(n, learnt, tests).double()
    everybody = without(n, learnt, [np.zeros(0, dtype=np.intp)] * len(tests)).double()
    batch = _plain(work.design.batch)
    return np.stack([held_out(batch, own, everybody, eta.double()).numpy() for eta in paths])


def held_out(batch: Batch, learnt: Tensor, everybody: Tensor, eta: Tensor) -> Tensor:
    """(b,) mean loss of who is in `everybody` and not in `learnt`, weights (b, n) of 0 and 1 each."""
    whole, part = batch.weighted(everybody), batch.weighted(learnt)
    loss = whole.loss(eta)[0] * whole.total - part.loss(eta)[0] * part.total
    return loss / (whole.total - part.total)


def _plain(batch: Batch) -> Batch:
    own = (batch.values, batch.events, batch.terms, batch.weights)
    return Batch(batch.kind, *(one.cpu().double() for one in own))
