"""Revisions: appended by compare-and-swap or refused, never changed.

The mask's blob is stored before the row that names it.  What is slow (decoding, comparing with the parent,
storing) needs no lock and is done by `store_mask` before the transaction that moves the head; the transaction
itself is a few rows.  Two people who save one structure meet in `advance_head`: one wins, the other is told.
Locks are taken in one order, structures by their ids, study, end of the audit trail, so that nobody waits in
a circle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.errors import IntegrityFailure, NotFound
from backend.kit.storage import storage
from backend.labels import repository
from backend.labels.errors import IdempotencyKeyReused, IllegalTransition, StaleRevision, WrongMaskShape
from backend.labels.service.blinding import refuse_revision
from backend.labels.service.following import request_derivation
from backend.labels.service.involvement import REJECTED
from backend.labels.service.outside import request_outside_check
from backend.labels.service.progress import refresh_study
from backend.labels.service.sets import request_publication, set_grid
from backend.labels.service.sides import doubt_sides, has_side
from backend.labels.states import Act, State, next_state
from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Study
from rt.contours import Coverage
from rt.coverage import cover_edited
from rt.dicom.contour_data import contours_from_json, enclosing
from rt.errors import MaskError
from rt.geometry import FloatArray, Grid
from rt.masks import (
    Mask,
    centre_lps_mm,
    changed_slices,
    decode_mask,
    drawn_slices,
    encode_mask,
    mask_shape,
    volume_cc,
)


@dataclass(frozen=True)
class Network:
    """The network version that drew a contour."""

    version_id: str
    name: str
    number: int


@dataclass(frozen=True)
class IdempotencyKey:
    """A client's key with the hash of what came with it."""

    key: str
    body_sha256: str


@dataclass(frozen=True)
class StoredMask:
    """A mask in the blob store with what its row says about it."""

    sha256: str
    volume_cc: float
    slices: int
    changed_voxels: int
    changed_slices: int
    x_mm: float | None
    """x of its centre in LPS millimetres; None when it is empty."""


@dataclass(frozen=True)
class NewRevision:
    """A delineation to append; `author_id` is None when software drew it."""

    mask: Mask | StoredMask
    """(k, j, i), or what `store_mask` gave for it before the transaction."""
    base: int
    """Number of the head that it was made from; 0 for the first."""
    author_id: str | None = None
    network: Network | None = None
    """On a person's revision it is taken from the parent."""
    reason: str = ""
    tool: str = ""
    seconds: float = 0.0
    contours_sha256: str | None = None
    """On later revisions it is taken from the parent."""
    plausibility: list[dict[str, str]] = field(default_factory=list)
    """Warnings {slug, detail, severity, values} about a contour that a network drew or that came in; what is
    odd about the side of a person's is found here."""
    idempotency: IdempotencyKey | None = None
    derived_from: dict[str, Any] | None = None
    """Of a contour computed from others: `schemas.DerivedFrom`."""
    consensus: dict[str, Any] | None = None
    """Of a consensus of readers: `schemas.ConsensusOf`."""


def load_mask(revision: Revision, grid: Grid) -> Mask:
    """A revision's mask (k, j, i), verified; IntegrityFailure when the stored bytes are damaged."""
    try:
        return decode_mask(storage().get(revision.sha256), grid.shape_kji)
    except MaskError as error:
        raise IntegrityFailure("a stored mask cannot be read", sha256=revision.sha256) from error


def load_coverage(revision: Revision, grid: Grid) -> tuple[Coverage, Grid]:
    """`cover_edited` of a revision with the contours it came in with.

    IntegrityFailure as `load_mask`.
    """
    mask_kji, polygons = load_mask(revision, grid), list[FloatArray]()
    if revision.contours_sha256 is not None:
        contours = contours_from_json(json.loads(storage().get(revision.contours_sha256)))
        polygons = [contour.points_mm for contour in enclosing(contours)]
    return cover_edited(polygons, mask_kji, grid)


def head_mask(session: Session, structure: Structure, grid: Grid) -> Mask:
    """The newest mask of a structure; empty when it has none."""
    return mask_of(session, structure.id, structure.head, grid)


