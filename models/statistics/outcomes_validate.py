"""Nested cross-validation by patients: what is chosen is chosen inside, what is measured was never seen.

In each outer fold everything is learnt from the other folds: preparation, hyperparameters (by inner folds)
and the threshold (from the inner out-of-fold scores).  Folds hold the events evenly and follow from the seed
alone.  DeLong's interval of pooled out-of-fold scores takes the models as given: it is somewhat narrow in
small cohorts, where the permutation test is the one to believe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from models.statistics.errors import OneClass, TooFewEvents, TooFewPatients
from models.statistics.merit import choose_threshold
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.outcomes_data import Matrix, Preparation, Rows, Target, Term, Vector, prepare
from models.statistics.outcomes_models import GRIDS, Core, Parameters, importance, learn, score, survival_at


@dataclass(frozen=True)
class Task:
    """One group of columns, one model: what is cross-validated."""

    matrix: Matrix
    terms: Sequence[Term]
    target: Target
    model: str
    config: OutcomeConfig
    times: Vector
    """Survival: when predictions are judged; empty for a binary endpoint."""

    def take(self, rows: Rows) -> Task:
        """The same of these patients."""
        return replace(self, matrix=self.matrix[rows], target=self.target.take(rows))


@dataclass(frozen=True)
class Fitted:
    """A model with the preparation it needs."""

    preparation: Preparation
    core: Core
    parameters: Parameters
    threshold: float
    """Of the score, from the inner out-of-fold ones: the best of them, of survival their median."""
    prevalence: float

    def score(self, matrix: Matrix) -> Vector:
        """Shape (n,)."""
        return score(self.core, self.preparation.apply(matrix))

    def survival(self, matrix: Matrix) -> Matrix:
        """Shape (n, times)."""
        return survival_at(self.core, self.preparation.apply(matrix))


@dataclass
class Validated:
    """Out-of-fold predictions of all patients, the mean over repeats."""

    score: Vector
    threshold: Vector
    survival: Matrix
    parameters: list[Parameters] = field(default_factory=list)
    selected: Vector = field(default_factory=lambda: np.zeros(0))
    """Shape (terms,): share of the fits in which a term had a part."""
    weight: Vector = field(default_factory=lambda: np.zeros(0))
    """Shape (terms,): mean importance."""
    not_converged: int = 0


def require_enough(target: Target, config: OutcomeConfig) -> None:
    """Refuse what folds cannot be made of: TooFewPatients, OneClass, TooFewEvents."""
    count, events = len(target.event), int(target.event.sum())
    if count < config.folds * 2:
        raise TooFewPatients(f"{count} patients are too few for {config.folds} folds")
    if events in (0, count) and target.time is None:
        raise OneClass(f"all {count} patients have the same outcome")
    needed = config.folds * config.min_events_per_fold
    kinds = {"with the event": events}
    if target.time is None:
        kinds["without the event"] = count - events
    for name, found in kinds.items():
        if found < needed:
            raise TooFewEvents(
                f"{found} patients {name}: {config.folds} folds need "
                f"{config.min_events_per_fold} in each, {needed}"
            )


def folds_of(event: npt.NDArray[np.bool_], count: int, seed: Sequence[int]) -> npt.NDArray[np.intp]:
    """Shape (n,): the fold of each patient; events and others are dealt out evenly."""
    rng = np.random.default_rng(list(seed))
    fold = np.empty(len(event), np.intp)
    dealt = 0
    for kind in (True, False):
        own = rng.permutation(np.flatnonzero(event == kind))
        fold[own] = (dealt + np.arange(len(own))) % count
        dealt += len(own)
    return fold


def fit(task: Task, seed: Sequence[int]) -> Fitted:
    """Choose hyperparameters by inner folds, then learn from all patients of the task."""
    grid = GRIDS[task.model]
    fold = folds_of(task.target.event, task.config.inner_folds, seed)
    inner = np.full((len(grid), len(fold)), np.nan)
    worth = np.zeros((len(grid), task.config.inner_folds))
    for index in range(task.config.inner_folds):
        train, held = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        part, test = task.take(train), task.take(held)
        preparation = prepare(part.matrix, part.target, task.terms, task.config)
        x, new = preparation.apply(part.matrix), preparation.apply(test.matrix)
        for row, parameters in enumerate(grid):
            core = learn(task.model, x, part.target, parameters, (task.config, task.times))
            inner[row, held] = score(core, new) - _level(part.target)
            worth[row, index] = _inner_worth(test.target, inner[row, held], _level(part.target))
    best = int(np.argmax(worth.mean(axis=1) > worth.mean(axis=1).max() - 1e-9))
    preparation = prepare(task.matrix, task.target, task.terms, task.config)
    core = learn(
        task.model, preparation.apply(task.matrix), task.target, grid[best], (task.config, task.times)
    )
    level = _level(task.target)
    chosen = choose_threshold(task.target.event, inner[best]) if task.target.time is None else None
    threshold = float(np.median(inner[best])) if chosen is None else chosen + level
    prevalence = float(task.target.event.mean())
    return Fitted(preparation, core, grid[best], threshold, prevalence)


def _level(target: Target) -> float:
    """Log odds of the prevalence among those learnt from, 0 for survival."""
    return float(special.logit(target.event.mean())) if target.time is None else 0.0


def _inner_worth(target: Target, scores: Vector, level: float) -> float:
    """What hyperparameters are chosen by: mean log likelihood, so that calibration counts; survival: C."""
    if target.time is not None:
        return _worth(target, scores)
    odds = np.where(target.event, 1, -1) * (scores + level)
    return float(-np.logaddexp(0, -odds).mean())


def _worth(target: Target, scores: Vector) -> float:
    """Harrell's C or AUC, one half where it has none (no event in an inner fold)."""
    first = target.event[:, None]
    if target.time is None:
        pairs = first & ~target.event[None]
    else:
        pairs = first & (target.time[:, None] < target.time[None])
    if not pairs.any():
        return 0.5
    difference = scores[:, None] - scores[None]
    return float(((difference > 1e-9) + 0.5 * (np.abs(difference) <= 1e-9))[pairs].mean())


