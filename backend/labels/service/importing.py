"""Structure sets that came as RTSTRUCT or SEG: read whole or refused whole.

`read_structures` reads and stores masks without a transaction; `take_in` writes all rows in one.
What cannot be taken becomes a warning on the series that it came in, where the worklist shows it.
What registrations bring to other images (`moving`) is read beside it, then or later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset
from sqlalchemy.orm import Session

from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.labels import repository
from backend.labels.service import segmentations
from backend.labels.service.incoming import (
    NOT_DRAWN_ON,
    ImagesMissing,
    Incoming,
    IncomingSet,
    Reading,
    Source,
    about,
    clean,
    doubted,
    in_frame,
    kind_of,
    names,
    original_name,
    stored,
)
from backend.labels.service.moving import (
    KEPT_FOR_PEOPLE,
    Move,
    draw_again,
    elsewhere,
    fill,
    frames_of,
    left_out,
    moved_points,
    moves,
    place_of,
    rois_of,
    store_contours,
    warnings_of,
)
from backend.labels.service.revisions import NewRevision, append_revision
from backend.labels.service.sets import NewStructure, add_set, add_structure, free_label, grid_of
from backend.labels.tables import StructureSet
from backend.studies.findings import add_refusal, as_warnings, called, replace_moved, replace_warnings
from backend.studies.schemas import RegistrationOut
from backend.studies.tables import Series, Study
from rt.contours import ContourWarning
from rt.dicom.rtstruct import (
    Roi,
    StructureSetContent,
    check_reference,
    fill_contours,
    read_rtstruct,
    select_frame,
    select_series,
)
from rt.errors import DicomReferenceError
from rt.geometry import Grid
from rt.laterality import placed
from rt.masks import Mask


def find_source(session: Session, instance_id: str) -> Source | None:
    """The instance to read; None when it is gone, or was read before and no registration can bring more."""
    instance = repository.instance(session, instance_id)
    if instance is None:
        return None
    made = repository.sets_from_instance(session, instance_id)
    series = repository.series(session, instance.series_row_id)
    study = session.get_one(Study, series.study_row_id)
    where = elsewhere(session, study, made)
    is_read = any(one.registration is None for one in made)
    if is_read and not where.registrations:
        return None
    candidates = [s for s in repository.series_of_study(session, study.id) if s.volume is not None]
    patient = repository.patient(session, study.patient_row_id)
    return Source(instance, patient.patient_id, tuple(candidates), is_read, where)


def read_structures(source: Source, dataset: Dataset) -> Reading:
    """The structures of an RTSTRUCT or SEG, their masks already stored.

    Raises
    ------
    RtError
        When it belongs to another patient, series or frame of reference, or is broken.
    """
    if str(dataset.get("Modality", "")) == "RTSTRUCT":
        content = read_rtstruct(dataset)
        due = moves(frames_of(content), source.elsewhere)
        left = left_out(content, source.candidates, source.elsewhere, due)
        moved = Reading(tuple(_brought(content, move) for move in due), content.warnings, left)
        return _together(source, moved, lambda: _read_on_images(source, content))
    moved = segmentations.read_moved(source, dataset)
    return _together(source, moved, lambda: segmentations.read_on_images(source, dataset))


def _together(source: Source, moved: Reading, read: Callable[[], Reading]) -> Reading:
    """The sets on its own images, unless they were read, and those that registrations bring to others."""
    if source.is_read:
        return Reading(moved.sets, None, moved.left_out)
    try:
        own = read()
    except ImagesMissing:
        if not moved.sets and not source.elsewhere.made:
            raise
        return Reading(moved.sets, moved.warnings if moved.sets else None)
    return Reading((*own.sets, *moved.sets), own.warnings, moved.left_out)


def _brought(content: StructureSetContent, move: Move) -> IncomingSet:
    """The structures of one frame of reference on a CT of another."""
    warnings, structures, grid = warnings_of(move), [], grid_of(move.series)
    rois = rois_of(content, move)
    for roi, name in zip(rois, names([roi.name for roi in rois]), strict=True):
        filled = fill(roi, move, grid)
        drawn = _drawn_roi(roi, name, grid, filled.mask_kji if roi.contours else None)
        structures.append(replace(drawn, contours_sha256=store_contours(moved_points(roi, move))))
        warnings += about(clean(roi.name), filled.warnings)
    label = f"{(clean(content.label) or 'RTSTRUCT')[:58]} (REG)"
    return IncomingSet(move.series, label, doubted(structures), move.link.described(), tuple(warnings))


def _read_on_images(source: Source, content: StructureSetContent) -> Reading:
    sets: list[IncomingSet] = []
    warnings = list(content.warnings)
    for series in _drawn_on(content, source.candidates):
        part = select_series(content, series.series_instance_uid)
        warnings += _check(part, content, series, source.patient_id)
        part = select_frame(part, (series.volume or {})["frame_of_reference_uid"])
        _check_images(part, series, source.candidates)
        structures: list[Incoming] = []
        for roi, name in zip(part.rois, names([roi.name for roi in part.rois]), strict=True):
            incoming, found = _of_roi(roi, name, grid_of(series))
            structures.append(incoming)
            warnings += about(clean(roi.name), found)
        sets.append(IncomingSet(series, clean(content.label) or "RTSTRUCT", doubted(structures)))
    return Reading(tuple(sets), tuple(warnings))


def _check(
    part: StructureSetContent, whole: StructureSetContent, series: Series, patient_id: str
) -> tuple[ContourWarning, ...]:
    volume = series.volume or {}
    content = part if len(whole.referenced_series) > 1 else whole
    return check_reference(
        content,
        patient_id,
        volume["frame_of_reference_uid"],
        series.series_instance_uid,
        volume["sop_instance_uids"] or (),
    )


def _check_images(part: StructureSetContent, series: Series, candidates: Sequence[Series]) -> None:
    """DicomReferenceError when contours name images of a series of the study that the set does not name."""
    named = {reference.series_instance_uid for reference in part.referenced_series}
    if not named:
        return
    for other in candidates:
        if other.id == series.id or other.series_instance_uid in named or other.volume is None:
            continue
        strays = part.referenced_sop_instance_uids & set(other.volume["sop_instance_uids"] or ())
        if strays:
            raise DicomReferenceError(
                f"contours refer to image {min(strays)} of series {other.series_instance_uid},"
                f" the structure set to series {series.series_instance_uid}"
            )


def _drawn_on(content: StructureSetContent, candidates: Sequence[Series]) -> list[Series]:
    """The series that it refers to; without references those of its images or frame of reference."""
    named = {reference.series_instance_uid for reference in content.referenced_series}
    if named:
        found = [s for s in candidates if s.series_instance_uid in named]
    else:
        images = content.referenced_sop_instance_uids
        found = [s for s in candidates if s.volume and images & set(s.volume["sop_instance_uids"] or ())]
        found = found or in_frame(content.frame_of_reference_uid, candidates)
    if not found:
        raise ImagesMissing(NOT_DRAWN_ON)
    return found


def _of_roi(roi: Roi, name: str, grid: Grid) -> tuple[Incoming, tuple[ContourWarning, ...]]:
    if not roi.contours:
        return _drawn_roi(roi, name, grid, None), ()
    filled = fill_contours(roi.contours, grid)
    drawn = _drawn_roi(roi, name, grid, filled.mask_kji)
    return replace(drawn, contours_sha256=store_contours(roi.contours)), filled.warnings


def _drawn_roi(roi: Roi, name: str, grid: Grid, mask: Mask | None) -> Incoming:
    """A structure with its mask, and without the points that it came in with."""
    original = original_name(roi.name, roi.description)
    new = NewStructure(name, roi.colour, kind_of(roi.kind, name), original, roi.number)
    if mask is None:
        return Incoming(new, None, None)
    return Incoming(new, stored(mask, grid), None, placed(name, original, mask, grid))


def take_in(session: Session, instance_id: str, reading: Reading) -> list[StructureSet]:
    """Write what was read as structure sets, all or nothing; what another worker was quicker with stays."""
    instance = repository.instance(session, instance_id)
    if instance is None or not reading.sets:
        return []
    source = repository.lock_series(session, instance.series_row_id)
    known = repository.sets_from_instance(session, instance_id)
    present = {place_of(one.series_row_id, one.registration): one for one in known}
    name = called(source.modality, source.description, reading.sets[0].label)
    made = []
    if reading.warnings is not None:
        replace_warnings(source, instance_id, as_warnings(reading.warnings, name))
    replace_warnings(source, f"{instance_id} left out", as_warnings(reading.left_out, name))
    for incoming in reading.sets:
        place, warnings = place_of(incoming.series.id, incoming.registration), list(incoming.warnings)
        owner = present.get(place)
        if owner is None:
            made.append(_take_in_set(session, instance_id, incoming))
        elif incoming.registration is not None and owner.registration != incoming.registration:
            drawn = [(one.new.number or 0, new) for one in incoming.structures if (new := _revision(one))]
            if draw_again(session, owner, incoming.registration, dict(drawn)):
                made.append(owner)
            else:
                warnings = [ContourWarning("registration-changed", KEPT_FOR_PEOPLE)]
        if incoming.registration is not None:
            replace_moved(source, instance_id, incoming.series.id, as_warnings(warnings, name))
    return made


def _revision(one: Incoming) -> NewRevision | None:
    """The first revision of a structure; None when nothing was drawn."""
    if one.mask is None:
        return None
    return NewRevision(
        one.mask, 0, reason="imported", tool="import", contours_sha256=one.contours_sha256,
        plausibility=list(one.doubts),
    )  # fmt: skip


def _take_in_set(session: Session, instance_id: str, incoming: IncomingSet) -> StructureSet:
    label = free_label(session, incoming.series, incoming.label)
    owner = add_set(session, incoming.series, label, "import", instance_id)
    if incoming.registration is not None:
        owner.registration = incoming.registration
    study = session.get_one(Study, owner.study_row_id)
    for one in incoming.structures:
        structure = add_structure(session, owner, one.new)
        new = _revision(one)
        if new is not None:
            append_revision(session, structure, new)
    by = incoming.registration and {
        "registration": RegistrationOut.model_validate(incoming.registration).uids
    }
    audit.record(
        session, None, "labels.set.imported", "structure-set", owner.id,
        project_id=study.project_id, changes={"structures": len(incoming.structures), **(by or {})},
    )  # fmt: skip
    jobs.announce(session, "structure-set", owner.id, study.project_id)
    return owner


def refuse(session: Session, instance_id: str, slug: str, detail: str) -> None:
    """Keep on the series, for the worklist, why its structure set was not taken in."""
    instance = repository.instance(session, instance_id)
    if instance is None:
        return
    series = repository.lock_series(session, instance.series_row_id)
    add_refusal(series, instance_id, slug, detail)
    study = session.get_one(Study, series.study_row_id)
    jobs.announce(session, "study", study.id, study.project_id)
