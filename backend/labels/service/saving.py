"""What a person does to a structure's contour: save, restore, look at, and keep unsaved work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.storage import storage
from backend.labels import repository
from backend.labels.errors import BadMask, DraftElsewhere, StaleDraft, UndeclaredEmpty, WrongMaskShape
from backend.labels.schemas import DraftIn, RevisionIn, RevisionOut
from backend.labels.service.blinding import refuse_look
from backend.labels.service.describing import describe_revisions
from backend.labels.service.involvement import REJECTED
from backend.labels.service.revisions import (
    IdempotencyKey,
    NewRevision,
    StoredMask,
    append_revision,
    check_head,
    get_revision,
    load_mask,
    mask_of,
    store_mask,
)
from backend.labels.service.sets import open_set, open_structure, set_grid
from backend.labels.tables import Draft, Revision, Structure
from backend.projects.service import Permission
from rt.errors import MaskError
from rt.masks import HEADER, Mask, decode_mask


@dataclass(frozen=True)
class Save:
    """A person's save: of what, on which head, under which key."""

    structure_id: str
    base: int
    body: RevisionIn
    key: str | None


def read_mask(data: bytes, shape_kji: tuple[int, int, int]) -> Mask:
    """The mask that came over the wire.

    Raises
    ------
    WrongMaskShape
        When it is one of another grid.
    BadMask
        When it is none.
    """
    if len(data) >= HEADER.size:
        shape = HEADER.unpack_from(data)[1:4]
        if data[:4] == b"RKM1" and shape != shape_kji:
            raise WrongMaskShape(
                f"the mask has {shape} voxels (k, j, i), the image {shape_kji}", field="mask"
            )
    try:
        return decode_mask(data, shape_kji)
    except MaskError as error:
        raise BadMask(error.detail, field="mask") from error


def save_revision(actor: Actor, save: Save) -> RevisionOut:
    """Append a person's contour and forget his draft; all that is slow happens before the transaction."""
    stored = _prepare(actor, save)
    with session_scope() as session:
        structure, _ = open_structure(session, actor, save.structure_id, Permission.ANNOTATE)
        new = NewRevision(
            stored,
            save.base,
            author_id=actor.user_id,
            reason=save.body.reason,
            tool=save.body.tool,
            seconds=save.body.seconds,
            idempotency=_key(save),
        )
        revision = append_revision(session, structure, new)
        _forget_draft(session, structure.id, actor.user_id)
        return describe_revisions(session, [revision])[0]


def _prepare(actor: Actor, save: Save) -> StoredMask:
    """The mask, checked and stored, with its difference from the head it was made from."""
    with session_scope(read_only=True) as session:
        structure, scope = open_structure(session, actor, save.structure_id, Permission.ANNOTATE)
        grid = set_grid(session, scope.structure_set)
        known = save.key is not None and repository.revision_of_key(session, structure.id, save.key)
        if not known:
            check_head(session, structure.id, save.base)
        base = repository.revision(session, structure.id, save.base)
    mask = read_mask(save.body.mask, grid.shape_kji)
    empty = not mask.any()
    if empty and not save.body.empty:
        raise UndeclaredEmpty("say `empty: true` when nothing is to be drawn", field="empty")
    if save.body.empty and not empty:
        raise BadMask("declared empty, but it holds voxels", field="empty")
    before = load_mask(base, grid) if base else np.zeros(grid.shape_kji, dtype=np.bool_)
    return store_mask(mask, before, grid)


def _key(save: Save) -> IdempotencyKey | None:
    if save.key is None:
        return None
    body = save.body.model_dump(mode="json", exclude={"mask"})
    body |= {"base": save.base, "mask": hashlib.sha256(save.body.mask).hexdigest()}
    return IdempotencyKey(save.key, hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest())


def restore_revision(session: Session, actor: Actor, structure_id: str, number: int, base: int) -> Revision:
    """An older contour as the newest revision."""
    structure, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    older = get_revision(session, structure_id, number)
    mask = mask_of(session, structure_id, number, set_grid(session, scope.structure_set))
    reason = REJECTED if older.reason == REJECTED else f"restored revision {number}"
    new = NewRevision(mask, base, author_id=actor.user_id, reason=reason, tool="restore")
    return append_revision(session, structure, new)


def list_revisions(
    session: Session, actor: Actor, structure_id: str, before: int | None, limit: int
) -> Sequence[Revision]:
    """A structure's history, newest first, older than number `before`."""
    open_structure(session, actor, structure_id, Permission.READ)
    return repository.revisions(session, structure_id, before, limit)


def readable_revision(session: Session, actor: Actor, structure_id: str, number: int) -> Revision:
    """One revision, if the actor may look at it."""
    structure, scope = open_structure(session, actor, structure_id, Permission.READ)
    if structure.consensus_id is not None:
        refuse_look(actor, scope.project.id, structure.consensus_id, "revision")
    return get_revision(session, structure_id, number)


def mask_bytes(revision: Revision) -> bytes:
    """Wire form of a revision's mask, verified."""
    return storage().get(revision.sha256)


def get_draft(session: Session, actor: Actor, structure_id: str) -> tuple[Draft, Structure]:
    """One's own unsaved work, with the structure whose head tells whether it is behind."""
    structure, _ = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    draft = repository.draft(session, structure_id, actor.user_id)
    if draft is None:
        raise NotFound("there is no draft")
    return draft, structure


def list_drafts(session: Session, actor: Actor, set_id: str) -> Sequence[tuple[Draft, Structure]]:
    """All of one's own unsaved work on a set."""
    open_set(session, actor, set_id, Permission.ANNOTATE)
    return repository.drafts_of_set(session, set_id, actor.user_id)


def put_draft(
    actor: Actor, structure_id: str, body: DraftIn, seen: str | None = None
) -> tuple[Draft, Structure]:
    """Keep one's own unsaved work; work begun from a newer revision is not overwritten by older.

    `seen` is the version of the draft that the client has last read or written, "0" for none; where another
    window has written one since, this one is refused.
    """
    with session_scope(read_only=True) as session:
        structure, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
        grid = set_grid(session, scope.structure_set)
    if body.base > structure.head:
        raise InvalidInput(f"revision {body.base} does not exist", field="base")
    read_mask(body.mask, grid.shape_kji)
    with session_scope() as session:
        structure, _ = open_structure(session, actor, structure_id, Permission.ANNOTATE)
        draft = repository.draft(session, structure_id, actor.user_id)
        if draft is None:
            draft = Draft(structure_id=structure_id, user_id=actor.user_id)
            session.add(draft)
        elif draft.base > body.base:
            raise StaleDraft(f"your draft from revision {draft.base} is newer", base=draft.base)
        elif seen is not None and seen != draft.version:
            since = draft.saved_at.isoformat()
            raise DraftElsewhere("another window of yours has drawn on it since", saved_at=since)
        draft.base, draft.mask, draft.seconds, draft.saved_at = body.base, body.mask, body.seconds, now()
    return draft, structure


def delete_draft(session: Session, actor: Actor, structure_id: str) -> None:
    """Forget one's own unsaved work."""
    open_structure(session, actor, structure_id, Permission.ANNOTATE)
    _forget_draft(session, structure_id, actor.user_id)


def _forget_draft(session: Session, structure_id: str, user_id: str) -> None:
    draft = repository.draft(session, structure_id, user_id)
    if draft is not None:
        session.delete(draft)
