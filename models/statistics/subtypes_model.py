"""A subtype model: nearest centroid in scaled features, as JSON; and how far two tables agree on subtypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

from models.statistics.errors import MissingValues, OtherModel
from models.statistics.subtypes_base import Labels
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_errors import NoSharedPatients, NoSubtypes
from models.statistics.subtypes_features import Prepared, column_of, groups_of, values_of
from models.statistics.subtypes_scaling import Matrix, Scaler
from rt.cohort import CohortTable

Model = Mapping[str, Any]
"""What `model_of` makes: None in its place is an analysis that found no significant clusters."""
VERSION = 1
NEAR = 0.99
"""Share of a subtype's training patients within whose distance a new one is called near enough."""


@dataclass(frozen=True)
class Projection:
    """Principal components: what the features' means are, and the axes (components, features)."""

    mean: Matrix
    axes: Matrix

    @classmethod
    def learn(cls, scaled: Matrix, variance: float) -> Self:
        """As few components as hold this share of the variance."""
        mean = scaled.mean(axis=0)
        _, sizes, axes = np.linalg.svd(scaled - mean, full_matrices=False)
        held = np.cumsum(sizes**2) / (sizes**2).sum()
        return cls(mean, axes[: int(np.searchsorted(held, variance - 1e-12)) + 1])

    def apply(self, scaled: Matrix) -> Matrix:
        """Coordinates (patients, components)."""
        projected: Matrix = (scaled - self.mean) @ self.axes.T
        return projected


def model_of(
    prepared: Prepared, projection: Projection | None, at: Matrix, labels: Labels, config: SubtypeConfig
) -> dict[str, Any]:
    """The model of these clusters: `at` are the patients' coordinates, features or components."""
    k = int(labels.max())
    centroids = np.stack([at[labels == c].mean(axis=0) for c in range(1, k + 1)])
    own = np.linalg.norm(at - centroids[labels - 1], axis=1)
    return {
        "kind": "subtypes",
        "version": VERSION,
        "features": list(prepared.features),
        "scaling": config.scaling,
        "missing_maximum": config.patient_missing_maximum,
        "scaler": prepared.scaler.to_json(),
        "projection": projection and {"mean": projection.mean.tolist(), "axes": projection.axes.tolist()},
        "centroids": centroids.tolist(),
        "sizes": [int((labels == c).sum()) for c in range(1, k + 1)],
        "near": [float(np.quantile(own[labels == c], NEAR)) for c in range(1, k + 1)],
        "training_agreement": float((_distances(centroids, at).argmin(axis=1) + 1 == labels).mean()),
    }


def predict(model: Model | None, values: Mapping[str, float | str | None]) -> dict[str, Any]:
    """The subtype of a patient whose features, and scaling group if the model has one, are in `values`.

    `distances` to all centroids are in scaled units; `margin` is 1 - nearest / second nearest; `inside` says
    whether the patient is as near as 99 % of the subtype's training patients; `missing` were filled with the
    median.  MissingValues, GroupUnusable, OtherModel.
    """
    known = _checked(model)
    names, group = known["features"], str(known["scaler"]["group"])
    row = [values.get(name) for name in names]
    if any(isinstance(one, str) for one in row):
        raise MissingValues(
            "a feature's value is a word", where=next(n for n in names if isinstance(values.get(n), str))
        )
    numbers = np.array([[np.nan if one is None else float(one) for one in row]], np.float64)
    if group and values.get(group) is None:
        raise MissingValues("the model scales within groups, and the patient's is not known", where=group)
    return _predicted(known, numbers, [str(values[group]) if group else ""])[0]


def predict_table(model: Model | None, table: CohortTable, rows: Sequence[int]) -> list[dict[str, Any]]:
    """`predict` for these patients of a table, in their order; the features must be columns of it."""
    known = _checked(model)
    columns = [column_of(table, name) for name in known["features"]]
    groups = groups_of(table, str(known["scaler"]["group"]))
    return _predicted(known, values_of(columns)[list(rows)], [groups[i] for i in rows])