def mask_of(session: Session, structure_id: str, number: int, grid: Grid) -> Mask:
    """The mask of one revision; empty for number 0."""
    if number == 0:
        return np.zeros(grid.shape_kji, dtype=np.bool_)
    return load_mask(get_revision(session, structure_id, number), grid)


def is_touched(session: Session, structure: Structure) -> bool:
    """True when a person drew, derived, assessed or reviewed it: software leaves it as it is."""
    if repository.derivation(session, structure.id) is not None:
        return True
    if structure.assessment != "none" or structure.state != State.DRAFT:
        return True
    return structure.head > 0 and get_revision(session, structure.id, structure.head).author_id is not None


def get_revision(session: Session, structure_id: str, number: int) -> Revision:
    """One revision of a structure."""
    found = repository.revision(session, structure_id, number)
    if found is None:
        raise NotFound("there is no such revision")
    return found


def store_mask(mask_kji: Mask, before_kji: Mask, grid: Grid) -> StoredMask:
    """The mask as a blob, with its volume and its difference from the one before."""
    if mask_kji.shape != grid.shape_kji:
        raise WrongMaskShape(f"a mask of {mask_kji.shape} voxels is not on a grid of {grid.shape_kji}")
    differing = changed_slices(before_kji, mask_kji)
    centre = centre_lps_mm(mask_kji, grid)
    return StoredMask(
        sha256=storage().put(encode_mask(mask_kji)),
        volume_cc=volume_cc(mask_kji, grid),
        slices=len(drawn_slices(mask_kji)),
        changed_voxels=int(np.count_nonzero(mask_kji[differing] != before_kji[differing])),
        changed_slices=len(differing),
        x_mm=None if centre is None else float(centre[0]),
    )


def append_revision(session: Session, structure: Structure, new: NewRevision) -> Revision:
    """Append a revision to the head it was made from.

    Raises
    ------
    StaleRevision
        When the head is another one by now.
    IdempotencyKeyReused
        When its key came before with another body; with the same body the earlier revision is returned.
    """
    owner = session.get_one(StructureSet, structure.structure_set_id)
    earlier = _replayed(session, structure, new)
    if earlier is not None:
        return earlier
    refuse_revision(session, structure, owner, new.author_id)
    stored = new.mask
    if not isinstance(stored, StoredMask):
        check_head(session, structure.id, new.base)
        grid = set_grid(session, owner)
        stored = store_mask(stored, _parent_mask(session, structure.id, new, grid), grid)
    session.flush()
    sided = new.author_id is not None and has_side(structure)
    present = repository.lock_structures(session, owner.id) if sided else []
    if not repository.advance_head(session, structure.id, new.base):
        earlier = _replayed(session, structure, new)
        if earlier is not None:
            return earlier
        raise stale(session, structure.id)
    parent = repository.revision(session, structure.id, new.base) if new.base else None
    revision = _row(structure, new, stored, parent)
    session.add(revision)
    withdrawn = _reopen(session, structure, revision, new)
    if present:
        doubt_sides(session, structure, stored.x_mm, present, set_grid(session, owner))
    _tell(session, owner, revision, withdrawn)
    return revision


def _parent_mask(session: Session, structure_id: str, new: NewRevision, grid: Grid) -> Mask:
    """What the new mask is compared with: nothing, where software draws again because slices were added."""
    read = mask_before if new.author_id is None else mask_of
    return read(session, structure_id, new.base, grid)


def mask_before(session: Session, structure_id: str, number: int, grid: Grid) -> Mask:
    """The mask of one revision; empty for number 0 and where the image has another grid since."""
    return earlier_mask(get_revision(session, structure_id, number) if number else None, grid)


def earlier_mask(revision: Revision | None, grid: Grid) -> Mask:
    """The mask of a revision; empty where there is none and where the image has another grid since."""
    if revision is None or mask_shape(storage().get(revision.sha256)) != grid.shape_kji:
        return np.zeros(grid.shape_kji, dtype=np.bool_)
    return load_mask(revision, grid)


def check_head(session: Session, structure_id: str, base: int) -> None:
    """Refuse early what the compare-and-swap would refuse anyway."""
    if repository.current_head(session, structure_id) != base:
        raise stale(session, structure_id)


