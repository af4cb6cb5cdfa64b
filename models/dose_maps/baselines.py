"""What a map is measured against: clinical terms alone, and with them what is read off a DVH.

Ridge regressions on standardised columns, in the same outer folds; penalty, and gEUD's exponent, by inner
folds of the training patients.  Clinical terms are not penalised, as they are not beside a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import optimize

from models.dose_maps.losses import Batch
from models.dose_maps.study import Matrix, Study, Vector
from models.dose_maps.validation import Rows, folds_of, held_out, without

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Penalties of a standardised column's squared coefficient, on the mean loss."""
PERCENTS = (2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)
"""D_x of these shares of the organ."""
STEP_GY = 5.0
"""V_x from here on in these steps, up to the highest dose."""
EXPONENTS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Of gEUD = (mean dose^a)^(1/a); Niemierko, Med Phys 1999;26:1100."""


@dataclass(frozen=True)
class _Columns:
    """Penalised columns (n, c); several sets stand for a choice by the inner folds."""

    sets: list[Matrix]
    ridges: tuple[float, ...]


def baselines(study: Study, folds: list[Rows], inner: int, seed: int) -> dict[str, Vector]:
    """Out-of-fold predictors (n,) of `clinical` (where there are terms), `mean-dose`, `geud`, `dvh`."""
    organ = study.doses_nkji[:, study.mask_kji].astype(np.float64)
    n = len(organ)
    euds = [_geud(organ, a)[:, None] for a in EXPONENTS]
    asked = {
        "mean-dose": _Columns([organ.mean(axis=1)[:, None]], (0.0,)),
        "geud": _Columns(euds, (0.0,)),
        "dvh": _Columns([dvh_columns(organ)], RIDGES),
    }
    if study.terms.shape[1]:
        asked = {"clinical": _Columns([np.zeros((n, 0))], (0.0,))} | asked
    return {name: _out_of_fold(study, own, folds, inner, seed) for name, own in asked.items()}


def dvh_columns(organ: Matrix) -> Matrix:
    """Mean, D_x in Gy and V_x in % of doses (n, voxels), columns that do not vary left out."""
    at = np.arange(STEP_GY, max(float(organ.max()), STEP_GY + 1e-9), STEP_GY)
    columns = [organ.mean(axis=1), *np.percentile(organ, [100 - x for x in PERCENTS], axis=1)]
    columns += [100 * (organ >= gy).mean(axis=1) for gy in at]
    table = np.column_stack(columns)
    return np.asarray(table[:, table.std(axis=0) > 1e-6])


def _geud(organ: Matrix, exponent: float) -> Vector:
    top = np.maximum(organ.max(axis=1, keepdims=True), 1e-9)
    inside = np.mean((np.maximum(organ, 0) / top) ** exponent, axis=1)
    return np.asarray(top[:, 0] * inside ** (1 / exponent))


def _out_of_fold(study: Study, asked: _Columns, folds: list[Rows], inner: int, seed: int) -> Vector:
    everybody = np.arange(len(study.doses_nkji))
    found = np.zeros(len(everybody))
    choices = [(columns, ridge) for columns in asked.sets for ridge in asked.ridges]
    for number, test in enumerate(folds):
        train = np.setdiff1d(everybody, test)
        best = choices[0]
        if len(choices) > 1:
            parts = folds_of(study.outcome, train, inner, seed + 1 + number)
            best = min(choices, key=lambda one: _left_out(study, one, train, parts))
        found[test] = _fitted(study, *best, train)[test]
    return found


def _left_out(study: Study, choice: tuple[Matrix, float], train: Rows, parts: list[Rows]) -> float:
    eta = np.stack([_fitted(study, *choice, np.setdiff1d(train, part)) for part in parts])
    n = len(study.doses_nkji)
    learnt, everybody = without(n, train, parts), without(n, train, [np.zeros(0, dtype=np.intp)] * len(parts))
    batch = _batch(study, np.zeros((n, 0)), np.arange(n))
    return float(held_out(batch, learnt.double(), everybody.double(), torch.from_numpy(eta)).mean())


def _batch(study: Study, terms: Matrix, learnt: Rows) -> Batch:
    weights = torch.zeros(1, len(terms), dtype=torch.float64)
    weights[0, torch.from_numpy(learnt)] = 1
    values = torch.from_numpy(np.asarray(study.outcome.values, dtype=np.float64))[None]
    events = torch.from_numpy(study.outcome.happened)[None]
    return Batch(study.outcome.kind, values, events, torch.from_numpy(terms)[None], weights)


def _fitted(study: Study, columns: Matrix, ridge: float, learnt: Rows) -> Vector:
    """(n,) linear predictor of all, learnt from some."""
    free = study.terms
    if study.outcome.kind != "survival":
        free = np.column_stack([np.ones(len(columns)), free])
    table = np.column_stack([free, columns])
    middle, scale = table[learnt].mean(axis=0), table[learnt].std(axis=0)
    if study.outcome.kind != "survival":
        middle[0], scale[0] = 0.0, 1.0
    table = (table - middle) / np.where(scale > 1e-9, scale, np.inf)
    cost = np.repeat([1e-6, ridge + 1e-6], [free.shape[1], columns.shape[1]])
    batch = _batch(study, table, learnt)
    if not table.shape[1]:
        return np.zeros(len(table))

    def objective(beta: Vector) -> tuple[float, Vector]:
        loss, slope = batch.loss(torch.from_numpy(table @ beta)[None])
        return float(loss) + float(cost @ beta**2) / 2, table.T @ slope[0].numpy() + cost * beta

    found = optimize.minimize(
        objective, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 100}
    )
    return np.asarray(table @ found.x)
