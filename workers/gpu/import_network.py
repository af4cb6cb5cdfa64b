"""Make a version of an uploaded network, or of a library that is installed here."""

from __future__ import annotations

from typing import Any

from backend.training import exchange
from models.foreign.imported import Wanted
from workers.exchange import keep_version, read_library, read_network
from workers.runtime import JobContext, job


@job("import-network", queue="gpu")
def import_network(context: JobContext) -> dict[str, Any]:
    """The version that it became; the job fails with what of it cannot be used, and where."""
    asked = context.parameters
    context.progress(0.1, "converting")
    if "library" in asked:
        version = read_library(asked["task"], fast=asked["fast"], name=asked["name"])
    else:
        path = context.scratch / "network.zip"
        with context.storage.open(asked["sha256"]) as stream, path.open("wb") as file:
            while piece := stream.read(1 << 20):
                file.write(piece)
        wanted = Wanted(name=asked["name"], mirror=asked["mirror"], allow_code=asked["allow_code"])
        version = read_network(path, wanted, asked["file_name"])
    context.check_cancelled()
    stored = context.storage.put(version.weights)
    result: dict[str, Any] = {}
    with context.finishing(result) as session:
        row = keep_version(session, version, stored, context.created_by(session))
        exchange.release_upload(session, context.claim.job_id)
        result |= {"version_id": row.id, "network": row.name, "version": row.version}
    return result
