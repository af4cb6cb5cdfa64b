"""Write a version as a MONAI bundle or as ONNX, into the blob store."""

from __future__ import annotations

from typing import Any

from backend.training import exchange
from backend.training.tables import NetworkVersion
from workers.exchange import written
from workers.runtime import JobContext, job


@job("export-network", queue="gpu")
def export_network(context: JobContext) -> dict[str, Any]:
    """The file's name in the blob store, and whose it is."""
    form = context.parameters["format"]
    context.progress(0.1, "converting")
    with context.session(read_only=True) as session:
        version = session.get_one(NetworkVersion, context.parameters["version_id"])
    stored = context.storage.put(written(version, form))
    result = {"sha256": stored, "format": form, "name": version.name, "version": version.version}
    with context.finishing(result) as session:
        exchange.record_export(session, version, form, context.created_by(session))
    return result
