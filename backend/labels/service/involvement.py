"""Whose hand is in a structure, and whether anything is known of it: what review may not overlook."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from sqlalchemy.orm import Session

from backend.labels import repository
from backend.labels.states import State
from backend.labels.tables import Review, Revision, Structure

Part = Literal["drew", "accepted", "submitted"]
DERIVE = "derive"
"""Tool of the revisions that were computed from other structures."""
REJECTED = "rejected"
"""Reason of the empty revision that takes a network's contour away."""


def is_unknown(structure: Structure, head: Revision | None) -> bool:
    """True while nothing is drawn and no person said that there is nothing: it is no truth to sign or learn.

    That is so of a contour that was rejected, whatever drew it, or that is empty because nothing was found,
    and of a derived structure of which nothing is left.
    """
    if head is None or structure.assessment == "rejected":
        return True
    return head.slices == 0 and (head.author_id is None or head.tool == DERIVE or head.reason == REJECTED)


def has_contours_only(structure: Structure, head: Revision | None) -> bool:
    """True of what came in as points, open lines or other contours that fill no voxel, untouched since.

    It is no region to sign or learn, and leaves in an RTSTRUCT as it came.
    """
    came = head is not None and head.slices == 0 and head.contours_sha256 is not None
    return came and head is not None and head.author_id is None and structure.assessment != "rejected"


def reviewed_here(
    structures: Sequence[Structure], heads: Mapping[str, Revision], imported: Collection[str]
) -> list[Structure]:
    """The structures on which a study's state depends, of those that something is known of.

    What came in from elsewhere (`imported`: ids of such sets) waits for nobody here until a person draws on
    it or submits it; where there is nothing else, it is what the study is about.
    """
    known = [row for row in structures if not is_unknown(row, heads.get(row.id))]
    untouched = {
        row.id
        for row in known
        if row.structure_set_id in imported and row.state == State.DRAFT and heads[row.id].author_id is None
    }
    return [row for row in known if row.id not in untouched] or known


def standing_approvals(session: Session, structures: Sequence[Structure]) -> dict[str, Review]:
    """The approval of the newest revision of each structure that is approved, by structure id."""
    return repository.approvals(session, structures)


def involvement(session: Session, structures: Sequence[Structure]) -> dict[str, dict[str, Part]]:
    """People who drew, accepted or submitted each structure since its last approval, with what they did.

    None of them approves it: an approval is a second person's look.
    """
    ids = [row.id for row in structures]
    since = repository.approved_numbers(session, ids)
    found: dict[str, dict[str, Part]] = {structure_id: {} for structure_id in ids}
    for structure_id, number, user_id in repository.submitters(session, ids):
        if number > since.get(structure_id, 0):
            found[structure_id][user_id] = "submitted"
    for row in structures:
        if row.assessment == "accepted" and row.assessed_by and row.head > since.get(row.id, 0):
            found[row.id][row.assessed_by] = "accepted"
    for structure_id, number, user_id in repository.drawers(session, ids):
        if number > since.get(structure_id, 0):
            found[structure_id][user_id] = "drew"
    return found
