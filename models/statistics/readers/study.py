"""What was read, by whom, of what truth: the input of the analysis, plain JSON outside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from models.statistics.readers.errors import ReadingRefused

Level = Literal["junior", "senior"]


@dataclass(frozen=True)
class Lesion:
    """A true lesion: a ball, in patient LPS."""

    position_mm: tuple[float, float, float]
    """x, y, z."""
    radius_mm: float


@dataclass(frozen=True)
class Case:
    """A case with its truth."""

    case: str
    positive: bool
    lesions: tuple[Lesion, ...] | None
    """None: the truth is known of the whole case only."""


@dataclass(frozen=True)
class Reader:
    """Who read."""

    reader: str
    level: Level | None


@dataclass(frozen=True)
class Mark:
    """Where a reader saw a lesion, in patient LPS, and how sure he was."""

    position_mm: tuple[float, float, float]
    confidence: float
    """0 to 100."""


@dataclass(frozen=True)
class Reading:
    """One finished reading of a case by a reader in a condition."""

    reader: str
    case: str
    condition: str
    confidence: float
    """That the case is positive, 0 to 100."""
    seconds: float
    """Without pauses."""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Study:
    """Everything that was read; the first condition is what the others are compared with."""

    conditions: tuple[str, ...]
    cases: tuple[Case, ...]
    readers: tuple[Reader, ...]
    readings: tuple[Reading, ...]

    def __post_init__(self) -> None:
        """ReadingRefused with the reader, case or reading that cannot be."""
        _once("condition", self.conditions)
        _once("case", [one.case for one in self.cases])
        _once("reader", [one.reader for one in self.readers])
        if len(self.conditions) < 2:
            raise ReadingRefused("two conditions at least are compared", where="conditions")
        for case in self.cases:
            _check_case(case)
        known = (
            {one.reader for one in self.readers},
            {one.case for one in self.cases},
            set(self.conditions),
        )
        for reading in self.readings:
            _check_reading(reading, known)
        _once("reading", [_where(one) for one in self.readings])

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """From `{conditions, cases, readers, readings}`; ReadingRefused where something is not as it must be.

        A case is `{case, positive, lesions: null | [{position_mm: [x, y, z], radius_mm}]}`, a reader
        `{reader, level}`, a reading `{reader, case, condition, confidence, seconds, marks: [{position_mm,
        confidence}]}`.
        """
        try:
            return cls(
                conditions=tuple(str(one) for one in raw["conditions"]),
                cases=tuple(_case(one) for one in raw["cases"]),
                readers=tuple(Reader(str(one["reader"]), one["level"]) for one in raw["readers"]),
                readings=tuple(_reading(one) for one in raw["readings"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReadingRefused(f"not a study: {error}", where="study") from error


def _case(raw: Mapping[str, Any]) -> Case:
    lesions = raw["lesions"]
    return Case(
        str(raw["case"]),
        bool(raw["positive"]),
        None
        if lesions is None
        else tuple(Lesion(_point(one["position_mm"]), float(one["radius_mm"])) for one in lesions),
    )


def _reading(raw: Mapping[str, Any]) -> Reading:
    return Reading(
        str(raw["reader"]),
        str(raw["case"]),
        str(raw["condition"]),
        float(raw["confidence"]),
        float(raw["seconds"]),
        tuple(Mark(_point(one["position_mm"]), float(one["confidence"])) for one in raw.get("marks", ())),
    )


def _point(raw: Any) -> tuple[float, float, float]:
    x, y, z = (float(one) for one in raw)
    return x, y, z


def _once(kind: str, names: Any) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ReadingRefused(f"this {kind} is there twice", where=name)
        seen.add(name)


def _where(reading: Reading) -> str:
    return f"{reading.reader}, {reading.case}, {reading.condition}"


def _check_case(case: Case) -> None:
    if case.lesions is None:
        return
    if bool(case.lesions) != case.positive:
        raise ReadingRefused("positive cases have lesions and negative ones have none", where=case.case)
    for lesion in case.lesions:
        if not (all(map(math.isfinite, lesion.position_mm)) and 0 < lesion.radius_mm < math.inf):
            raise ReadingRefused("a lesion has a place and a radius above 0 mm", where=case.case)


def _check_reading(reading: Reading, known: tuple[set[str], set[str], set[str]]) -> None:
    named = (("reader", reading.reader), ("case", reading.case), ("condition", reading.condition))
    for (kind, name), names in zip(named, known, strict=True):
        if name not in names:
            raise ReadingRefused(f"no {kind} of this study", where=name)
    for confidence in (reading.confidence, *(one.confidence for one in reading.marks)):
        if not 0 <= confidence <= 100:
            raise ReadingRefused(f"a confidence is from 0 to 100, not {confidence}", where=_where(reading))
    if not 0 < reading.seconds < math.inf:
        raise ReadingRefused(f"a reading takes time, not {reading.seconds} s", where=_where(reading))
    if not all(math.isfinite(one) for mark in reading.marks for one in mark.position_mm):
        raise ReadingRefused("a mark without a place", where=_where(reading))
