"""The audit trail as people read it: each entry with who acted, and the patient and structure it concerns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.service import require_administrator
from backend.admin import repository
from backend.admin.schemas import AuditOut, AuditPatient, AuditQuery
from backend.audit import service as audit
from backend.audit.service import Wanted
from backend.audit.tables import AuditEntry
from backend.projects import service as projects
from backend.projects.service import Permission

MOST_PATIENTS = 5
"""Patients named with one entry; an import may bring hundreds."""


def read_audit(session: Session, actor: Actor, query: AuditQuery, before: int | None) -> list[AuditOut]:
    """Acts, newest first: of a project for its administrators, of the installation for its own.

    Patients and structures are named, and searched by, in the projects that the reader is a member of.
    """
    if query.project_id is None:
        require_administrator(actor)
        visible = projects.visible_project_ids(session, actor)
    else:
        projects.require(session, actor, query.project_id, Permission.ADMINISTER)
        visible = [query.project_id]
    wanted = Wanted(
        project_ids=None if query.project_id is None else (query.project_id,),
        object_id=query.object_id,
        actor_ids=repository.people_called(query.user) if query.user else None,
        before=before,
        limit=query.limit,
    )
    if query.patient:
        found = repository.objects_of_patients(query.patient, visible)
        wanted = wanted.about(found, visible)
    return _told(session, audit.entries(session, wanted), visible)


def _told(session: Session, rows: Sequence[AuditEntry], visible: Sequence[str]) -> list[AuditOut]:
    people = repository.people(session, {row.actor_id for row in rows if row.actor_id})
    objects = {row.number: _objects(row) for row in rows if row.project_id in visible}
    ids = {one for found in objects.values() for one in found}
    patients: dict[str, AuditPatient] = {}
    structures: dict[str, str] = {}
    for object_id, patient_id, name, structure in repository.patients_of(session, ids, visible):
        patients[object_id] = AuditPatient(patient_id=patient_id, name=name)
        if structure is not None:
            structures[object_id] = structure
    told: list[AuditOut] = []
    for row in rows:
        named = [patients[one] for one in objects.get(row.number, ()) if one in patients]
        out = AuditOut.model_validate(row)
        out.actor_name = people.get(row.actor_id or "")
        out.patients = list({(one.patient_id, one.name): one for one in named}.values())[:MOST_PATIENTS]
        out.structure_name = structures.get(row.object_id or "") if row.number in objects else None
        told.append(out)
    return told


def _objects(row: AuditEntry) -> list[str]:
    """What an entry is about: its object, and the studies that an import brought."""
    studies = row.changes.get("studies")
    brought = [one for one in studies if isinstance(one, str)] if isinstance(studies, list) else []
    return [*([row.object_id] if row.object_id else []), *brought[: 10 * MOST_PATIENTS]]
