"""Doses and plans of a study, DVHs of revisions and score cards of structure sets.

A dose's voxels may have to be assembled first, so what measures opens transactions of its own and holds none
while it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.dose import repository
from backend.dose.errors import BadMetric, NoDose, NoDvh, NotADose, OtherFrame
from backend.dose.judging import Drawn, Measured, lines_of, unjudged
from backend.dose.schemas import (
    CurveOut,
    Delineation,
    DoseOut,
    DosesOut,
    DvhOut,
    DvhQuery,
    MeasuredStructure,
    MetricOut,
    PlanOut,
    PlansOut,
    ScoreCard,
    ScoreQuery,
)
from backend.dose.templates import protocol_of
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.labels.tables import Revision, StructureSet
from backend.projects.service import Permission
from backend.studies import service as studies
from backend.studies.registrations import Link, registered_doses
from backend.studies.schemas import RegistrationOut, WarningOut
from backend.studies.tables import Instance, Series, Study
from rt.dicom.parse import read_stored
from rt.dicom.rtdose import DoseKind, dose_kind
from rt.dicom.rtplan import Plan, read_plan
from rt.dose import Dose
from rt.dose_metrics import STANDARD, Metric, parse_metrics
from rt.dvh import Dvh, dvh_of_coverage, dvh_of_mask
from rt.errors import DoseError, DoseMetricError
from rt.geometry import Grid
from rt.nomenclature import standard_name

STEP_GY = 0.1
"""Between two points of a curve, where that is not more than MOST_POINTS."""
MOST_POINTS = 2000


@dataclass(frozen=True)
class _Asked:
    """A structure set and a dose that are looked at together."""

    grid: Grid
    dose: Series
    link: Link | None
    """What brings a dose of another frame of reference to the image's."""

    delineation: Delineation

    @property
    def registration(self) -> RegistrationOut | None:
        """As it is shown."""
        return RegistrationOut.model_validate(self.link.described()) if self.link else None

    def measured(self, revisions: Sequence[Revision], dose: Dose) -> Dvh:
        """The DVH of revisions as one volume; NoDvh where there is none."""
        try:
            if self.delineation == "contours" and len(revisions) == 1:
                return dvh_of_coverage(*labels.load_coverage(revisions[0], self.grid), dose)
            masks = [labels.load_mask(revision, self.grid) for revision in revisions]
            return dvh_of_mask(np.logical_or.reduce(masks), self.grid, dose)
        except DoseError as error:
            raise NoDvh(error.detail) from error


@dataclass(frozen=True)
class _Listed:
    """A dose that is shown over images of a study."""

    series: Series
    kind: DoseKind
    is_brought: bool
    """By a registration."""


def doses_of(session: Session, actor: Actor, study_id: str) -> DosesOut:
    """The dose distributions of a study, and what is known of them without their voxels."""
    study = studies.get_study(session, actor, study_id, Permission.READ)
    listed = _listed(session, study)
    uids = _plan_uids(listed)
    stored = repository.plans(session, study, uids)
    plans = {uid: _plan(row) for uid, row in stored.items() if uid in uids}
    return DosesOut(
        items=[
            _described(one.series, one.kind, plans.get(one.kind.plan_sop_instance_uid or ""))
            for one in listed
        ]
    )


def plans_of(session: Session, actor: Actor, study_id: str) -> PlansOut:
    """The plans of a study and of the doses shown over it, each with the doses that were computed for it."""
    study = studies.get_study(session, actor, study_id, Permission.READ)
    listed = _listed(session, study)
    found = [(row, _plan(row)) for row in repository.plans(session, study, _plan_uids(listed)).values()]
    names = repository.roi_names(session, study, {plan.structure_set_uid for _, plan in found})
    return PlansOut(
        items=[
            PlanOut(
                series_id=row.series_row_id,
                sop_instance_uid=row.sop_instance_uid,
                dose_series_ids=[
                    one.series.id for one in listed if one.kind.plan_sop_instance_uid == row.sop_instance_uid
                ],
                prescription_gy=plan.prescription_gy,
                roi_names=names.get(plan.structure_set_uid, {}),
                plan=plan,
            )
            for row, plan in found
        ]
    )


