"""Read an RTSTRUCT or SEG that came in as structure sets on its images."""

from __future__ import annotations

from typing import Any

from backend.labels.service import importing
from rt.dicom.parse import read_stored
from rt.errors import RtError
from workers.arriving import WAIT_S, is_unchanged
from workers.runtime import JobContext, job


@job("import-structures", queue="cpu")
def import_structures(context: JobContext) -> dict[str, Any]:
    """All structures of an instance, or a warning on its series and none of them."""
    instance_id = context.parameters["instance_id"]
    with context.session(read_only=True) as session:
        source = importing.find_source(session, instance_id)
    if source is None:
        return {"structure_sets": []}
    try:
        reading = importing.read_structures(source, read_stored(context.storage.get(source.instance.sha256)))
    except RtError as error:
        result: dict[str, Any] = {"structure_sets": [], "refused": error.slug}
        with context.finishing(result) as session:
            importing.refuse(session, instance_id, error.slug, error.detail)
        return result
    result = {}
    with context.finishing(result) as session:
        if not all(is_unchanged(session, incoming.series) for incoming in reading.sets):
            result |= {"structure_sets": [], "reason": "images-changed"}
            context.again(session, WAIT_S)
            return result
        made = importing.take_in(session, instance_id, reading)
        result["structure_sets"] = [row.id for row in made]
    return result
