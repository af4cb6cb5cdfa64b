"""Structure sets, structures, revisions and reviews in the shapes that browsers get."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.schemas import UserOut
from backend.accounts.tables import User
from backend.labels import repository
from backend.labels.schemas import (
    ApprovalOut,
    ConsensusOf,
    DerivedFrom,
    DraftOut,
    NameOut,
    NetworkRef,
    ReviewOut,
    RevisionOut,
    SetDraftOut,
    StructureOut,
    StructureSetOut,
)
from backend.labels.service.following import describe_derivations
from backend.labels.service.involvement import has_contours_only, involvement, is_unknown
from backend.labels.service.moving import standing_of
from backend.labels.service.sets import open_set
from backend.labels.tables import Draft, Review, Revision, Structure, StructureSet
from backend.projects.service import Permission
from rt.nomenclature import map_name, standard_name

PLAIN_FIELDS = (
    "id", "name", "original_name", "colour", "kind", "number", "state", "assessment", "plausibility",
    "consensus_id",
)  # fmt: skip
"""Columns of a structure that are shown as they are."""
SIGNATURE_FIELDS = (
    "id", "structure_id", "structure_name", "revision", "sha256",
    "act", "user_id", "user_name", "comment", "at",
)  # fmt: skip
"""Columns of a review that are shown as they are."""


def describe_name(text: str) -> NameOut:
    """What a free text means by TG-263."""
    found = map_name(text)
    return NameOut(
        name=found.match.name if found.match else None,
        confidence=found.confidence,
        side=found.match.side if found.match else None,
        finding=found.finding,
        candidates=list(found.candidates),
    )


def describe_revisions(session: Session, revisions: Sequence[Revision]) -> list[RevisionOut]:
    """Revisions with the people who made them."""
    people = repository.users(session, [revision.author_id for revision in revisions])
    return [_revision(revision, people) for revision in revisions]


def _revision(row: Revision, people: Mapping[str, User]) -> RevisionOut:
    author = people.get(row.author_id) if row.author_id else None
    network = None
    if row.network_version_id is not None:
        network = NetworkRef(
            id=row.network_version_id, name=row.network_name, version=row.network_number or 0
        )
    return RevisionOut(
        number=row.number,
        author=UserOut.model_validate(author) if author else None,
        network_version=network,
        created_at=row.created_at,
        reason=row.reason,
        tool=row.tool,
        seconds=row.seconds,
        volume_cc=row.volume_cc,
        slices=row.slices,
        changed_voxels=row.changed_voxels,
        changed_slices=row.changed_slices,
        sha256=row.sha256,
        parent=row.parent,
        derived_from=DerivedFrom.model_validate(row.derived_from) if row.derived_from else None,
        consensus=ConsensusOf.model_validate(row.consensus) if row.consensus else None,
    )


def describe_structures(session: Session, rows: Sequence[Structure]) -> list[StructureOut]:
    """Structures with their newest revisions."""
    heads = repository.heads(session, rows)
    people = repository.users(session, [head.author_id for head in heads.values()])
    approvals = repository.approvals(session, rows)
    involved = involvement(session, rows)
    derivations = describe_derivations(session, rows)
    return [
        StructureOut.model_validate(
            {
                **{name: getattr(row, name) for name in PLAIN_FIELDS},
                "standard_name": standard_name(row.name, row.original_name),
                "head": _revision(heads[row.id], people) if row.id in heads else None,
                "unknown": is_unknown(row, heads.get(row.id)),
                "contours_only": has_contours_only(row, heads.get(row.id)),
                "approval": _approval(approvals.get(row.id)),
                "involved": involved[row.id],
                "derivation": derivations.get(row.id),
            }
        )
        for row in rows
    ]


def _approval(row: Review | None) -> ApprovalOut | None:
    return ApprovalOut(user_name=row.user_name, at=row.at) if row else None


def describe_set(session: Session, row: StructureSet) -> StructureSetOut:
    """A set with its structures."""
    structures = repository.structures_of_sets(session, [row.id])
    return StructureSetOut.model_validate(
        {
            "id": row.id,
            "study_id": row.study_row_id,
            "series_id": row.series_row_id,
            "label": row.label,
            "origin": row.origin,
            "registration": row.registration,
            "registration_standing": standing_of(session, row),
            "structures": describe_structures(session, structures),
            "created_at": row.created_at,
        }
    )


def list_reviews(
    session: Session, actor: Actor, set_id: str, before: str | None, limit: int
) -> list[ReviewOut]:
    """Acts of review on a set, newest first, older than the one of id `before`."""
    open_set(session, actor, set_id, Permission.READ)
    heads = {row.id: row.head for row in repository.structures_of_sets(session, [set_id])}
    rows = repository.reviews_of_set(session, set_id, before, limit)
    approved = [(row.structure_id, row.revision + 1) for row in rows if row.act == "approved"]
    withdrawn = repository.authors_of(session, approved)
    return [
        ReviewOut.model_validate(
            {
                **{name: getattr(row, name) for name in SIGNATURE_FIELDS},
                "current": row.revision == heads[row.structure_id],
                "withdrawn_by": withdrawn.get((row.structure_id, row.revision + 1))
                if row.act == "approved"
                else None,
            }
        )
        for row in rows
    ]


def describe_draft(draft: Draft, structure: Structure) -> DraftOut:
    """Unsaved work and the head that it may be behind."""
    return DraftOut(
        base=draft.base,
        head=structure.head,
        mask=base64.b64encode(draft.mask).decode(),
        seconds=draft.seconds,
        saved_at=draft.saved_at,
        version=draft.version,
    )


def describe_set_draft(draft: Draft, structure: Structure) -> SetDraftOut:
    """Unsaved work on one of a set's structures."""
    return SetDraftOut(structure_id=structure.id, **describe_draft(draft, structure).model_dump())
