"""Assessment of a network's contour, and review: submit, approve, return.

An approval is a signature: it names the revision, the SHA-256 of its bytes, and the person as displayed.
Whoever drew any part since the last approval cannot approve.  Structures are locked in one order, so acts on
a set and saves of its structures follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.errors import InvalidInput
from backend.labels import repository
from backend.labels.errors import IllegalTransition, OwnWork
from backend.labels.schemas import ReviewIn
from backend.labels.service.progress import refresh_study
from backend.labels.service.revisions import REJECTED, NewRevision, append_revision, stale
from backend.labels.service.sets import SetScope, open_set, open_structure, request_publication, set_grid
from backend.labels.states import Act, State, next_state
from backend.labels.tables import Review, Revision, Structure
from backend.projects.service import Permission


@dataclass(frozen=True)
class _Rule:
    """What an act needs and what it is called afterwards."""

    permission: Permission
    done: str
    """Value of `reviews.act`."""


RULES = {
    Act.SUBMIT: _Rule(Permission.ANNOTATE, "submitted"),
    Act.APPROVE: _Rule(Permission.REVIEW, "approved"),
    Act.RETURN: _Rule(Permission.REVIEW, "returned"),
}


def review(session: Session, actor: Actor, set_id: str, act: Act, body: ReviewIn) -> SetScope:
    """Do one act of review to a set's structures: to all of those named, or to none; the set is given back.

    Raises
    ------
    IllegalTransition
        When a structure named cannot take the act, or none of the set can.
    OwnWork
        When the actor drew what he wants to approve.
    StaleRevision
        When `revisions` names an older head.
    """
    rule = RULES[act]
    scope = open_set(session, actor, set_id, rule.permission)
    chosen = _chosen(repository.lock_structures(session, set_id), act, body)
    heads = repository.heads(session, chosen)
    for structure in chosen:
        seen = body.revisions.get(structure.id)
        if seen is not None and seen != structure.head:
            raise stale(session, structure.id)
        _move(session, actor, structure, act)
        _sign(session, actor, heads[structure.id], rule.done, body.comment)
    refresh_study(session, scope.study.id)
    for head in heads.values():
        audit.record(
            session, actor.user_id, f"labels.structure.{rule.done}", "structure", head.structure_id,
            project_id=scope.project.id, changes={"revision": head.number, "sha256": head.sha256},
        )  # fmt: skip
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)
    request_publication(session, scope.structure_set, scope.study, actor.user_id)
    return scope


def _chosen(present: Sequence[Structure], act: Act, body: ReviewIn) -> list[Structure]:
    named = set(body.structure_ids or body.revisions)
    unknown = named - {row.id for row in present}
    if unknown:
        raise InvalidInput("a structure named is not in this set", field="structure_ids")
    able = [row for row in present if row.head and next_state(State(row.state), act) is not None]
    if not named:
        if not able:
            raise IllegalTransition(f"no structure of this set can be {RULES[act].done} now")
        return able
    refused = [row for row in present if row.id in named and row not in able]
    if refused:
        states = {row.name: row.state if row.head else "empty" for row in refused}
        names = sorted(states)
        raise IllegalTransition(
            f"cannot be {RULES[act].done}: {states}", structures=names, name=", ".join(names)
        )
    return [row for row in able if row.id in named]


def _move(session: Session, actor: Actor, structure: Structure, act: Act) -> None:
    state = next_state(State(structure.state), act)
    if state is None:
        raise IllegalTransition(f"{structure.name} is {structure.state}", name=structure.name)
    if act is Act.APPROVE:
        approved = repository.newest_approval(session, structure.id)
        since = approved.revision if approved else 0
        if actor.user_id in repository.contributors_since(session, structure.id, since):
            name = structure.name
            raise OwnWork(f"you drew {name} yourself", structure_id=structure.id, name=name)
    structure.state = state


def _sign(session: Session, actor: Actor, head: Revision, done: str, comment: str) -> None:
    session.add(
        Review(
            structure_id=head.structure_id,
            revision=head.number,
            sha256=head.sha256,
            act=done,
            user_id=actor.user_id,
            user_name=actor.display_name,
            comment=comment,
        )
    )


def assess(session: Session, actor: Actor, structure_id: str, assessment: str, base: int | None) -> Structure:
    """Accept or reject a network's contour, or take that back.

    Rejecting appends an empty revision, so the contour can be restored from the history.
    """
    _, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    structure = repository.lock_structure(session, structure_id)
    if base is not None and base != structure.head:
        raise stale(session, structure_id)
    head = repository.heads(session, [structure]).get(structure_id)
    if head is None:
        raise IllegalTransition(f"{structure.name} has no contour to assess", name=structure.name)
    if assessment == REJECTED:
        _reject(session, actor, structure, scope)
    elif head.author_id is not None:
        raise IllegalTransition(
            f"{structure.name} was drawn by a person; only a network's contour is assessed",
            name=structure.name,
        )
    else:
        structure.assessment = assessment
        structure.assessed_by = actor.user_id if assessment == "accepted" else None
    refresh_study(session, scope.study.id)
    audit.record(
        session, actor.user_id, "labels.structure.assessed", "structure", structure_id,
        project_id=scope.project.id, changes={"assessment": assessment, "revision": structure.head},
    )  # fmt: skip
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)
    return structure


def _reject(session: Session, actor: Actor, structure: Structure, scope: SetScope) -> None:
    grid = set_grid(session, scope.structure_set)
    nothing = np.zeros(grid.shape_kji, dtype=np.bool_)
    append_revision(
        session,
        structure,
        NewRevision(nothing, structure.head, author_id=actor.user_id, reason=REJECTED, tool="reject"),
    )