def stale(session: Session, structure_id: str) -> StaleRevision:
    """The refusal that says what the head is, whose and since when."""
    number = repository.current_head(session, structure_id)
    head = repository.revision(session, structure_id, number) if number else None
    people = repository.users(session, [head.author_id if head else None])
    return StaleRevision(
        f"revision {number} is the newest one",
        head=number,
        author=next((person.display_name for person in people.values()), None),
        time=head.created_at.isoformat() if head else None,
    )


def _replayed(session: Session, structure: Structure, new: NewRevision) -> Revision | None:
    if new.idempotency is None:
        return None
    found = repository.revision_of_key(session, structure.id, new.idempotency.key)
    if found is not None and found.body_sha256 != new.idempotency.body_sha256:
        raise IdempotencyKeyReused("this key came before with another contour", revision=found.number)
    return found


def _row(structure: Structure, new: NewRevision, stored: StoredMask, parent: Revision | None) -> Revision:
    row = Revision(
        structure_id=structure.id,
        number=new.base + 1,
        parent=new.base,
        sha256=stored.sha256,
        author_id=new.author_id,
        reason=new.reason,
        tool=new.tool,
        seconds=new.seconds,
        volume_cc=stored.volume_cc,
        slices=stored.slices,
        changed_voxels=stored.changed_voxels,
        changed_slices=stored.changed_slices,
        contours_sha256=new.contours_sha256 or (parent.contours_sha256 if parent else None),
        derived_from=new.derived_from,
        consensus=new.consensus,
    )
    if new.network is not None:
        row.network_version_id = new.network.version_id
        row.network_name, row.network_number = new.network.name, new.network.number
    elif new.author_id is not None and parent is not None:
        row.network_version_id = parent.network_version_id
        row.network_name, row.network_number = parent.network_name, parent.network_number
    if new.idempotency is not None:
        row.idempotency_key, row.body_sha256 = new.idempotency.key, new.idempotency.body_sha256
    return row


def _reopen(session: Session, structure: Structure, revision: Revision, new: NewRevision) -> bool:
    """What a new head means for review and assessment; True when it withdraws an approval."""
    session.flush()
    structure = repository.lock_structure(session, structure.id)
    state = next_state(State(structure.state), Act.REVISE)
    if state is None:
        raise IllegalTransition(f"a structure that is {structure.state} cannot be revised")
    withdrawn = structure.state == State.APPROVED
    structure.state = state
    structure.plausibility = list(new.plausibility)
    structure.assessment, structure.assessed_by = "none", None
    if revision.author_id is not None and revision.network_version_id is not None:
        structure.assessment = _assessment(session, revision)
        structure.assessed_by = revision.author_id if structure.assessment != "none" else None
    session.flush()
    return withdrawn


def _assessment(session: Session, revision: Revision) -> str:
    """What a person's revision says about the network's contour it goes back to."""
    drawn = repository.newest_of_network(session, revision)
    if drawn is None or drawn.sha256 == revision.sha256:
        return "none"
    return "rejected" if revision.slices == 0 and revision.reason == REJECTED else "corrected"


def _tell(session: Session, owner: StructureSet, revision: Revision, withdrawn: bool) -> None:
    """Audit, browsers, and the jobs that follow."""
    study = session.get_one(Study, owner.study_row_id)
    refresh_study(session, study.id)
    audit.record(
        session, revision.author_id, "labels.revision.saved", "structure", revision.structure_id,
        project_id=study.project_id,
        changes={
            "number": revision.number, "sha256": revision.sha256, "network": revision.network_version_id,
        },
    )  # fmt: skip
    if withdrawn:
        audit.record(
            session, revision.author_id, "labels.structure.withdrawn", "structure", revision.structure_id,
            project_id=study.project_id, changes={"approved": revision.parent, "revision": revision.number},
        )  # fmt: skip
    jobs.announce(session, "structure-set", owner.id, study.project_id)
    request_publication(session, owner, study, revision.author_id)
    request_derivation(session, revision.structure_id, study, revision.author_id)
    request_outside_check(session, owner, revision, study)
