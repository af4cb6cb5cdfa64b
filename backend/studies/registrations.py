"""Registrations of a patient: read once from what came in, and looked up between two frames of reference.

Frames of reference are a patient's, so a registration counts in all of the patient's studies.  Of several
that link the same two frames the one with the newest content date counts, whatever the order they came in;
how far another one disagrees with it is said with it.  Anything shown by a registration says which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.jobs.service import announce
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.studies.findings import called, replace_warnings
from backend.studies.schemas import RegisteredDose, RegistrationOut
from backend.studies.tables import Instance, Registration, Series, Study
from rt.dicom.kinds import REGISTRATIONS
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.dicom.registration import SpatialRegistration, read_registration
from rt.dicom.series import GeometryFinding
from rt.errors import RtError
from rt.geometry import Grid
from rt.registration import RigidTransform

IMAGES = frozenset({"CT", "MR", "PT"})
DISAGREEMENT_MM = 0.5
"""Apart by less than this anywhere in the image, two registrations say the same."""
UNREGISTERED = "dose-without-registration"


@dataclass(frozen=True)
class Link:
    """How points of one frame of reference come into another, and by which registration."""

    registration: Registration
    source: str
    transform: RigidTransform
    disagreement_mm: float | None
    """Of an older registration of the same frames, where it is more than DISAGREEMENT_MM."""

    def described(self) -> dict[str, Any]:
        """As it is kept with what was moved by it."""
        return RegistrationOut(
            sop_instance_uid=self.registration.sop_instance_uid,
            label=self.registration.label,
            content_date=self.registration.content_date,
            frame_of_reference_uid=self.source,
            matrix=[float(v) for v in self.transform.matrix.ravel()],
            disagreement_mm=self.disagreement_mm,
        ).model_dump()


def unread(study_id: str) -> Iterator[tuple[Instance, SpatialRegistration]]:
    """The registrations of a study that were not kept yet, read."""
    read = select(Registration.instance_row_id)
    with session_scope(read_only=True) as session:
        statement = select(Instance).join(Series, Series.id == Instance.series_row_id)
        statement = statement.where(Series.study_row_id == study_id, Instance.id.not_in(read))
        new = session.scalars(statement.where(Instance.sop_class_uid.in_(REGISTRATIONS))).all()
    for instance in new:
        yield instance, _content(instance)


def _content(instance: Instance) -> SpatialRegistration:
    try:
        return read_registration(read_stored(storage().get(instance.sha256), pixels=False))
    except (RtError, *PARSER_FAILURES) as error:
        detail = f"it cannot be read ({type(error).__name__})"
        finding = GeometryFinding("registration-incomplete", detail, "warning")
        return SpatialRegistration(instance.sop_instance_uid, "", "", "", "", {}, (finding,))


def keep(session: Session, study: Study, instance: Instance, content: SpatialRegistration) -> None:
    """Keep what links frames of reference, and say on the series what of it is not applied.

    IntegrityError when another process was quicker.
    """
    session.add(
        Registration(
            study_row_id=study.id,
            instance_row_id=instance.id,
            sop_instance_uid=instance.sop_instance_uid,
            frame_of_reference_uid=content.frame_of_reference_uid,
            label=content.label,
            content_date=content.content_date,
            content_time=content.content_time,
            transforms={uid: moved.matrix.ravel().tolist() for uid, moved in content.transforms.items()},
        )
    )
    session.flush()
    series = session.get_one(Series, instance.series_row_id, with_for_update=True)
    name = called(series.modality, series.description, content.label)
    told = [{**asdict(finding), "values": {"name": name}} for finding in content.findings]
    replace_warnings(series, instance.id, told)
    announce(session, "study", study.id, study.project_id)


def of_patient(session: Session, patient_row_id: str) -> Sequence[Registration]:
    """The registrations of a patient, the newest by content first."""
    statement = select(Registration).join(Study, Study.id == Registration.study_row_id)
    found = session.scalars(statement.where(Study.patient_row_id == patient_row_id)).all()
    return sorted(found, key=_newness, reverse=True)


def _newness(one: Registration) -> tuple[str, str, str]:
    return one.content_date, one.content_time, one.sop_instance_uid


def link(known: Sequence[Registration], source: str, target: str, grid: Grid) -> Link | None:
    """The newest registration that takes points of one frame into another, whichever way it was written.

    `grid` is of an image in the target's frame: there it is measured whether older ones disagree.
    """
    found = [(one, moved) for one in known if (moved := _between(one, source, target)) is not None]
    if not found or not source or not target:
        return None
    (newest, transform), *older = found
    apart = max((transform.disagreement_mm(other, grid) for _, other in older), default=0.0)
    return Link(newest, source, transform, round(apart, 1) if apart > DISAGREEMENT_MM else None)


def _between(one: Registration, source: str, target: str) -> RigidTransform | None:
    """Both frames lie in the registered one, so that either can be gone to from the other."""
    into = {uid: RigidTransform.from_matrix(values) for uid, values in one.transforms.items()}
    into[one.frame_of_reference_uid] = RigidTransform.identity()
    if source not in into or target not in into:
        return None
    return into[target].inverse().after(into[source])


def image_grids(series: Collection[Series]) -> dict[str, Grid]:
    """A grid of an image in each frame of reference; of several the CT's."""
    images = sorted(
        (s for s in series if s.volume and s.modality in IMAGES), key=lambda s: s.modality != "CT"
    )
    grids: dict[str, Grid] = {}
    for one in images:
        if one.volume and one.volume["frame_of_reference_uid"]:
            grids.setdefault(one.volume["frame_of_reference_uid"], Grid.from_json(one.volume["grid"]))
    return grids


