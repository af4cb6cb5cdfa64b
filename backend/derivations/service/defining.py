"""What a person does: derive a structure, change its derivation, compute it now, let it go.

What is slow (masks, margins, doses) happens between two transactions; a source that gets a newer revision
meanwhile asks for the structure to be computed again, as it would at any other time.
"""

from __future__ import annotations

from base64 import b64encode

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.derivations import repository
from backend.derivations.errors import NotDerived
from backend.derivations.schemas import DerivedStructureIn, PreviewIn, PreviewOut
from backend.derivations.service.computing import Computed, compute, evaluate
from backend.derivations.service.inputs import check_allowed, gather
from backend.derivations.service.keeping import Cause, keep, relink
from backend.derivations.service.ordering import check_acyclic
from backend.jobs import service as jobs
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.expressions import Expression, structure_ids
from backend.labels.schemas import DerivedFrom, PlausibilityWarning, StructureOut
from backend.labels.service import NewStructure
from backend.labels.service.sets import SetScope
from backend.labels.tables import Derivation, Structure
from backend.projects.service import Permission
from rt.masks import encode_mask, volume_cc


def preview(actor: Actor, set_id: str, body: PreviewIn) -> PreviewOut:
    """What a derivation gives now; nothing is kept."""
    with session_scope(read_only=True) as session:
        scope = labels.open_set(session, actor, set_id, Permission.ANNOTATE)
        used = None
        if body.structure_id is not None:
            _, row, own = _find(session, actor, body.structure_id)
            if own.structure_set.id != set_id:
                raise NotDerived("this structure is of another set")
            used = DerivedFrom.model_validate(row.used)
            sources = structure_ids(body.expression)
            check_acyclic(session, scope.study.id, body.structure_id, sources)
        check_allowed(session, actor, body.expression, used)
        inputs = gather(session, scope.structure_set, body.expression, used)
    made = evaluate(inputs)
    return PreviewOut(
        mask=b64encode(encode_mask(made.mask_kji)).decode(),
        volume_cc=volume_cc(made.mask_kji, inputs.grid),
        plausibility=[PlausibilityWarning.model_validate(doubt) for doubt in made.doubts],
    )


def create(actor: Actor, set_id: str, body: DerivedStructureIn) -> StructureOut:
    """A new structure with its derivation and first revision."""
    with session_scope(read_only=True) as session:
        scope = labels.open_set(session, actor, set_id, Permission.ANNOTATE)
        check_allowed(session, actor, body.expression, None)
        inputs = gather(session, scope.structure_set, body.expression, None)
    made = compute(inputs, np.zeros(inputs.grid.shape_kji, dtype=np.bool_))
    with session_scope() as session:
        scope = labels.open_set(session, actor, set_id, Permission.ANNOTATE)
        repository.lock_set(session, set_id)
        new = NewStructure(body.name, body.colour, body.kind)
        structure = labels.create_structure(session, actor, set_id, new)
        row = _row(actor, structure, made)
        session.add(row)
        session.flush()
        _keep(session, actor, scope, structure, made)
        return labels.describe_structures(session, [structure])[0]


def _row(actor: Actor, structure: Structure, made: Computed) -> Derivation:
    return Derivation(
        structure_id=structure.id,
        expression=made.used["expression"],
        used=made.used,
        computed=0,
        problem=None,
        defined_by=actor.user_id,
    )


def change(actor: Actor, structure_id: str, base: int, expression: Expression) -> StructureOut:
    """Another derivation of a derived structure, computed at once on the head named.

    Raises
    ------
    NotDerived
        When it is drawn.
    DerivationCycle
        When it would be derived from itself.
    StaleRevision
        When its head is another one.
    """
    return _computed(actor, structure_id, base, expression)


def recompute(actor: Actor, structure_id: str, base: int) -> StructureOut:
    """A derived structure as its sources make it now, also where a person's contour stands on it."""
    return _computed(actor, structure_id, base, None)


def _computed(actor: Actor, structure_id: str, base: int, other: Expression | None) -> StructureOut:
    """The structure by another expression, or by the one that it has."""
    with session_scope(read_only=True) as session:
        structure, row, scope = _find(session, actor, structure_id)
        used = DerivedFrom.model_validate(row.used)
        if other is not None:
            check_allowed(session, actor, other, used)
        labels.check_head(session, structure_id, base)
        expression = other or Expression.model_validate(row.expression)
        check_acyclic(session, scope.study.id, structure_id, structure_ids(expression))
        inputs = gather(session, scope.structure_set, expression, used)
        before = labels.mask_before(session, structure_id, structure.head, inputs.grid)
    made = compute(inputs, before)
    with session_scope() as session:
        _, _, scope = _find(session, actor, structure_id)
        repository.lock_set(session, scope.structure_set.id)
        structure, row, _ = _find(session, actor, structure_id)
        labels.check_head(session, structure_id, base)
        check_acyclic(session, scope.study.id, structure_id, structure_ids(expression))
        if row.expression != made.used["expression"]:
            row.expression = made.used["expression"]
            row.defined_by, row.defined_at = actor.user_id, now()
        _keep(session, actor, scope, structure, made)
        return labels.describe_structures(session, [structure])[0]


def _keep(session: Session, actor: Actor, scope: SetScope, structure: Structure, made: Computed) -> None:
    row = _found(repository.derivation(session, structure.id))
    keep(session, structure, row, made, Cause(actor.user_id))
    relink(session, row)
    audit.record(
        session, actor.user_id, "labels.derivation.computed", "structure", structure.id,
        project_id=scope.project.id, changes={"expression": made.words, "revision": row.computed},
    )  # fmt: skip
    _catch_up(session, scope, made)
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)


def _catch_up(session: Session, scope: SetScope, made: Computed) -> None:
    """A source may have got a newer revision while this was computed."""
    for source in DerivedFrom.model_validate(made.used).structures:
        current = repository.structure(session, source.id)
        if current is None or current.head != source.number:
            labels.request_derivation(session, source.id, scope.study, None)


def remove(session: Session, actor: Actor, structure_id: str) -> None:
    """The structure stays as it is, and follows nothing any more."""
    structure, row, scope = _find(session, actor, structure_id)
    session.delete(row)
    audit.record(
        session, actor.user_id, "labels.derivation.removed", "structure", structure.id,
        project_id=scope.project.id,
    )  # fmt: skip
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)


def _find(session: Session, actor: Actor, structure_id: str) -> tuple[Structure, Derivation, SetScope]:
    structure, scope = labels.open_structure(session, actor, structure_id, Permission.ANNOTATE)
    return structure, _found(repository.derivation(session, structure_id)), scope


def _found(row: Derivation | None) -> Derivation:
    if row is None:
        raise NotDerived("this structure is drawn, not derived")
    return row
