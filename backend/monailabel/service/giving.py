"""What the client of a token was given last, so that its approval signs that and nothing newer.

The Reviewer names a label by image and tag, never a revision.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.kit.clock import now
from backend.labels.service import check_head
from backend.monailabel import repository
from backend.monailabel.service.scope import Scope
from backend.monailabel.tables import GivenLabel


def remember(session: Session, scope: Scope, series_id: str, tag: str, revisions: Mapping[str, int]) -> None:
    """Revisions by structure are what the client has under a tag now, in place of what it had."""
    token_id = scope.actor.token_id
    if token_id is None:
        return
    known = {row.structure_id: row for row in repository.given(session, token_id, series_id, tag)}
    for structure_id, row in known.items():
        if structure_id not in revisions:
            session.delete(row)
    for structure_id, number in revisions.items():
        row = known.get(structure_id) or GivenLabel(token_id=token_id, tag=tag, structure_id=structure_id)
        if row.revision != number:
            row.revision, row.at = number, now()
            session.add(row)


def remember_saved(
    session: Session, scope: Scope, series_id: str, tag: str, revisions: Mapping[str, int]
) -> None:
    """Revisions that the client made, beside what it has already; what these replace it has no more."""
    token_id = scope.actor.token_id
    if token_id is None:
        return
    for row in repository.given(session, token_id, series_id):
        if row.structure_id in revisions:
            session.delete(row)
    session.flush()
    for structure_id, number in revisions.items():
        session.add(GivenLabel(token_id=token_id, tag=tag, structure_id=structure_id, revision=number))


def looked_at(session: Session, scope: Scope, series_id: str, tag: str) -> dict[str, int]:
    """Revisions by structure that the client has under a tag; StaleRevision when one is not the newest.

    Also where its structure has another tag by now: what was looked at is no more what the tag names.
    """
    token_id = scope.actor.token_id
    rows = repository.given(session, token_id, series_id, tag) if token_id is not None else []
    for row in rows:
        check_head(session, row.structure_id, row.revision)
    return {row.structure_id: row.revision for row in rows}
