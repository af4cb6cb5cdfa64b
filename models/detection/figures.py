"""How good a detector is: slice by slice, lesion by lesion, and over all thresholds (FROC).

Slice-wise means by cross-section, as in the study that this detector follows (`S4` in the plan): of the
lesions' cross-sections in axial slices one is found when a drawn region of the same slice touches it, and a
drawn region is right when it touches one.  Intervals are percentile bootstraps over patients, in whom lesions
are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.detection.candidates import EVERYWHERE, Suspicion

IN_PLANE = np.ones((3, 3), dtype=bool)
FALSE_PER_SCAN = (0.25, 0.5, 1.0, 2.0, 4.0)
RESAMPLES = 2000
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Marked:
    """One scan: every lesion and every candidate, matched by touch."""

    case: str
    sizes_cc: tuple[float, ...]
    """Of each lesion."""
    best: tuple[float, ...]
    """Of each lesion the highest score of the candidates that touch it; 0 where none does."""
    right: tuple[float, ...]
    """Scores of the candidates that touch a lesion."""
    false: tuple[float, ...]
    """Scores of those that touch none."""
    sections: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    """Highest score on each cross-section of a lesion (0: none), scores of the right and of the false drawn
    cross-sections."""


def mark(case: str, suspicion: Suspicion, lesions_kji: npt.NDArray[np.bool_], voxel_cc: float) -> Marked:
    """Match a scan's candidates with its lesions (26-connected parts of a mask on the same axial grid)."""
    parts, count = ndimage.label(lesions_kji, EVERYWHERE)
    scores = np.array([0.0, *(candidate.score for candidate in suspicion.candidates)])
    seen = scores[suspicion.labels_kji]
    best = ndimage.maximum(seen, parts, np.arange(1, count + 1)) if count else []
    touched = set(np.unique(suspicion.labels_kji[lesions_kji]).tolist())
    right, false = (
        tuple(s for n, s in enumerate(scores.tolist()) if n > 0 and (n in touched) == wanted)
        for wanted in (True, False)
    )
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:] * voxel_cc
    sections = _sections(suspicion.labels_kji, scores, lesions_kji)
    return Marked(case, tuple(sizes.tolist()), tuple(float(b) for b in best), right, false, sections)


def _sections(
    labels: npt.NDArray[np.int32], scores: npt.NDArray[np.float64], lesions: npt.NDArray[np.bool_]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    found: list[float] = []
    right: list[float] = []
    false: list[float] = []
    for drawn, there in zip(labels, lesions, strict=True):
        if there.any():
            parts, count = ndimage.label(there, IN_PLANE)
            found += ndimage.maximum(scores[drawn], parts, np.arange(1, count + 1)).tolist()
        for number in np.unique(drawn)[1:] if drawn.any() else ():
            parts, count = ndimage.label(drawn == number, IN_PLANE)
            hits = ndimage.maximum(there, parts, np.arange(1, count + 1))
            for hit in np.atleast_1d(hits):
                (right if hit else false).append(float(scores[number]))
    return tuple(found), tuple(right), tuple(false)


def summarise_detection(marked: Sequence[Marked], threshold: float, small_cc: float = 1.0) -> dict[str, Any]:
    """Figures at a threshold with 95 % intervals, and sensitivity at fixed numbers of false ones a scan."""
    lesions = np.array([[sum(b >= threshold for b in m.best), len(m.best)] for m in marked], dtype=float)
    drawn = np.array([_right_and_all(m, threshold) for m in marked], dtype=float)
    there = np.array(
        [[sum(s >= threshold for s in m.sections[0]), len(m.sections[0])] for m in marked], float
    )
    regions = np.array([_regions(m, threshold) for m in marked], dtype=float)
    small = np.array(
        [
            [sum(b >= threshold and s < small_cc for b, s in zip(m.best, m.sizes_cc, strict=True)),
             sum(s < small_cc for s in m.sizes_cc)]
            for m in marked
        ],
        dtype=float,
    )  # fmt: skip
    false = np.array([[sum(s >= threshold for s in m.false), 1.0] for m in marked])
    return {
        "scans": len(marked),
        "scans_without": sum(not m.sizes_cc for m in marked),
        "threshold": threshold,
        "lesions": int(lesions[:, 1].sum()),
        "slice_wise": {
            "sensitivity": ratio(there),
            "ppv": ratio(regions),
            "sections": int(there[:, 1].sum()),
        },
        "lesion_wise": {
            "sensitivity": ratio(lesions),
            "ppv": ratio(drawn),
            "sensitivity_small": ratio(small),
            "sensitivity_large": ratio(lesions - small),
            "small_cc": small_cc,
            "false_per_scan": ratio(false),
        },
        "froc": froc(marked),
    }


def _right_and_all(m: Marked, threshold: float) -> tuple[int, int]:
    right, false = (sum(s >= threshold for s in group) for group in (m.right, m.false))
    return right, right + false


def _regions(m: Marked, threshold: float) -> tuple[int, int]:
    right, false = (sum(s >= threshold for s in group) for group in m.sections[1:])
    return right, right + false


def ratio(counts: Counts) -> dict[str, float | None]:
    """Sum of the first column over the sum of the second (patients, 2), with a bootstrap interval."""
    if not counts[:, 1].sum():
        return {"value": None, "low": None, "high": None}
    rng = np.random.default_rng(0)
    sums = counts[rng.integers(len(counts), size=(RESAMPLES, len(counts)))].sum(axis=1)
    sums = sums[sums[:, 1] > 0]
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    value = counts[:, 0].sum() / counts[:, 1].sum()
    return {"value": float(value), "low": float(low), "high": float(high)}


def froc(marked: Sequence[Marked]) -> list[dict[str, float | None]]:
    """Sensitivity at each of FALSE_PER_SCAN (the lowest threshold that keeps it), with intervals."""
    false = np.sort([s for m in marked for s in m.false])[::-1]
    rows: list[dict[str, float | None]] = []
    for allowed in FALSE_PER_SCAN:
        most = int(np.floor(allowed * len(marked)))
        threshold = float(np.nextafter(false[most], 2)) if most < len(false) else 0.0
        found = [[sum(b > 0 and b >= threshold for b in m.best), len(m.best)] for m in marked]
        sensitivity = ratio(np.array(found, dtype=float))
        rows.append({"false_per_scan": allowed, "threshold": threshold, **sensitivity})
    return rows


def choose_threshold(marked: Sequence[Marked], least_ppv: float) -> float:
    """The lowest score at which at least `least_ppv` of the drawn cross-sections are right.

    Where none is, the highest score that occurs.
    """
    tried = sorted({s for m in marked for group in m.sections for s in group if s > 0})
    for threshold in tried:
        counts = np.array([_regions(m, threshold) for m in marked], dtype=float).sum(axis=0)
        if counts[1] and counts[0] / counts[1] >= least_ppv:
            return threshold
    return tried[-1] if tried else 1.0
