"""Which dose of a treatment goes with an image: one of its frame of reference, else one brought to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.kit.storage import storage
from backend.studies.registrations import Link
from backend.studies.tables import Series
from rt.dicom.parse import read_stored
from rt.dicom.rtdose import dose_kind
from rt.geometry import Grid

TREATMENT_DOSES = ("MULTI_PLAN", "PLAN")
"""Dose Summation Types (PS3.3 C.8.8.3) of a whole treatment, a sum of plans first."""

Brings = Callable[[str, str, str, Grid], Link | None]
"""What brings a patient's (row id) first frame of reference to the second, where a grid lies."""


@dataclass(frozen=True)
class CaseDose:
    """A dose in gray of a whole treatment, beside an image."""

    series: Series
    link: Link | None = None
    """What brings it to the image's frame of reference; None where it is in it."""

    @property
    def described(self) -> dict[str, Any] | None:
        """What moved it, with our own names of the registrations; None where nothing did."""
        if self.link is None:
            return None
        return {
            "registrations": [one.id for one in self.link.registrations],
            "matrix": self.link.shown().matrix,
            "disagreement_mm": self.link.disagreement_mm,
        }


@dataclass(frozen=True)
class TreatmentDoses:
    """The doses of a project's patients by row id: each with its summation type."""

    of_patient: Mapping[str, Sequence[tuple[str, Series]]]
    brings: Brings

    def beside(self, image: Series, patient_row_id: str) -> tuple[CaseDose, ...]:
        """Those for an image: of a sum and its parts the sum; those of its own frame before those moved."""
        frame, grid = image.frame_of_reference_uid or "", Grid.from_json((image.volume or {})["grid"])
        own: list[tuple[str, CaseDose]] = []
        moved: list[tuple[str, CaseDose]] = []
        for kind, series in self.of_patient.get(patient_row_id, ()):
            place = series.frame_of_reference_uid or ""
            if place == frame:
                own.append((kind, CaseDose(series)))
            elif (link := self.brings(patient_row_id, place, frame, grid)) is not None:
                moved.append((kind, CaseDose(series, link)))
        found = own or moved
        best = next((kind for kind in TREATMENT_DOSES if any(kind == one for one, _ in found)), None)
        return tuple(dose for kind, dose in found if kind == best)


def whole_treatments(rows: Sequence[tuple[Series, str, str]]) -> dict[str, list[tuple[str, Series]]]:
    """Of dose series with patient and blob, those in gray of a whole treatment, by patient."""
    found: dict[str, list[tuple[str, Series]]] = {}
    for series, patient, sha256 in rows:
        kind = dose_kind(read_stored(storage().get(sha256), pixels=False))
        if kind.units == "GY" and kind.dose_type != "ERROR" and kind.summation in TREATMENT_DOSES:
            found.setdefault(patient, []).append((kind.summation, series))
    return found
