"""What a network is measured against: elastic-net regressions of `models.statistics`, in its own folds.

Clinical variables alone, the cohort's features alone, and the clinical variables with the network's score.
Preparation, penalties and calibration are learnt from the training patients of a fold alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.outcome.cohort import Patients, Rows
from models.outcome.config import OutcomeConfig
from models.outcome.folds import FoldNetworks
from models.outcome.scoring import Matrix, Scores, Vector
from models.statistics import outcomes_config
from models.statistics.errors import ConstantColumn
from models.statistics.outcomes_data import Target, Term, encode, terms_of
from models.statistics.outcomes_validate import Task, fit
from rt.cohort import Column

MODEL: outcomes_config.Model = "elastic-net"
SCORE = Term("score of the network")


def baselines(
    patients: Patients, config: OutcomeConfig, fitted: Sequence[FoldNetworks]
) -> dict[str, list[Scores]]:
    """Scores of each baseline in each fold."""
    found: dict[str, list[Scores]] = {}
    clinical = [patients.table.column(name) for name in config.clinical]
    if clinical:
        found["clinical"] = [_Baseline(patients, config, one, clinical).scores() for one in fitted]
        if not config.clinical_in_network:
            found["combined"] = [_Baseline(patients, config, one, clinical, True).scores() for one in fitted]
    if patients.table.features:
        features = patients.table.features
        found["radiomics"] = [_Baseline(patients, config, one, features).scores() for one in fitted]
    return found


@dataclass(frozen=True)
class _Baseline:
    """One of them in one fold."""

    patients: Patients
    config: OutcomeConfig
    networks: FoldNetworks
    columns: Sequence[Column]
    with_network: bool = False

    def scores(self) -> Scores:
        """Of the fold's training patients by a regression without their part, and of those it tests."""
        fold, parts = self.networks.fold, self.networks.parts
        task, tested = self._task()
        inner = np.zeros(len(fold.train))
        everybody = np.arange(len(fold.train))
        for part in parts:
            inner[part] = _said(task.take(np.setdiff1d(everybody, part)), task.matrix[part], self.config.seed)
        return Scores(inner, _said(task, tested, self.config.seed))

    def _task(self) -> tuple[Task, Matrix]:
        """The training patients' task, and the columns of the tested ones."""
        patients, fold = self.patients, self.networks.fold
        clinical = {one.name for one in patients.table.clinical}
        terms = terms_of(self.columns, patients.rows[fold.train], clinical)
        values = {one.name: patients.values(one) for one in self.columns}
        matrix = encode(terms, values, len(patients.rows))
        inner, outer = matrix[fold.train], matrix[fold.test]
        if self.with_network:
            terms = [*terms, SCORE]
            inner = np.column_stack([inner, self.networks.scores.inner])
            outer = np.column_stack([outer, self.networks.scores.outer])
        settings = outcomes_config.OutcomeConfig(self.config.endpoint, models=(MODEL,), seed=self.config.seed)
        return Task(inner, terms, _target(patients, fold.train), MODEL, settings, np.zeros(0)), outer


def _target(patients: Patients, rows: Rows) -> Target:
    times = None if patients.times is None else patients.times[rows]
    return Target(patients.events[rows] == 1, times)


def _said(task: Task, read: Matrix, seed: int) -> Vector:
    """Scores (m,) of `read` (m, terms); all alike where no column tells the training patients apart."""
    if not len(read):
        return np.zeros(0)
    try:
        return fit(task, (seed,)).score(read)
    except ConstantColumn:
        return np.zeros(len(read))
