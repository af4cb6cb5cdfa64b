"""Readings as arrays in which every reader has read every case in every condition, and who is not in them.

Axes: t condition, r reader, c case, l lesion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.statistics.errors import OneClass
from models.statistics.readers.config import ReaderConfig
from models.statistics.readers.errors import TooFewReaders
from models.statistics.readers.study import Case, Mark, Reader, Reading, Study

Array = npt.NDArray[np.float64]
UNMARKED = -np.inf
"""Rating of a lesion that was not marked, and of a case without a false mark."""
Readings = dict[tuple[str, str, str], Reading]
"""By condition, reader and case."""


@dataclass(frozen=True)
class Lesions:
    """What was marked of the lesions, where all truth is known by lesion."""

    case: npt.NDArray[np.intp]
    """(l,) index of the case of each lesion."""
    rating_trl: Array
    """Highest confidence of the marks on it; UNMARKED without."""
    false_trc: Array
    """Highest confidence of the marks on no lesion; UNMARKED without."""
    all_false: dict[tuple[int, int], list[list[float]]]
    """Confidences of all marks on no lesion, for each case, by (t, r)."""


@dataclass(frozen=True)
class Crossed:
    """The fully crossed part of a study."""

    conditions: tuple[str, ...]
    readers: tuple[Reader, ...]
    cases: tuple[Case, ...]
    positive: npt.NDArray[np.bool_]
    """(c,)"""
    confidence_trc: Array
    seconds_trc: Array
    lesions: Lesions | None


@dataclass(frozen=True)
class Accounts:
    """Who and what is not in the analysis."""

    readers: list[dict[str, Any]]
    """`{reader, level, expected, read, analysed}`."""
    missing: list[dict[str, str]]
    """`{reader, condition, case}` of readings that are not there."""
    cases_left_out: list[str]


def cross(study: Study, config: ReaderConfig) -> tuple[Crossed, Accounts]:
    """The arrays, and who was left out of them.

    TooFewReaders where nobody is left, OneClass where the cases left are all positive or all negative.
    """
    read = {(one.condition, one.reader, one.case): one for one in study.readings}
    missing = [
        {"reader": reader.reader, "condition": condition, "case": case.case}
        for reader in study.readers
        for condition in study.conditions
        for case in study.cases
        if (condition, reader.reader, case.case) not in read
    ]
    readers, cases = _left(study, missing, config)
    accounts = Accounts(_accounts(study, missing, readers), missing, _left_out(study, cases))
    if not readers or not cases:
        names = ", ".join(sorted({one["reader"] for one in missing}))
        raise TooFewReaders(f"nothing was read by all: {names} did not finish", where="readers")
    positive = np.array([one.positive for one in cases])
    if positive.all() or not positive.any():
        kind = "positive" if positive.any() else "negative"
        raise OneClass(f"all {len(cases)} cases are {kind}", where="cases")
    kept = Study(study.conditions, cases, readers, ())
    return (
        Crossed(
            conditions=study.conditions,
            readers=readers,
            cases=cases,
            positive=positive,
            confidence_trc=_values(kept, read, "confidence"),
            seconds_trc=_values(kept, read, "seconds"),
            lesions=_lesions(kept, read, config.tolerance_mm),
        ),
        accounts,
    )


def _left(
    study: Study, missing: list[dict[str, str]], config: ReaderConfig
) -> tuple[tuple[Reader, ...], tuple[Case, ...]]:
    if config.incomplete == "leave-out-readers":
        unfinished = {one["reader"] for one in missing}
        return tuple(one for one in study.readers if one.reader not in unfinished), study.cases
    began = {one.reader for one in study.readings}
    gaps = {one["case"] for one in missing if one["reader"] in began}
    readers = tuple(one for one in study.readers if one.reader in began)
    return readers, tuple(one for one in study.cases if one.case not in gaps)


def _accounts(
    study: Study, missing: list[dict[str, str]], readers: tuple[Reader, ...]
) -> list[dict[str, Any]]:
    expected = len(study.cases) * len(study.conditions)
    lacking = [one["reader"] for one in missing]
    return [
        {
            "reader": one.reader,
            "level": one.level,
            "expected": expected,
            "read": expected - lacking.count(one.reader),
            "analysed": one in readers,
        }
        for one in study.readers
    ]


def _left_out(study: Study, cases: tuple[Case, ...]) -> list[str]:
    return [one.case for one in study.cases if one not in cases]


def _values(kept: Study, read: Readings, name: str) -> Array:
    return np.array(
        [
            [
                [getattr(read[condition, reader.reader, case.case], name) for case in kept.cases]
                for reader in kept.readers
            ]
            for condition in kept.conditions
        ],
        float,
    )


def _lesions(kept: Study, read: Readings, tolerance_mm: float) -> Lesions | None:
    if any(case.positive and case.lesions is None for case in kept.cases):
        return None
    of_case = [index for index, case in enumerate(kept.cases) for _ in case.lesions or ()]
    shape = len(kept.conditions), len(kept.readers)
    ratings = np.full((*shape, len(of_case)), UNMARKED)
    false = np.full((*shape, len(kept.cases)), UNMARKED)
    all_false: dict[tuple[int, int], list[list[float]]] = {}
    for t, condition in enumerate(kept.conditions):
        for r, reader in enumerate(kept.readers):
            of_reader = all_false.setdefault((t, r), [])
            first = 0
            for c, case in enumerate(kept.cases):
                marks = read[condition, reader.reader, case.case].marks
                on, off = judged(case, marks, tolerance_mm)
                ratings[t, r, first : first + len(on)] = on
                first += len(on)
                false[t, r, c] = max(off, default=UNMARKED)
                of_reader.append(off)
    return Lesions(np.array(of_case, np.intp), ratings, false, all_false)


def judged(case: Case, marks: tuple[Mark, ...], tolerance_mm: float) -> tuple[list[float], list[float]]:
    """Ratings of the case's lesions, and of the marks on none.

    A mark is on the nearest lesion whose radius and tolerance reach it; of several marks on one lesion the
    highest counts, the others are neither found nor false (Chakraborty and Berbaum, Med Phys 2004;31:2313).
    """
    found = [UNMARKED] * len(case.lesions or ())
    false = []
    for mark in marks:
        distances = [
            float(np.linalg.norm(np.subtract(mark.position_mm, one.position_mm)))
            if np.linalg.norm(np.subtract(mark.position_mm, one.position_mm)) <= one.radius_mm + tolerance_mm
            else np.inf
            for one in case.lesions or ()
        ]
        if not distances or min(distances) == np.inf:
            false.append(mark.confidence)
            continue
        nearest = int(np.argmin(distances))
        found[nearest] = max(found[nearest], mark.confidence)
    return found, false
