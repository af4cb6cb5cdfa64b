"""Features as a table: by feature with their reliability, by patient, as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.schemas_features import FailedPatient, FeatureOut, FeaturePatient, StalePatient
from backend.cohorts.service.features import stale_rows
from backend.cohorts.tables import Cohort, Extraction, FeatureRow, FeatureSet
from backend.projects.deidentification import deidentifier
from backend.projects.tables import DeidentificationMode
from rt.radiomics import Settings, unit_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Tabulated:
    """A feature set with what was extracted."""

    rows: Sequence[FeatureRow]
    extracted: dict[str, Extraction]
    """By PatientID, of those who are done."""
    names: list[str]
    """Features, in the order of the engine."""


def tabulate(session: Session, set_id: str) -> Tabulated:
    """All that was extracted of a feature set."""
    rows = repository.feature_rows(session, set_id)
    by_id = repository.extractions(session, {one.extraction_id for one in rows if one.extraction_id})
    extracted = {one.patient_id: by_id[one.extraction_id] for one in rows if one.extraction_id in by_id}
    names = dict.fromkeys(name for one in extracted.values() for name in (*one.values, *one.undefined))
    return Tabulated(rows, extracted, list(names))


def counts(session: Session, row: FeatureSet) -> dict[str, int]:
    """How many patients there are, and in which state."""
    states = repository.states(session, row.id)
    return {
        "patients": sum(states.values()),
        "done": states.get("done", 0),
        "waiting": states.get("waiting", 0),
        "failed_count": states.get("failed", 0),
    }


def failed(session: Session, row: FeatureSet) -> list[FailedPatient]:
    """Patients without features, and why."""
    return [
        FailedPatient(patient_id=one.patient_id, slug=one.slug or "", detail=one.detail or "")
        for one in repository.feature_rows(session, row.id)
        if one.state == "failed"
    ]


def stale(session: Session, cohort: Cohort, row: FeatureSet) -> list[StalePatient]:
    """Patients whose features are not of what is there now."""
    shown = []
    found = [(one, (one.row.chosen if one.row else None) or {}) for one in stale_rows(session, cohort, row)]
    sets = sets_of(session, [chosen for _, chosen in found])
    for one, chosen in found:
        shown.append(
            StalePatient(
                patient_id=one.patient_id,
                reason=one.reason,
                structure_set_id=sets.get(chosen.get("structure_id", "")),
                structure_id=chosen.get("structure_id"),
                revision=chosen.get("revision"),
                head=one.head,
            )
        )
    return shown


def feature_list(row: FeatureSet, table: Tabulated) -> list[FeatureOut]:
    """Each feature with how reliable it is."""
    settings = Settings.from_json(row.settings)
    known = Counter(name for one in table.extracted.values() for name in one.values)
    shown = []
    for name in table.names:
        image, family, _ = name.split("_", 2)
        icc = {kind: by_name[name] for kind, by_name in row.icc.items() if name in by_name}
        said = {
            "name": name,
            "image": image,
            "family": family,
            "unit": unit_of(name, settings),
            "missing": len(table.extracted) - known[name],
            "icc": {kind: value for kind, (value, _, _) in icc.items()},
            "icc_interval": {kind: (low, high) for kind, (_, low, high) in icc.items()},
        }
        shown.append(FeatureOut.model_validate(said))
    return shown


def sets_of(session: Session, contours: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """{structure_id: structure_set_id} of contours that name their structure, as far as it is there."""
    return repository.sets_of(session, {one["structure_id"] for one in contours if one.get("structure_id")})


def feature_patients(session: Session, table: Tabulated, rows: Sequence[FeatureRow]) -> list[FeaturePatient]:
    """Some of the patients, with what their features are of."""
    shown = []
    sets = sets_of(session, [one.chosen or {} for one in rows])
    for one in rows:
        chosen, made = one.chosen or {}, table.extracted.get(one.patient_id)
        kept = {key: chosen.get(key) for key in ("study_id", "series_id", "structure_id", "revision")}
        kept["structure_set_id"] = sets.get(chosen.get("structure_id", ""))
        columns = {key: getattr(one, key) for key in ("patient_id", "state", "slug", "detail", "computed_at")}
        values = {"values": made.values if made else {}, "undefined": made.undefined if made else {}}
        shown.append(FeaturePatient.model_validate(kept | columns | values))
    return shown


def as_csv(session: Session, project_id: str, table: Tabulated) -> str:
    """The values as CSV, a row a patient who is done; a missing value is an empty cell.

    Where a project exports without names the patients are called by their pseudonyms.
    """
    pseudonymous = deidentifier(session, project_id, DeidentificationMode.EXPORT)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["patient_id", "structure_id", "revision", *table.names])
    for one in table.rows:
        made = table.extracted.get(one.patient_id)
        if made is None:
            continue
        patient = pseudonymous.patient(one.patient_id, "") if pseudonymous else one.patient_id
        chosen = one.chosen or {}
        cells = [made.values.get(name, "") for name in table.names]
        writer.writerow([as_text(patient), chosen.get("structure_id"), chosen.get("revision"), *cells])
    return written.getvalue()


def as_text(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