def _listed(session: Session, study: Study) -> list[_Listed]:
    """A study's doses before those that a registration brings; of each whole plans first, then the newest."""
    series = studies.series_of(session, study.id)
    brought = {one.series_id for one in registered_doses(session, study, series)}
    listed = [
        _Listed(one, _kind(instance), one.id in brought)
        for one, instance in repository.doses(session, study.id, brought)
    ]
    newest = sorted(listed, key=lambda one: one.kind.written, reverse=True)
    return sorted(newest, key=lambda one: (one.is_brought, one.kind.rank))


def _plan_uids(listed: Sequence[_Listed]) -> set[str]:
    return {one.kind.plan_sop_instance_uid for one in listed if one.kind.plan_sop_instance_uid}


def _kind(instance: Instance) -> DoseKind:
    return dose_kind(read_stored(storage().get(instance.sha256), pixels=False))


def _plan(instance: Instance) -> Plan:
    return read_plan(read_stored(storage().get(instance.sha256), pixels=False))


def _described(series: Series, kind: DoseKind, plan: Plan | None) -> DoseOut:
    volume = series.volume
    return DoseOut(
        series_id=series.id,
        description=series.description,
        units=kind.units,
        dose_type=kind.dose_type,
        summation=kind.summation,
        is_whole_plan=kind.is_whole_plan,
        max_gy=volume["window"]["high"] if volume else None,
        grid=volume["grid"] if volume else None,
        frame_of_reference_uid=series.frame_of_reference_uid,
        plan_label=plan.label if plan else None,
        prescription_gy=plan.prescription_gy if plan else None,
        warnings=[WarningOut.model_validate(warning) for warning in series.warnings],
    )


def dvh_of_revision(actor: Actor, structure_id: str, number: int, query: DvhQuery) -> DvhOut:
    """The DVH of one revision of a structure in a dose, with the values asked for."""
    wanted = _metrics(query.metrics)
    with session_scope(read_only=True) as session:
        structure, scope = labels.open_structure(session, actor, structure_id, Permission.READ)
        revision = labels.get_revision(session, structure.id, number)
        asked = _asked(session, actor, scope.structure_set, query)
    dvh = asked.measured([revision], load_dose(asked.dose, asked.link))
    doses, percent = dvh.cumulative(max(STEP_GY, float(dvh.edges_gy[-1]) / MOST_POINTS))
    return DvhOut(
        structure=MeasuredStructure(id=structure.id, name=structure.name, colour=structure.colour),
        revision=number,
        dose_series_id=query.dose_series_id,
        registration=asked.registration,
        volume_cc=dvh.volume_cc,
        outside_fraction=dvh.outside_fraction,
        mean_gy=dvh.mean_gy,
        min_gy=dvh.min_gy,
        max_gy=dvh.max_gy,
        curve=CurveOut(dose_gy=doses.round(6).tolist(), volume_percent=percent.round(4).tolist()),
        values=[MetricOut(metric=m.text, value=m.of(dvh), unit=m.unit) for m in wanted],
    )