def _checked(model: Model | None) -> Model:
    if model is None:
        raise NoSubtypes("no significant clusters were found, so there is no subtype to predict")
    if model.get("kind") != "subtypes" or model.get("version") != VERSION:
        raise OtherModel(f"not a model of subtypes of version {VERSION}")
    return model


def _predicted(model: Model, numbers: Matrix, groups: Sequence[str]) -> list[dict[str, Any]]:
    names = model["features"]
    missing = ~np.isfinite(numbers)
    numbers = np.where(missing, np.nan, numbers)
    for lacking in missing.mean(axis=1):
        if lacking > model["missing_maximum"]:
            raise MissingValues(f"{lacking:.0%} of {len(names)} features are missing")
    at = Scaler.from_json(model["scaler"]).apply(numbers, groups)
    if model["projection"] is not None:
        at = Projection(np.array(model["projection"]["mean"]), np.array(model["projection"]["axes"])).apply(
            at
        )
    distances = _distances(np.array(model["centroids"]), at)
    return [
        _one(model["near"], row, [names[j] for j in np.flatnonzero(lacks)])
        for row, lacks in zip(distances, missing, strict=True)
    ]


def _one(near: Sequence[float], distances: npt.NDArray[np.float64], missing: list[str]) -> dict[str, Any]:
    first, second = np.sort(distances)[:2]
    subtype = int(distances.argmin()) + 1
    return {
        "subtype": subtype,
        "distance": float(first),
        "distances": distances.tolist(),
        "margin": float(1 - first / second) if second > 0 else 0.0,
        "inside": bool(first <= near[subtype - 1]),
        "missing": missing,
    }


def _distances(centroids: Matrix, at: Matrix) -> Matrix:
    distances: Matrix = np.linalg.norm(at[:, None, :] - centroids[None, :, :], axis=2)
    return distances


def agreement(
    table_a: CohortTable,
    table_b: CohortTable,
    model: Model | None,
    other: Model | None = None,
) -> dict[str, Any]:
    """How far two feature tables of the same patients (AI and human contours) give the same subtypes.

    With one model both tables are predicted by it.  With `other`, table b is predicted by its own model,
    whose subtypes are matched to those of `model` (the most patients in common).  Patients in both count.
    """
    shared = [name for name in table_a.patients if name in set(table_b.patients)]
    if not shared:
        raise NoSharedPatients("the two tables have no patient in common")
    a = _subtypes(model, table_a, shared)
    b = _subtypes(other or model, table_b, shared)
    matching = _matching(a, b) if other else {int(c): int(c) for c in np.unique(b)}
    matched = np.array([matching.get(int(one), -int(one)) for one in b])
    varied = len({*a.tolist(), *matched.tolist()}) > 1
    return {
        "patients": [
            {"patient": name, "a": int(x), "b": int(y), "same": bool(x == y)}
            for name, x, y in zip(shared, a, matched, strict=True)
        ],
        "n": len(shared),
        "only_a": len(table_a.patients) - len(shared),
        "only_b": len(table_b.patients) - len(shared),
        "same": int((a == matched).sum()),
        "adjusted_rand": float(adjusted_rand_score(a, b)),
        "kappa": float(cohen_kappa_score(a, matched)) if varied else None,
        "matching": [{"b": b_name, "a": a_name} for b_name, a_name in sorted(matching.items())],
    }


def _subtypes(model: Model | None, table: CohortTable, patients: Sequence[str]) -> Labels:
    place = {name: i for i, name in enumerate(table.patients)}
    return np.array([one["subtype"] for one in predict_table(model, table, [place[p] for p in patients])])


def _matching(a: Labels, b: Labels) -> dict[int, int]:
    """Subtype of a for each of b, so that as many patients as can be have the same."""
    names_a, names_b = np.unique(a), np.unique(b)
    counts = np.array([[int(((a == x) & (b == y)).sum()) for x in names_a] for y in names_b])
    rows, columns = linear_sum_assignment(-counts)
    return {int(names_b[i]): int(names_a[j]) for i, j in zip(rows, columns, strict=True)}