def registered_doses(session: Session, study: Study, series: Collection[Series]) -> list[RegisteredDose]:
    """Doses of the patient in other frames of reference than this study's images, where these see them."""
    known = of_patient(session, study.patient_row_id)
    if not known:
        return []
    statement = select(Series).join(Study, Study.id == Series.study_row_id)
    statement = statement.where(Study.patient_row_id == study.patient_row_id, Series.modality == "RTDOSE")
    doses = session.scalars(statement.order_by(Series.number, Series.id)).all()
    found = []
    for frame, grid in image_grids(series).items():
        for dose in doses:
            own = dose.frame_of_reference_uid or ""
            joined = link(known, own, frame, grid) if dose.volume and own != frame else None
            if joined is not None and dose.volume:
                found.append(_registered(dose, dose.volume, frame, joined))
    return found


def _registered(dose: Series, volume: dict[str, Any], frame: str, joined: Link) -> RegisteredDose:
    moved = joined.transform.grid(Grid.from_json(volume["grid"])).to_json()
    return RegisteredDose.model_validate(
        {
            "series_id": dose.id,
            "modality": dose.modality,
            "number": dose.number,
            "description": dose.description,
            "volume": {**volume, "grid": moved, "frame_of_reference_uid": frame},
            "registration": joined.described(),
        }
    )


def warn_of_unregistered(session: Session, patient_row_id: str) -> None:
    """Say on each dose of a patient whether images of its study are in its frame, or linked to it."""
    statement = select(Series, Study).join(Study, Study.id == Series.study_row_id)
    rows = session.execute(statement.where(Study.patient_row_id == patient_row_id)).all()
    known = of_patient(session, patient_row_id)
    for dose, study in rows:
        if dose.modality != "RTDOSE" or dose.volume is None:
            continue
        grids = image_grids([one for one, its in rows if its.id == study.id])
        own = dose.frame_of_reference_uid or ""
        seen = own in grids or any(link(known, own, frame, grid) for frame, grid in grids.items())
        finding = GeometryFinding(
            UNREGISTERED, "its frame of reference is that of no image here, and nothing links them", "warning"
        )
        others = [w for w in dose.warnings if w["slug"] != UNREGISTERED]
        warnings = [*others, asdict(finding)] if grids and not seen else others
        if warnings != dose.warnings:
            dose.warnings = warnings
            announce(session, "study", study.id, study.project_id)
