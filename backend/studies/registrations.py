"""Registrations of a patient: read once from what came in, and looked up between two frames of reference.

Frames of reference are a patient's, so a registration counts in all of the patient's studies.  Of several
that link the same two frames the one with the newest content date counts, whatever the order they came in;
where none does, the shortest chain of several is followed.  How far others disagree is said with it.
Anything shown by registrations says which.
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
from backend.studies.schemas import RegisteredDose, RegistrationOut, RegistrationRef
from backend.studies.tables import Instance, Registration, Series, Study
from rt.dicom.kinds import REGISTRATIONS
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.dicom.registration import NamedImages, SpatialRegistration, named_images, read_registration
from rt.dicom.series import GeometryFinding
from rt.errors import RtError
from rt.geometry import Grid
from rt.registration import RigidTransform
from rt.registration_chain import find_chain

IMAGES = frozenset({"CT", "MR", "PT"})
DISAGREEMENT_MM = 0.5
"""Apart by less than this anywhere in the image, two registrations say the same."""
QUERIED = 500
"""UIDs that are asked for at once."""
UNREGISTERED = "dose-without-registration"


@dataclass(frozen=True)
class Link:
    """How points of one frame of reference come into another, and by which registrations."""

    registrations: tuple[Registration, ...]
    """In the order in which they are applied; one, unless it is a chain."""
    source: str
    transform: RigidTransform
    disagreement_mm: float | None
    """Of other registrations of the same frames, where it is more than DISAGREEMENT_MM."""

    def shown(self) -> RegistrationOut:
        """As it is told."""
        first, *further = (
            RegistrationRef(
                sop_instance_uid=one.sop_instance_uid, label=one.label, content_date=one.content_date
            )
            for one in self.registrations
        )
        return RegistrationOut(
            **first.model_dump(),
            further=further,
            frame_of_reference_uid=self.source,
            matrix=[float(v) for v in self.transform.matrix.ravel()],
            disagreement_mm=self.disagreement_mm,
        )

    def described(self) -> dict[str, Any]:
        """As it is kept with what was moved by it."""
        return self.shown().model_dump()

    def moved(self, kept: dict[str, Any] | None) -> bool:
        """Whether what is kept with something says that it was moved by this."""
        return kept is not None and RegistrationOut.model_validate(kept) == self.shown()


def unread(study_id: str) -> Iterator[tuple[Instance, SpatialRegistration]]:
    """The registrations of a study that were not kept yet, and of its patient those that wait for images."""
    waiting = select(Registration.instance_row_id).where(Registration.images_missing)
    with session_scope(read_only=True) as session:
        study = session.get(Study, study_id)
        if study is None:
            return
        theirs = select(Instance).join(Series, Series.id == Instance.series_row_id)
        theirs = theirs.join(Study, Study.id == Series.study_row_id)
        theirs = theirs.where(Study.patient_row_id == study.patient_row_id)
        theirs = theirs.where(Instance.sop_class_uid.in_(REGISTRATIONS))
        new = (Series.study_row_id == study_id) & Instance.id.not_in(select(Registration.instance_row_id))
        found = session.scalars(theirs.where(new | Instance.id.in_(waiting))).all()
    for instance in found:
        yield instance, _content(instance, study.patient_row_id)


def _content(instance: Instance, patient_row_id: str) -> SpatialRegistration:
    try:
        dataset = read_stored(storage().get(instance.sha256), pixels=False)
        return read_registration(dataset, _frames_of(patient_row_id, named_images(dataset)))
    except (RtError, *PARSER_FAILURES) as error:
        detail = f"it cannot be read ({type(error).__name__})"
        finding = GeometryFinding("registration-incomplete", detail, "warning")
        return SpatialRegistration(instance.sop_instance_uid, "", "", "", "", {}, False, (finding,))


def _frames_of(patient_row_id: str, named: NamedImages) -> dict[str, str]:
    """The frames of reference of a patient's images and series by their UIDs; empty where they have none."""
    known: dict[str, str] = {}
    theirs = select(Instance.sop_instance_uid, Series.series_instance_uid, Series.frame_of_reference_uid)
    theirs = theirs.join(Series, Series.id == Instance.series_row_id)
    theirs = theirs.join(Study, Study.id == Series.study_row_id)
    theirs = theirs.where(Study.patient_row_id == patient_row_id, Series.modality.in_(IMAGES))
    columns = {
        Instance.sop_instance_uid: named.sop_instance_uids,
        Series.series_instance_uid: named.series_instance_uids,
    }
    with session_scope(read_only=True) as session:
        for column, uids in columns.items():
            asked = sorted(uids)
            for first in range(0, len(asked), QUERIED):
                wanted = theirs.where(column.in_(asked[first : first + QUERIED]))
                for image, series, frame in session.execute(wanted):
                    known[image] = known[series] = frame or ""
    return known


