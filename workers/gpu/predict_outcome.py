"""Say of a new patient what a network of outcome has learnt to say, how unlike he is, and where it looked."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from backend.analyses.configs import NetworkConfig
from backend.analyses.service.cropping import regions
from backend.analyses.tables import Analysis, Prediction
from backend.jobs import service as jobs
from models.outcome.package import explain, load_outcome_network, predict
from rt.errors import RtError
from workers.crops import crop_of, stored_map
from workers.runtime import JobContext, job

KINDS = ("grad-cam", "occlusion")


class NoRegion(RtError):
    """The patient has no image, or nothing of the network's region is drawn on it."""

    slug = "no-region"


@job("predict-outcome", queue="gpu")
def predict_outcome(context: JobContext) -> dict[str, Any]:
    """The prediction with its maps, or a problem by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(Prediction, context.parameters["prediction_id"])
        analysis = session.get_one(Analysis, row.analysis_id)
        settings = NetworkConfig.model_validate(analysis.config)
        choice = regions(session, analysis.project_id, settings, [row.patient_id])[row.patient_id]
    if isinstance(choice, tuple):
        raise NoRegion(choice[1], where=choice[0])
    told = json.loads(context.storage.get(analysis.files["model"]))
    network = load_outcome_network(told, context.storage.get(analysis.files["weights"]))
    context.progress(0.1, "computing")
    crop = crop_of(context, choice, network.config.crop)
    values = row.inputs["values"]
    said = asdict(predict(network, crop, values))
    maps = {}
    for number, kind in enumerate(KINDS):
        context.check_cancelled()
        context.progress(0.4 + 0.3 * number, "computing")
        maps[kind] = stored_map(context, explain(network, crop, values, kind), crop)
    result = {"analysis_id": analysis.id, "prediction_id": row.id}
    with context.finishing(result) as session:
        done = session.get_one(Prediction, row.id)
        done.applicability = {name: said.pop(name) for name in ("distance", "unlike", "cut_off")}
        done.value = said | {name: list(said[name]) for name in ("members", "imputed", "unseen")}
        done.maps = maps
        done.inputs = row.inputs | {"revisions": crop.source["revisions"], "series_id": choice.series_id}
        jobs.announce(session, "prediction", row.id, analysis.project_id)
    return result
