"""Storage commitment (PS3.4 Annex J): promises asked of us, and promises of others to us.

What a peer asks is answered by the job `report-commitment`, on an association of its own, when the store
was looked at: an instance is promised when its row and its bytes are there.
"""

from __future__ import annotations

import structlog
from pydicom.dataset import Dataset
from pynetdicom.events import Event
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.dimse import deliveries
from backend.dimse.sending import ASK_TO_COMMIT, referenced
from backend.dimse.service import Admission, peer_of
from backend.dimse.visit import NOT_AUTHORISED, PROCESSING_FAILURE, SUCCESS, status
from backend.jobs.service import JobRequest, enqueue
from backend.kit.db import session_scope
from backend.kit.errors import IntegrityFailure
from backend.kit.storage import storage
from backend.studies.tables import Instance, Series, Study

MAX_REFERENCES = 20_000
"""Instances of one transaction."""
NO_SUCH_ACTION, NO_SUCH_EVENT, INVALID_ARGUMENT = 0x0123, 0x0113, 0x0115
NO_SUCH_INSTANCE, CLASS_CONFLICT = 0x0112, 0x0119
"""Failure Reasons (PS3.3 C.14.1.1)."""
ALL_KEPT, SOME_NOT = 1, 2
"""Event Type IDs (PS3.4 table J.3-2)."""
Answer = tuple[Dataset | int, Dataset | None]
log = structlog.get_logger()


def asked(admission: Admission | None, event: Event) -> Answer:
    """N-ACTION: a peer that we know how to call back wants a promise."""
    if admission is None or peer_of(admission, admission.caller) is None:
        return status(NOT_AUTHORISED, "no peer of this title is known here"), None
    if event.action_type != ASK_TO_COMMIT:
        return status(NO_SUCH_ACTION), None
    try:
        wanted = event.action_information
        instances = _references(wanted, "ReferencedSOPSequence")
        transaction_uid = str(wanted.get("TransactionUID") or "")
        if not instances or not transaction_uid or len(instances) > MAX_REFERENCES:
            return status(INVALID_ARGUMENT, "no transaction, no instances, or too many"), None
        parameters = {
            "transaction_uid": transaction_uid, "instances": instances,
            "peer": admission.caller, "calling": admission.title,
        }  # fmt: skip
        with session_scope() as session:
            enqueue(session, JobRequest("report-commitment", parameters, admission.project_id))
    except Exception as error:  # the edge of the process
        log.exception("dimse.commitment.failed", exc_info=error)
        return status(PROCESSING_FAILURE), None
    return SUCCESS, None


def told(admission: Admission | None, event: Event) -> Answer:
    """N-EVENT-REPORT: what a peer promises of a delivery of ours."""
    if admission is None:
        return status(NOT_AUTHORISED), None
    if event.event_type not in (ALL_KEPT, SOME_NOT):
        return status(NO_SUCH_EVENT), None
    try:
        said = event.event_information
        kept = {uid: True for _, uid in _references(said, "ReferencedSOPSequence")}
        kept |= {uid: False for _, uid in _references(said, "FailedSOPSequence")}
        with session_scope() as session:
            known = deliveries.commit(
                session, admission.project_id, admission.caller, str(said.get("TransactionUID") or ""), kept
            )
    except Exception as error:  # the edge of the process
        log.exception("dimse.commitment.failed", exc_info=error)
        return status(PROCESSING_FAILURE), None
    return (SUCCESS, None) if known else (status(INVALID_ARGUMENT, "no such transaction"), None)


def _references(dataset: Dataset, keyword: str) -> list[tuple[str, str]]:
    items = dataset.get(keyword) or []
    return [
        (str(item.get("ReferencedSOPClassUID") or ""), str(item.get("ReferencedSOPInstanceUID") or ""))
        for item in items
    ]


def judged(
    session: Session, project_id: str, transaction_uid: str, instances: list[tuple[str, str]]
) -> tuple[int, Dataset]:
    """Event type and information of the report: which of the instances are kept here, and why not others."""
    here: dict[str, set[str]] = {}
    for start in range(0, len(instances), 500):
        wanted = [uid for _, uid in instances[start : start + 500]]
        statement = (
            select(Instance)
            .join(Series, Series.id == Instance.series_row_id)
            .join(Study, Study.id == Series.study_row_id)
            .where(Study.project_id == project_id, Instance.sop_instance_uid.in_(wanted))
        )
        for instance in session.scalars(statement):
            if _is_readable(instance):
                here.setdefault(instance.sop_instance_uid, set()).add(instance.sop_class_uid)
    kept = [one for one in instances if one[0] in here.get(one[1], ())]
    conflicts = [one for one in instances if one[1] in here and one[0] not in here[one[1]]]
    absent = [one for one in instances if one[1] not in here]
    information = Dataset()
    information.TransactionUID = transaction_uid
    if kept:
        information.ReferencedSOPSequence = referenced(kept)
    if conflicts or absent:
        information.FailedSOPSequence = [
            *referenced(absent, NO_SUCH_INSTANCE), *referenced(conflicts, CLASS_CONFLICT)
        ]  # fmt: skip
    return (SOME_NOT if conflicts or absent else ALL_KEPT), information


def _is_readable(instance: Instance) -> bool:
    try:
        return storage().size(instance.sha256) == instance.size
    except IntegrityFailure:
        return False
