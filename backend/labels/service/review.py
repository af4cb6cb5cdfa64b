"""Assessment of a network's contour, and review: submit, approve, return.

An approval is a signature: it names the revision, the SHA-256 of its bytes, and the person as displayed.
Whoever drew any part, accepted or submitted since the last approval cannot approve: it is a second person's
look, at a network's contour too.  What is unknown (rejected, or not found) is neither submitted nor signed.
Structures are locked in one order, so acts on a set and saves of its structures follow one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.errors import InvalidInput
from backend.kit.ids import new_id
from backend.labels import repository
from backend.labels.errors import DerivationStale, IllegalTransition, OwnWork, RevisionsRequired, StaleName
from backend.labels.schemas import ReviewIn
from backend.labels.service.following import stale_derivations
from backend.labels.service.involvement import REJECTED, involvement, is_unknown
from backend.labels.service.progress import refresh_study
from backend.labels.service.revisions import NewRevision, append_revision, stale
from backend.labels.service.sets import SetScope, open_set, open_structure, request_publication, set_grid
from backend.labels.states import Act, State, next_state
from backend.labels.tables import Review, Revision, Structure
from backend.projects.service import Permission
from backend.webhooks import service as webhooks


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
    InvalidInput
        When structures are returned without saying why.
    DerivationStale, OwnWork
        When what is to be approved is behind its sources, or the actor drew, accepted or submitted it.
    RevisionsRequired
        When an approval does not name in `revisions` every head that it signs.
    StaleRevision, StaleName
        When `revisions` names an older head, or `names` another name than the structure has.
    """
    rule = RULES[act]
    scope = open_set(session, actor, set_id, rule.permission)
    present = repository.lock_structures(session, set_id)
    heads = repository.heads(session, present)
    chosen = _chosen(present, heads, act, body)
    if act is Act.APPROVE:
        _check_signing(session, actor, chosen, body)
    for structure in chosen:
        _check_seen(session, structure, body)
        _move(structure, act)
        session.add(_signed(actor, structure, heads[structure.id], rule.done, body.comment))
    refresh_study(session, scope.study.id)
    for structure in chosen:
        head = heads[structure.id]
        if act is Act.APPROVE:
            _measure(session, actor, head, scope)
        audit.record(
            session, actor.user_id, f"labels.structure.{rule.done}", "structure", structure.id,
            project_id=scope.project.id,
            changes={"revision": head.number, "sha256": head.sha256, "name": structure.name},
        )  # fmt: skip
    _tell(session, actor, scope, chosen if act is Act.APPROVE else [])
    return scope


def _tell(session: Session, actor: Actor, scope: SetScope, approved: Sequence[Structure]) -> None:
    """Open browsers, DICOMweb, and programs that want to know of approvals."""
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)
    request_publication(session, scope.structure_set, scope.study, actor.user_id)
    if approved:
        told = {
            "study_id": scope.study.id,
            "study_instance_uid": scope.study.study_instance_uid,
            "structure_set_id": scope.structure_set.id,
            "structures": [{"id": row.id, "name": row.name, "revision": row.head} for row in approved],
        }
        webhooks.emit(session, scope.project.id, "structures.approved", new_id(), told)


def _chosen(
    present: Sequence[Structure], heads: Mapping[str, Revision], act: Act, body: ReviewIn
) -> list[Structure]:
    named = set(body.structure_ids or [*body.revisions, *body.names])
    unknown = named - {row.id for row in present}
    if unknown:
        raise InvalidInput("a structure named is not in this set", field="structure_ids")
    unknown_now = {row.id for row in present if act is not Act.RETURN and is_unknown(row, heads.get(row.id))}
    able = [
        row for row in present if row.id not in unknown_now and next_state(State(row.state), act) is not None
    ]
    if not named:
        if not able:
            raise IllegalTransition(f"no structure of this set can be {RULES[act].done} now")
        named = {row.id for row in able}
    refused = [row for row in present if row.id in named and row not in able]
    if refused:
        states = {row.name: "unknown" if row.id in unknown_now else row.state for row in refused}
        names = sorted(states)
        raise IllegalTransition(
            f"cannot be {RULES[act].done}: {states}", structures=names, name=", ".join(names)
        )
    if act is Act.RETURN and not body.comment.strip():
        raise InvalidInput("say in a comment why it is returned", field="comment")
    return [row for row in able if row.id in named]


