"""Look for lesions in a series with a detector, and offer the places that it suspects as candidates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backend.detections import service as detections
from backend.detections.tables import Detection
from backend.studies import service as studies
from backend.studies.tables import Series
from backend.training.tables import NetworkVersion
from models.detection.candidates import find_candidates
from models.inference.segment import predict_volume
from models.registry.network import NetworkManifest, load_network
from workers.arriving import WAIT_S, is_unchanged, wait_for_volume
from workers.runtime import JobContext, job


@job("detect", queue="gpu")
def detect(context: JobContext) -> dict[str, Any]:
    """One candidate per suspicious place; what a reader said of a place before is kept."""
    with context.session(read_only=True) as session:
        row = session.get_one(Detection, context.parameters["detection_id"])
        series = session.get_one(Series, row.series_row_id)
        version = session.get_one(NetworkVersion, row.network_version_id)
    if series.volume is None:
        return wait_for_volume(context, series)
    manifest = NetworkManifest.from_json(version.manifest)
    network = load_network(manifest, context.storage.get(version.weights_sha256))
    hu, grid = studies.load_volume(series)
    context.progress(0.05, "resampling")
    image = manifest.window.prepare(hu, grid, manifest.spacing_mm)

    def report(done: float) -> None:
        context.check_cancelled()
        context.progress(0.1 + 0.8 * done, "network")

    probability = predict_volume(network, image, report)
    found = find_candidates(probability[0], image.grid).candidates
    result: dict[str, Any] = {"detection_id": row.id, "candidates": len(found)}
    with context.finishing(result) as session:
        if is_unchanged(session, series):
            threshold = manifest.rule(manifest.structures[0]).threshold
            detections.keep(session, row.id, threshold, [asdict(one) for one in found])
        else:
            result |= {"candidates": 0, "reason": "images-changed"}
            context.again(session, WAIT_S)
    return result
