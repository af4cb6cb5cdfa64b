"""What tells subtypes apart: features, clinical columns that go with them, the order of a heat map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform
from scipy.stats import chi2_contingency, false_discovery_control, kruskal

from models.statistics.subtypes_base import Labels
from models.statistics.subtypes_consensus import Consensus
from models.statistics.subtypes_features import Prepared, spearman
from models.statistics.subtypes_scaling import Matrix
from rt.cohort import Column

PERMUTATIONS = 9999
SMALL = 5.0
"""Expected count below which chi-square is judged by permutations (Cochran's rule)."""
SHOWN = 3.0
"""A heat map's values are cut at so many scaled units."""


def characterise(prepared: Prepared, labels: Labels) -> list[dict[str, Any]]:
    """Every feature: Kruskal-Wallis with Benjamini-Hochberg q, and how far each cluster lies from the others.

    The difference of a cluster is (its mean - mean of all others) / pooled SD of the two.  These p values
    rank features; the clusters were made of the same features, so they do not show that clusters exist.
    """
    k = int(labels.max())
    rows: list[dict[str, Any]] = []
    for name, column in zip(prepared.features, prepared.scaled.T, strict=True):
        parts = [column[labels == cluster] for cluster in range(1, k + 1)]
        statistic, p = kruskal(*parts) if np.ptp(column) > 0 else (0.0, 1.0)
        differences = [_difference(column, labels == cluster) for cluster in range(1, k + 1)]
        rows.append(
            {"feature": name, "statistic": float(statistic), "p": float(p), "difference": differences}
        )
    return sorted(_with_q(rows), key=lambda one: (one["p"], one["feature"]))


def _difference(column: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]) -> float | None:
    """Cohen's d of a cluster against the others; None where nothing varies or a side has one patient."""
    ours, others = column[inside], column[~inside]
    if len(ours) < 2 or len(others) < 2:
        return None
    freedom = len(column) - 2
    variance = ((len(ours) - 1) * ours.var(ddof=1) + (len(others) - 1) * others.var(ddof=1)) / freedom
    return float((ours.mean() - others.mean()) / np.sqrt(variance)) if variance > 0 else None


def _with_q(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with `q`, Benjamini-Hochberg over those that have a p."""
    tested = [row for row in rows if row["p"] is not None]
    adjusted: Iterable[float] = false_discovery_control([row["p"] for row in tested]) if tested else []
    found = dict(zip((id(row) for row in tested), adjusted, strict=True))
    return [row | {"q": float(found[id(row)]) if id(row) in found else None} for row in rows]


def associate(
    columns: Sequence[Column], rows: Sequence[int], labels: Labels, seed: int
) -> list[dict[str, Any]]:
    """Each clinical column against the clusters of the patients in `rows` of the table."""
    found = []
    for column in columns:
        known = [i for i, row in enumerate(rows) if column.values[row] is not None]
        values = [column.values[rows[i]] for i in known]
        of = labels[known]
        tested = _category if column.kind == "category" else _number
        head = {"column": column.name, "kind": column.kind, "unit": column.unit, "known": len(known)}
        varied = len(set(values)) > 1 and len(set(of.tolist())) > 1
        found.append(head | (tested(values, of, int(labels.max()), seed) if varied else _untested()))
    return _with_q(found)


def _untested() -> dict[str, Any]:
    return {"test": None, "statistic": None, "p": None, "by_subtype": []}


def _category(values: list[Any], labels: Labels, k: int, seed: int) -> dict[str, Any]:
    names = sorted(set(values))
    counts = [[sum(v == n and one == c for v, one in zip(values, labels, strict=True)) for n in names]
              for c in range(1, k + 1)]  # fmt: skip
    observed = np.array(counts)
    filled = observed[observed.sum(axis=1) > 0]
    result = chi2_contingency(filled, correction=False)
    statistic, p, test = float(result.statistic), float(result.pvalue), "chi-square"
    if result.expected_freq.min() < SMALL:
        test, p = "chi-square, permutations", _permuted(values, names, labels, statistic, seed)
    by = [
        {"subtype": c + 1, "counts": dict(zip(names, map(int, row), strict=True))}
        for c, row in enumerate(observed)
    ]
    return {"test": test, "statistic": statistic, "p": p, "by_subtype": by}


def _permuted(values: list[Any], names: list[Any], labels: Labels, statistic: float, seed: int) -> float:
    """Share of shufflings of the clusters with at least this chi-square."""
    rng = np.random.default_rng(seed)
    of = np.array([names.index(v) for v in values])
    is_name = (of[:, None] == np.arange(len(names))).astype(np.float64)
    present = np.unique(labels)
    sizes = np.array([(labels == c).sum() for c in present])
    expected = sizes[:, None] * is_name.mean(axis=0)
    reached = 0
    for _ in range(PERMUTATIONS):
        shuffled = rng.permutation(labels)
        counts = (shuffled[None, :] == present[:, None]).astype(np.float64) @ is_name
        reached += float(((counts - expected) ** 2 / expected).sum()) >= statistic - 1e-9
    return (1 + reached) / (1 + PERMUTATIONS)


def _number(values: list[Any], labels: Labels, k: int, seed: int) -> dict[str, Any]:
    numbers = np.array(values, np.float64)
    parts = [numbers[labels == c] for c in range(1, k + 1)]
    result = kruskal(*(one for one in parts if len(one)))
    by = []
    for c, part in enumerate(parts, 1):
        low, middle, high = np.percentile(part, [25, 50, 75]).tolist() if len(part) else [None] * 3
        by.append({"subtype": c, "n": len(part), "median": middle, "q1": low, "q3": high})
    return {
        "test": "Kruskal-Wallis",
        "statistic": float(result.statistic),
        "p": float(result.pvalue),
        "by_subtype": by,
    }


def heat_map(prepared: Prepared, found: Consensus) -> dict[str, Any]:
    """Patients by consensus, features by correlation: order, trees (as of scipy) and values in that order."""
    row_tree = optimal_leaf_ordering(found.tree, squareform(1 - found.matrix, checks=False))
    distance = squareform(np.clip(1 - spearman(prepared.scaled), 0, 2), checks=False)
    column_tree = linkage(distance, "average")
    rows, columns = leaves_list(row_tree).tolist(), leaves_list(column_tree).tolist()
    values = np.clip(prepared.scaled[np.ix_(rows, columns)], -SHOWN, SHOWN).round(1)
    return {
        "rows": [prepared.patients[i] for i in rows],
        "columns": [prepared.features[j] for j in columns],
        "values": (values + 0.0).tolist(),
        "limit": SHOWN,
        "row_tree": _rounded(row_tree),
        "column_tree": _rounded(column_tree),
    }


def _rounded(tree: Matrix) -> list[list[float]]:
    """A linkage as JSON: left, right, height, size; heights to four digits."""
    return [[int(a), int(b), round(float(height), 4), int(size)] for a, b, height, size in tree]