def validate(task: Task, progress: Callable[[float], None] = lambda share: None) -> Validated:
    """Nested cross-validation of one task.

    Scores of a binary endpoint are put to the prevalence of all patients, so that folds which happen to hold
    more events do not predict fewer of them.
    """
    config, count = task.config, len(task.target.event)
    repeats, width = config.repeats, len(task.times)
    out = Validated(np.zeros(count), np.zeros(count), np.zeros((count, width)))
    out.selected, out.weight = np.zeros(len(task.terms)), np.zeros(len(task.terms))
    level = _level(task.target)
    for repeat in range(repeats):
        fold = folds_of(task.target.event, config.folds, (config.seed, repeat))
        for index in range(config.folds):
            held = np.flatnonzero(fold == index)
            fitted = fit(task.take(np.flatnonzero(fold != index)), (config.seed, repeat, index + 1))
            shift = level - (float(special.logit(fitted.prevalence)) if task.target.time is None else 0.0)
            out.score[held] += (fitted.score(task.matrix[held]) + shift) / repeats
            out.threshold[held] += (fitted.threshold + shift) / repeats
            if width:
                out.survival[held] += fitted.survival(task.matrix[held]) / repeats
            _count(out, fitted, repeats * config.folds)
            progress((repeat * config.folds + index + 1) / (repeats * config.folds))
    return out


def _count(out: Validated, fitted: Fitted, fits: int) -> None:
    kept = fitted.preparation.kept
    share = importance(fitted.core, len(kept))
    out.selected[kept] += (share > 0) / fits
    out.weight[kept] += share / fits
    out.parameters.append(dict(fitted.parameters))
    out.not_converged += not fitted.core["converged"]


def permute(task: Task, observed: float, progress: Callable[[float], None]) -> dict[str, float | int]:
    """How often shuffled outcomes are predicted as well: `{"permutations", "observed", "mean", "p"}`.

    The whole nested cross-validation is done again for each; the figure is the AUC or Harrell's C.
    """
    rng = np.random.default_rng([task.config.seed, 7])
    found = []
    for index in range(task.config.permutations):
        order = rng.permutation(len(task.target.event))
        shuffled = replace(task, target=task.target.take(order))
        found.append(_worth(shuffled.target, validate(shuffled).score))
        progress((index + 1) / task.config.permutations)
    p = (1 + sum(one >= observed - 1e-12 for one in found)) / (1 + len(found))
    return {"permutations": len(found), "observed": observed, "mean": float(np.mean(found)), "p": float(p)}