def _check_signing(session: Session, actor: Actor, chosen: Sequence[Structure], body: ReviewIn) -> None:
    """Nobody signs his own work, and a signature is over the contour that was looked at."""
    _check_own(session, actor, chosen)
    unnamed = [row.name for row in chosen if row.id not in body.revisions]
    if unnamed:
        raise RevisionsRequired(
            f"revisions does not say which contour was looked at of {', '.join(unnamed)}", field="revisions"
        )
    stale_ids = stale_derivations(session, chosen)
    behind = sorted(row.name for row in chosen if row.id in stale_ids)
    if behind:
        raise DerivationStale(
            f"behind what they are derived from: {', '.join(behind)}; they are computed again, or say what"
            " they wait for",
            structures=behind, name=", ".join(behind),
        )  # fmt: skip


def _check_own(session: Session, actor: Actor, chosen: Sequence[Structure]) -> None:
    involved = involvement(session, chosen)
    for row in chosen:
        part = involved[row.id].get(actor.user_id)
        if part is not None:
            raise OwnWork(
                f"you {part} {row.name} yourself; a second person with another account has to approve it",
                structure_id=row.id,
                name=row.name,
            )


def _check_seen(session: Session, structure: Structure, body: ReviewIn) -> None:
    """A structure that was returned may have been renamed without a new revision."""
    if body.revisions.get(structure.id, structure.head) != structure.head:
        raise stale(session, structure.id)
    seen = body.names.get(structure.id, structure.name)
    if seen != structure.name:
        raise StaleName(
            f"{seen} is called {structure.name} now",
            structure_id=structure.id, name=structure.name, before=seen,
        )  # fmt: skip


def _move(structure: Structure, act: Act) -> None:
    state = next_state(State(structure.state), act)
    if state is None:
        raise IllegalTransition(f"{structure.name} is {structure.state}", name=structure.name)
    structure.state = state


def _measure(session: Session, actor: Actor, head: Revision, scope: SetScope) -> None:
    """Ask what it cost to come from the network's contour to the approved one, also when it was nothing."""
    if head.network_version_id is not None:
        jobs.enqueue(
            session,
            jobs.JobRequest(
                "measure",
                {"structure_id": head.structure_id, "revision": head.number},
                scope.project.id,
                study_id=scope.study.id,
                created_by=actor.user_id,
            ),
        )


def _signed(actor: Actor, structure: Structure, head: Revision, done: str, comment: str) -> Review:
    return Review(
        structure_id=structure.id,
        structure_name=structure.name,
        revision=head.number,
        sha256=head.sha256,
        act=done,
        user_id=actor.user_id,
        user_name=actor.display_name,
        comment=comment,
    )


def assess(session: Session, actor: Actor, structure_id: str, assessment: str, base: int | None) -> Structure:
    """Accept or reject a network's contour, or take that back.

    Rejecting appends an empty revision, so the contour can be restored from the history.  What a person or a
    rule drew, or what came in, is not assessed: there is no network to say it of.
    """
    _, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    repository.lock_structures(session, scope.structure_set.id)
    structure = repository.lock_structure(session, structure_id)
    if base is not None and base != structure.head:
        raise stale(session, structure_id)
    head = repository.heads(session, [structure]).get(structure_id)
    if head is None or (assessment != "none" and head.slices == 0):
        raise IllegalTransition(f"{structure.name} has no contour to assess", name=structure.name)
    if head.network_version_id is None:
        raise _not_networks(structure)
    if assessment == "accepted" and structure.state == State.APPROVED:
        raise IllegalTransition(f"{structure.name} is approved already", name=structure.name)
    if assessment == REJECTED:
        _reject(session, actor, structure, scope)
    elif head.author_id is not None:
        raise _not_networks(structure)
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


def _not_networks(structure: Structure) -> IllegalTransition:
    return IllegalTransition(
        f"{structure.name} is no network's work; only a network's contour is assessed", name=structure.name
    )


def _reject(session: Session, actor: Actor, structure: Structure, scope: SetScope) -> None:
    grid = set_grid(session, scope.structure_set)
    nothing = np.zeros(grid.shape_kji, dtype=np.bool_)
    append_revision(
        session,
        structure,
        NewRevision(nothing, structure.head, author_id=actor.user_id, reason=REJECTED, tool="reject"),
    )
