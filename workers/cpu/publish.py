"""Write a structure set as the RTSTRUCT and SEG series that DICOMweb shows."""

from __future__ import annotations

from typing import Any

from backend.exports import service as exports
from backend.exports.objects import WRITERS, OutgoingSet
from backend.labels.tables import StructureSet
from backend.studies import service as studies
from backend.studies.errors import NoVolume
from backend.studies.tables import Series, Study
from workers.arriving import wait_for_volume
from workers.runtime import JobContext, job

WAIT_S = 60.0
"""Between two looks whether the network is through, however it ended; what it draws brings this forward."""


@job("publish", queue="cpu")
def publish(context: JobContext) -> dict[str, Any]:
    """Both objects in place of those published before; what is not DICOM or as it came in is left alone."""
    set_id = context.parameters["structure_set_id"]
    try:
        return _publish(context, set_id)
    except NoVolume:
        with context.session(read_only=True) as session:
            owner = session.get_one(StructureSet, set_id)
            series = session.get_one(Series, owner.series_row_id)
        return wait_for_volume(context, series)


def _publish(context: JobContext, set_id: str) -> dict[str, Any]:
    with context.session(read_only=True) as session:
        outgoing = exports.collect(session, set_id)
        waits = outgoing is not None and exports.awaits_network(session, outgoing)
    if outgoing is None or not _is_publishable(outgoing):
        return {"published": []}
    if waits:
        return context.postpone(WAIT_S, {"published": [], "reason": "awaits-network"})
    objects = [studies.store_derived_object(name, write(outgoing)) for name, write in WRITERS.items()]
    result: dict[str, Any] = {"published": []}
    with context.finishing(result) as session:
        study = session.get(Study, outgoing.structure_set.study_row_id)
        if study is not None and session.get(StructureSet, set_id) is not None:
            if session.get_one(Series, outgoing.structure_set.series_row_id).volume is None:
                raise NoVolume("more of its images came meanwhile")
            for derived in objects:
                made = studies.replace_derived_instance(session, study, set_id, derived)
                result["published"].append(made.sop_instance_uid)
    return result


def _is_publishable(outgoing: OutgoingSet) -> bool:
    as_dicom = bool(outgoing.reference.sop_instance_uids)
    return as_dicom and bool(outgoing.leaving) and not exports.is_untouched_import(outgoing)
