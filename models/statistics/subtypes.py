"""Imaging subtypes: consensus clustering of a cohort's features, and whether there are clusters at all.

Only `train` patients are clustered; `test` patients are predicted.  The result is plain JSON without NaN,
from which figures and a methods paragraph are made, and a pure function of table and settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from models.statistics.errors import StatisticsError
from models.statistics.subtypes_base import Labels, Points
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_consensus import (
    CDF_POINTS,
    Consensus,
    choose,
    consensus,
    delta_areas,
    silhouettes,
)
from models.statistics.subtypes_description import associate, characterise, heat_map
from models.statistics.subtypes_features import Prepared, prepare
from models.statistics.subtypes_model import Projection, agreement, model_of, predict, predict_table
from models.statistics.subtypes_null import Gap, against_one_gaussian
from models.statistics.subtypes_scaling import Matrix
from models.statistics.subtypes_stability import STABLE, jaccards, under_noise
from rt.cohort import CohortTable

__all__ = ["SubtypeConfig", "agreement", "analyse", "predict", "predict_table"]
MATRICES_UP_TO = 400
"""Training patients above which only the chosen k's consensus matrix is in the result."""


def analyse(table: CohortTable, config: SubtypeConfig) -> dict[str, Any]:
    """Subtypes of the training patients, as `docs/subtypes.md` lists them; StatisticsError, RtError.

    Where no k is significantly better than one Gaussian, `clusters_found` is false: patients then have a
    `candidate` cluster but no `subtype`, and there is no model and nothing that describes clusters.
    """
    prepared = prepare(table, config)
    projection = Projection.learn(prepared.scaled, config.pca_variance) if config.pca_variance else None
    at = projection.apply(prepared.scaled) if projection else prepared.scaled
    points = Points.of(at)
    streams = [np.random.default_rng(one) for one in np.random.SeedSequence(config.seed).spawn(4)]
    found = consensus(points, config, config.subsamples, streams[0])
    gaps, expected_pac = against_one_gaussian(points, config, streams[1])
    chosen = choose(found, expected_pac, config)
    gap = gaps[chosen.k - config.k_minimum]
    is_found = gap.p_adjusted < config.alpha
    model = model_of(prepared, projection, at, chosen.labels, config) if is_found else None
    new, refused = _new_patients(table, model)
    return {
        "kind": "subtypes",
        "table": table.digest(),
        "config": config.to_json(),
        "counts": _counts(table, prepared, at),
        "features": _features(prepared),
        "patients_left_out": prepared.patients_left_out + refused,
        "by_k": _by_k(found, expected_pac, gaps),
        "cdf_points": CDF_POINTS.round(2).tolist(),
        "k": chosen.k,
        "clusters_found": is_found,
        "significance": _significance(gap, config),
        "clusters": _clusters(chosen.labels, jaccards(points, chosen.labels, config, streams[2])),
        "noise": under_noise(prepared, projection, chosen.labels, config, streams[3]),
        "patients": _patients(prepared, points, chosen, model) + new,
        "characteristics": characterise(prepared, chosen.labels) if is_found else [],
        "clinical": associate(table.clinical, prepared.rows, chosen.labels, config.seed) if is_found else [],
        "heat_map": heat_map(prepared, chosen) | {"annotations": _annotations(table, prepared)},
        "matrices": _matrices(found, chosen),
        "model": model,
    }


def _significance(gap: Gap, config: SubtypeConfig) -> dict[str, Any]:
    return {
        "p": gap.p_adjusted,
        "p_alone": gap.p,
        "z": gap.z,
        "alpha": config.alpha,
        "simulations": config.simulations,
    }


def _matrices(found: Sequence[Consensus], chosen: Consensus) -> list[dict[str, Any]]:
    return [
        {"k": one.k, "percent": _percent(one.matrix)}
        for one in found
        if one is chosen or len(chosen.labels) <= MATRICES_UP_TO
    ]


def _counts(table: CohortTable, prepared: Prepared, at: Matrix) -> dict[str, int]:
    return {
        "patients": len(table.patients),
        "train": table.roles.count("train"),
        "test": table.roles.count("test"),
        "clustered": len(prepared.patients),
        "features": len(prepared.features) + len(prepared.features_left_out),
        "features_used": len(prepared.features),
        "dimensions": at.shape[1],
    }


def _features(prepared: Prepared) -> dict[str, Any]:
    used = [{"feature": n, "icc": icc} for n, icc in zip(prepared.features, prepared.icc, strict=True)]
    return {"used": used, "left_out": prepared.features_left_out}


def _by_k(
    found: Sequence[Consensus], expected_pac: Sequence[float], gaps: Sequence[Gap]
) -> list[dict[str, Any]]:
    """What speaks for each k."""
    return [
        {
            "k": one.k,
            "pac": one.pac,
            "expected_pac": expected,
            "area": one.area,
            "delta_area": delta,
            "silhouette": one.silhouette,
            "cdf": [round(float(value), 4) for value in one.cdf],
            "sizes": np.bincount(one.labels)[1:].tolist(),
            "gap": {name: value for name, value in asdict(gap).items() if name != "k"},
        }
        for one, delta, expected, gap in zip(found, delta_areas(found), expected_pac, gaps, strict=True)
    ]


def _clusters(labels: Labels, jaccard: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {"cluster": c, "size": int((labels == c).sum()), "jaccard": value, "stable": value >= STABLE}
        for c, value in enumerate(jaccard, 1)
    ]


def _patients(
    prepared: Prepared, points: Points, chosen: Consensus, model: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Each clustered patient, with its silhouette and its mean consensus with the others of its cluster."""
    same = chosen.labels[:, None] == chosen.labels
    np.fill_diagonal(same, False)
    item = (chosen.matrix * same).sum(axis=1) / np.maximum(same.sum(axis=1), 1)
    widths = silhouettes(points, chosen.labels)
    return [
        {
            "patient": name,
            "role": "train",
            "subtype": int(label) if model else None,
            "candidate": int(label),
            "silhouette": float(width),
            "consensus": float(mean),
        }
        for name, label, width, mean in zip(prepared.patients, chosen.labels, widths, item, strict=True)
    ]


def _new_patients(
    table: CohortTable, model: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Test patients as the model predicts them, and those that it refuses."""
    predicted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for row, (name, role) in enumerate(zip(table.patients, table.roles, strict=True)):
        if role == "train" or model is None:
            continue
        try:
            predicted.append({"patient": name, "role": role} | predict_table(model, table, [row])[0])
        except StatisticsError as error:
            refused.append({"patient": name, "slug": error.slug, "value": None})
    return predicted, refused


def _annotations(table: CohortTable, prepared: Prepared) -> list[dict[str, Any]]:
    """Clinical columns of the clustered patients, for the bars beside a heat map."""
    return [
        {
            "column": one.name,
            "kind": one.kind,
            "unit": one.unit,
            "values": {
                name: one.values[row] for name, row in zip(prepared.patients, prepared.rows, strict=True)
            },
        }
        for one in table.clinical
    ]


def _percent(matrix: Matrix) -> list[list[int]]:
    """Lower triangle with diagonal, in the order of the clustered patients."""
    rounded = np.rint(matrix * 100).astype(int)
    return [row[: i + 1].tolist() for i, row in enumerate(rounded)]
