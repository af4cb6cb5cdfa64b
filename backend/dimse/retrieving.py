"""C-GET and C-MOVE: which instances an identifier names, and each of them as the receiver takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import structlog
from pydicom.dataset import Dataset
from sqlalchemy.exc import OperationalError

from backend.dicomweb.errors import BadQuery
from backend.dicomweb.query import Level, Named, parse_query
from backend.dicomweb.service import ProjectScope, Stored, find, search
from backend.dimse.finding import keys_of, level_of
from backend.dimse.syntaxes import Taken, leaving
from backend.kit.errors import AppError, NotFound
from rt.errors import RtError

log = structlog.get_logger()


def instances(scope: ProjectScope, identifier: Dataset, root: str) -> list[Stored]:
    """The instances of a request (PS3.4 C.4.2.1.4); BadQuery where it does not say which."""
    level, keys = level_of(identifier, root), keys_of(identifier)
    studies, series, wanted = (
        [uid for uid in keys.get(keyword, "").split("\\") if uid]
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    )
    if level == "PATIENT":
        studies, series, wanted = _studies_of(scope, keys.get("PatientID", "")), [], []
    elif not studies or (level != "STUDY" and not series) or (level == "IMAGE" and not wanted):
        raise BadQuery(f"the unique keys of level {level} are missing")
    found: dict[str, Stored] = {}
    for study in studies:
        for one in series if level in ("SERIES", "IMAGE") else [None]:
            for stored in _found(scope, Named(study, one)):
                if level != "IMAGE" or stored.instance.sop_instance_uid in wanted:
                    found[stored.instance.id] = stored
    return list(found.values())


def _studies_of(scope: ProjectScope, patient_id: str) -> list[str]:
    """Of exactly this patient: a retrieval has no wild cards."""
    if not patient_id:
        raise BadQuery("the Patient ID is missing")
    rows = search(scope, parse_query(Level.STUDY, [("PatientID", patient_id)]))
    return [row["0020000D"]["Value"][0] for row in rows if row["00100020"].get("Value") == [patient_id]]


def _found(scope: ProjectScope, named: Named) -> Sequence[Stored]:
    try:
        return find(scope, named)
    except NotFound:
        return []


def data_sets(found: Sequence[Stored], taken: Taken) -> Iterator[Dataset]:
    """Each instance to send; one that cannot be read has its UID only, and fails as a sub-operation."""
    for stored in found:
        try:
            yield leaving(stored.instance, taken)
        except (AppError, RtError, OperationalError) as error:
            log.exception("dimse.retrieve.unreadable", exc_info=error, instance_id=stored.instance.id)
            failed = Dataset()
            failed.SOPInstanceUID = stored.instance.sop_instance_uid
            yield failed