def score_card(actor: Actor, set_id: str, query: ScoreQuery) -> ScoreCard:
    """A protocol's objectives for the newest revisions of a structure set."""
    with session_scope(read_only=True) as session:
        scope = labels.open_set(session, actor, set_id, Permission.READ)
        protocol = protocol_of(query.protocol)
        asked = _asked(session, actor, scope.structure_set, query)
        kind = _kind(repository.instance_of(session, query.dose_series_id))
        drawn = [
            (structure, head)
            for structure, head in repository.drawn(session, set_id)
            if head.slices and not labels.is_unknown(structure, head)
        ]
    by_name: dict[str, list[Measured]] = {}
    wanted = {name for one in protocol.objectives for name in (*one.structures, one.whole)}
    dose = load_dose(asked.dose, asked.link)
    for structure, head in drawn:
        name = standard_name(structure.name, structure.original_name)
        if name is not None and name in wanted:
            found = Measured(structure, head, _measured_or_none([head], asked, dose))
            by_name.setdefault(name, []).append(found)
    measured = Drawn(by_name, lambda ones: _measured_or_none([one.head for one in ones], asked, dose))
    lines = [line for objective in protocol.objectives for line in lines_of(objective, measured)]
    return ScoreCard(
        structure_set_id=set_id,
        dose_series_id=query.dose_series_id,
        registration=asked.registration,
        summation=kind.summation,
        protocol=query.protocol,
        items=lines if kind.is_whole_plan else [unjudged(line) for line in lines],
    )


def _metrics(text: str | None) -> tuple[Metric, ...]:
    try:
        return parse_metrics(",".join(STANDARD) if text is None else text)
    except DoseMetricError as error:
        raise BadMetric(error.detail, field="metrics") from error


def _asked(session: Session, actor: Actor, owner: StructureSet, query: DvhQuery | ScoreQuery) -> _Asked:
    """The set's grid and the dose, when they are of one patient and in one frame of reference, or linked."""
    dose = studies.get_series(session, actor, query.dose_series_id, Permission.READ)
    image = repository.series(session, owner.series_row_id)
    return _Asked(labels.grid_of(image), dose, check_dose(session, image, dose), query.delineation)


def check_dose(session: Session, image: Series, dose: Series) -> Link | None:
    """What brings a dose into the image's frame of reference; None where it is in it.

    NotADose when it is none of the image's patient, OtherFrame when nothing links the frames.
    """
    if dose.modality != "RTDOSE":
        raise NotADose(f"the series is {dose.modality}, not RTDOSE", field="dose_series_id")
    patients = {repository.study(session, series.study_row_id).patient_row_id for series in (dose, image)}
    if len(patients) > 1:
        raise NotADose("the dose is another patient's", field="dose_series_id")
    grid, patient = labels.grid_of(image), patients.pop()
    frames = (image.frame_of_reference_uid or "", dose.frame_of_reference_uid or "")
    if frames[0] and frames[0] == frames[1]:
        return None
    link = studies.registration_between(session, patient, (frames[1], frames[0]), grid)
    if link is None:
        raise OtherFrame(
            "the dose's frame of reference is not the image's, and no registration links them",
            image_frame_of_reference_uid=frames[0] or None, dose_frame_of_reference_uid=frames[1] or None,
        )  # fmt: skip
    return link


def dose_over(session: Session, image: Series) -> tuple[Series, Link | None]:
    """The newest dose of a whole plan on an image, and what brings it there; NoDose where there is none."""
    for one in _listed(session, repository.study(session, image.study_row_id)):
        if one.kind.is_whole_plan:
            try:
                return one.series, check_dose(session, image, one.series)
            except OtherFrame:
                continue
    raise NoDose("no dose of a whole plan is on these images")


def load_dose(series: Series, link: Link | None = None) -> Dose:
    """The distribution in Gy where the link brings it, assembled if it was not; NoVolume or NoDvh of none."""
    series = studies.with_volume(series)
    voxels, grid = studies.load_volume(series)
    if link is not None:
        grid = link.transform.grid(grid)
    try:
        return Dose(voxels.astype("f4", copy=False), grid)
    except DoseError as error:
        raise NoDvh(error.detail) from error


def _measured_or_none(revisions: Sequence[Revision], asked: _Asked, dose: Dose) -> Dvh | None:
    """The DVH, or None where all of it lies outside the dose."""
    try:
        return asked.measured(revisions, dose)
    except NoDvh:
        return None
