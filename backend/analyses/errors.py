"""What an analysis or a prediction can be refused for at once; jobs fail by the slugs of `models.statistics`.

AppError
├── Conflict
│   ├── AnalysisNotDone       its results are not there yet, or it failed
│   ├── AnalysisUnderWay      it waits or runs: cancel it before it is deleted
│   ├── NoTemplate            only a dose map has a mean organ
│   ├── NothingToPredict      this analysis says nothing of single patients
│   └── PatientWasLearntFrom  the analysis has learnt from the patient
└── InvalidInput
    ├── WrongEndpoint         an endpoint of another kind than the analysis needs
    └── WrongValue            a value of a patient that its column cannot have
"""

from __future__ import annotations

from backend.kit.errors import Conflict, InvalidInput


class AnalysisNotDone(Conflict):
    """Its results are not there yet, or it failed."""

    slug, title = "analysis-not-done", "The analysis is not done"


class AnalysisUnderWay(Conflict):
    """It waits or runs: cancel it before it is deleted."""

    slug, title = "analysis-under-way", "The analysis is under way"


class NoTemplate(Conflict):
    """Only a dose map has a mean organ with a map on it."""

    slug, title = "no-template", "The analysis is no dose map"


class NothingToPredict(Conflict):
    """This analysis says nothing of single patients."""

    slug, title = "nothing-to-predict", "The analysis predicts nothing"


class PatientWasLearntFrom(Conflict):
    """The analysis has learnt from the patient: its word on him would be no prediction."""

    slug, title = "patient-learnt-from", "The analysis knows this patient"


class WrongEndpoint(InvalidInput):
    """An endpoint of another kind than the analysis needs."""

    slug, title = "wrong-endpoint", "The endpoint does not suit"


class WrongValue(InvalidInput):
    """A value of a patient that its column cannot have."""

    slug, title = "wrong-value", "The value does not suit"