def keep(session: Session, study: Study, instance: Instance, content: SpatialRegistration) -> bool:
    """Keep what links frames of reference, and say on the series what of it is not applied.

    False where it was kept like this before.  IntegrityError when another process was quicker.
    """
    statement = select(Registration).where(Registration.instance_row_id == instance.id)
    row = session.scalars(statement.with_for_update()).one_or_none()
    transforms = {uid: moved.matrix.ravel().tolist() for uid, moved in content.transforms.items()}
    series = session.get_one(Series, instance.series_row_id, with_for_update=True)
    told = _told(series, content)
    if row is not None and (row.transforms, row.images_missing) == (transforms, content.images_missing):
        return False
    if row is None:
        row = Registration(study_row_id=study.id, instance_row_id=instance.id)
        session.add(row)
    row.sop_instance_uid = instance.sop_instance_uid
    row.frame_of_reference_uid = content.frame_of_reference_uid
    row.label = content.label
    row.content_date, row.content_time = content.content_date, content.content_time
    row.transforms, row.images_missing = transforms, content.images_missing
    session.flush()
    replace_warnings(series, instance.id, told)
    announce(session, "study", study.id, study.project_id)
    return True


def _told(series: Series, content: SpatialRegistration) -> list[dict[str, Any]]:
    """What is said on the series of what is not applied."""
    name = called(series.modality, series.description, content.label)
    return [{**asdict(finding), "values": {"name": name}} for finding in content.findings]


def of_patient(session: Session, patient_row_id: str) -> Sequence[Registration]:
    """The registrations of a patient, the newest by content first."""
    statement = select(Registration).join(Study, Study.id == Registration.study_row_id)
    found = session.scalars(statement.where(Study.patient_row_id == patient_row_id)).all()
    return sorted(found, key=_newness, reverse=True)


def _newness(one: Registration) -> tuple[str, str, str]:
    return one.content_date, one.content_time, one.sop_instance_uid


def link(known: Sequence[Registration], source: str, target: str, grid: Grid) -> Link | None:
    """What takes points of one frame into another, of registrations given newest first.

    `grid` is of an image in the target's frame: there it is measured whether other registrations disagree.
    """
    named = [one for one in known if one.transforms]
    chain = find_chain([_linked(one) for one in named], source, target)
    if chain is None:
        return None
    apart = max((chain.transform.disagreement_mm(other, grid) for other in chain.others), default=0.0)
    return Link(
        tuple(named[step.number] for step in chain.steps),
        source,
        chain.transform,
        round(apart, 1) if apart > DISAGREEMENT_MM else None,
    )


def _linked(one: Registration) -> dict[str, RigidTransform]:
    """The frames that a registration names, each with what takes it into the registered one."""
    into = {uid: RigidTransform.from_matrix(values) for uid, values in one.transforms.items()}
    return into | {one.frame_of_reference_uid: RigidTransform.identity()}


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
