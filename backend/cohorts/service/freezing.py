"""A cohort as analyses get it: `rt.cohort.CohortTable`, with where each column comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.errors import EmptyCohort
from backend.cohorts.service.cohorts import source_of
from backend.cohorts.service.members import load_members
from backend.cohorts.service.tabulating import Tabulated, tabulate
from backend.cohorts.tables import CohortColumn, CohortEndpoint, CohortTable, FeatureSet
from backend.kit.errors import NotFound
from rt.cohort import CohortTable as Frozen
from rt.cohort import Column, Endpoint
from rt.radiomics import Settings, unit_of


def frozen(
    session: Session,
    cohort_id: str,
    feature_set_ids: Sequence[str] = (),
    least_icc: Mapping[str, float] | None = None,
) -> Frozen:
    """The patients that the filter leaves, with all that is known of them; the caller asks who may.

    Features are called as the engine calls them, with `NAME/` of their set before it where there are several
    sets.  `least_icc` keeps only features whose ICC of each of these kinds (`perturbation`, `ai`, `readers`)
    is known and at least so high.  A feature that none of the patients has is left out.

    Before the split is fixed everybody trains, since nobody is kept apart.  EmptyCohort where nobody is left,
    NotFound where there is no such cohort or feature set of it.
    """
    cohort = repository.cohort(session, cohort_id)
    if cohort is None:
        raise NotFound("there is no such cohort")
    members = load_members(session, cohort)
    patients = members.included()
    if not patients:
        raise EmptyCohort("the cohort has no patients, or its filter leaves none")
    ids = [one.patient_id for one in patients]
    files = {one.id: one for one in repository.tables(session, cohort_id)}
    wanted = _Wanted(least_icc or {}, named=len(feature_set_ids) > 1)
    features = [
        column
        for set_id in feature_set_ids
        for column in _features(
            _feature_set(session, cohort_id, set_id), tabulate(session, set_id), ids, wanted
        )
    ]
    return Frozen(
        patients=tuple(ids),
        roles=tuple("test" if one.role == "test" else "train" for one in patients),
        clinical=tuple(_column(one, files[one.table_id], ids) for one in members.columns),
        features=tuple(features),
        endpoints=tuple(_endpoint(one, files[one.table_id], ids) for one in members.endpoints),
    )


@dataclass(frozen=True)
class _Wanted:
    """Which features are kept, and whether they carry the name of their set."""

    least_icc: Mapping[str, float]
    named: bool


def _feature_set(session: Session, cohort_id: str, set_id: str) -> FeatureSet:
    owner = session.get(FeatureSet, set_id)
    if owner is None or owner.cohort_id != cohort_id:
        raise NotFound("there is no such feature set")
    return owner


def _features(owner: FeatureSet, table: Tabulated, ids: Sequence[str], wanted: _Wanted) -> list[Column]:
    prefix = f"{owner.name}/" if wanted.named else ""
    columns = []
    for name in table.names:
        column = _feature(owner, table, name, ids)
        if _is_kept(owner, name, wanted.least_icc) and any(one is not None for one in column.values):
            columns.append(replace(column, name=prefix + name))
    return columns


def _feature(owner: FeatureSet, table: Tabulated, name: str, ids: Sequence[str]) -> Column:
    made = [table.extracted.get(patient) for patient in ids]
    source: dict[str, Any] = {
        "feature_set": owner.id,
        "name": owner.name,
        "feature": name,
        "structure": owner.structure,
        "modality": owner.modality,
        "settings": owner.settings_digest,
        "engine": owner.engine,
        "icc": {kind: by_name[name][0] for kind, by_name in owner.icc.items() if name in by_name},
    }
    values = tuple(one.values.get(name) if one else None for one in made)
    return Column(name, "number", values, unit_of(name, Settings.from_json(owner.settings)), source)


def _is_kept(owner: FeatureSet, name: str, least_icc: Mapping[str, float]) -> bool:
    known = {kind: by_name[name][0] for kind, by_name in owner.icc.items() if name in by_name}
    return all(kind in known and known[kind] >= least for kind, least in least_icc.items())


def _column(one: CohortColumn, file: CohortTable, ids: list[str]) -> Column:
    values = tuple(one.values.get(patient) for patient in ids)
    source = source_of(file, [one.header]).model_dump(mode="json")
    return Column(one.name, one.kind, values, one.unit, source)  # type: ignore[arg-type]


def _endpoint(one: CohortEndpoint, file: CohortTable, ids: list[str]) -> Endpoint:
    timed = one.kind == "survival"
    return Endpoint(
        one.name,
        one.kind,  # type: ignore[arg-type]
        tuple(one.events.get(patient) for patient in ids),
        tuple(one.times.get(patient) for patient in ids) if timed else (),
        one.unit,
        source_of(file, list(one.headers.values())).model_dump(mode="json"),
    )
