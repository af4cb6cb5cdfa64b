"""How well tumours are found in drawn heads: counted one by one, as a reader counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.datasets.head_labels import HeadMap
from models.datasets.head_pictures import draw_lesion_scans
from models.evaluation import Score, score_masks
from models.inference.segment import Prediction, Segmentation, on_native_grid, see_picture
from models.registry.network import Network, NetworkManifest, StructureRule
from models.training.lesion_lessons import LESIONS
from rt.geometry import Grid

LESION = LESIONS[0]
RULE = StructureRule(volume_cc=(0.0, 200.0), parts=0, may_be_cut=True, smallest_cc=0.03, may_be_absent=True)
TRIED = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
MOST_FALSE = 1.0
"""False ones per scan of training heads that the threshold may let through."""
Mask = npt.NDArray[np.bool_]
EVERYWHERE = np.ones((3, 3, 3), dtype=bool)
SMALL_CC = 0.27
"""Of a ball of 8 mm: smaller ones are counted apart."""


@dataclass(frozen=True)
class LesionCount:
    """One scan."""

    case: str
    sizes_cc: list[float]
    """Of each lesion that is there."""
    found: list[bool]
    """Whether what was drawn touches it."""
    false: int
    """Drawn parts that touch no lesion."""


def count_lesions(case: str, drawn: Mask, truth: Mask, voxel_cc: float) -> LesionCount:
    """Match the parts (26-connected) of two masks (k, j, i) by overlap."""
    lesions, n = ndimage.label(truth, EVERYWHERE)
    parts, m = ndimage.label(drawn, EVERYWHERE)
    touched = set(np.unique(lesions[drawn])) - {0}
    right = set(np.unique(parts[truth])) - {0}
    sizes = np.bincount(lesions.ravel(), minlength=n + 1)[1:] * voxel_cc
    return LesionCount(case, sizes.tolist(), [k in touched for k in range(1, n + 1)], m - len(right))


def summarise_lesions(counts: Sequence[LesionCount]) -> dict[str, Any]:
    """Sensitivity (all, and of small and larger ones), and false ones per scan."""
    sizes = np.array([cc for count in counts for cc in count.sizes_cc])
    found = np.array([hit for count in counts for hit in count.found], dtype=bool)
    small = sizes < SMALL_CC
    return {
        "scans": len(counts),
        "lesions": len(sizes),
        "sensitivity": _share(found),
        "sensitivity_small": _share(found[small]),
        "sensitivity_large": _share(found[~small]),
        "small_cc": SMALL_CC,
        "false_per_scan": float(np.mean([count.false for count in counts])) if counts else None,
    }


def _share(found: Mask) -> float | None:
    return float(found.mean()) if found.size else None


@dataclass(frozen=True)
class LesionExamination:
    """Scores of the scans that have lesions, and the counts over all of them."""

    scores: list[Score]
    figures: dict[str, Any]


def lesion_rule(network: Network, heads: list[HeadMap], say: Callable[[str], None]) -> StructureRule:
    """The threshold that finds most with at most MOST_FALSE false lesions a scan, the highest of equals."""
    counts: dict[float, list[LesionCount]] = {threshold: [] for threshold in TRIED}
    for picture in draw_lesion_scans(heads):
        seen = see_picture(network, picture.image_kji, picture.grid)
        for threshold, found in counts.items():
            manifest = _with_rule(network.manifest, replace(RULE, threshold=threshold))
            drawn = _lesions(manifest, seen, picture.grid)
            found.append(count_lesions(picture.id, drawn, picture.lesions, picture.grid.voxel_mm3 / 1000))
        say(f"lesion threshold: {picture.id}")
    summaries = {threshold: summarise_lesions(found) for threshold, found in counts.items()}
    say("\n".join(f"{threshold}: {summary}" for threshold, summary in summaries.items()))
    good = [t for t, summary in summaries.items() if summary["false_per_scan"] <= MOST_FALSE]
    best = max(good, key=lambda t: (summaries[t]["sensitivity"] or 0.0, t), default=max(TRIED))
    return replace(RULE, threshold=best)


def examine_lesions(network: Network, heads: list[HeadMap], say: Callable[[str], None]) -> LesionExamination:
    """How the version's own threshold does on heads it has not seen."""
    scores, counts = [], []
    for picture in draw_lesion_scans(heads):
        seen = see_picture(network, picture.image_kji, picture.grid)
        drawn = _lesions(network.manifest, seen, picture.grid)
        counts.append(count_lesions(picture.id, drawn, picture.lesions, picture.grid.voxel_mm3 / 1000))
        if picture.lesions.any():
            segmentation, truth = Segmentation({LESION: drawn}, []), {LESION: picture.lesions}
            scores += score_masks(picture.id, segmentation, truth, picture.grid)
        say(f"lesions: {counts[-1]}")
    return LesionExamination(scores, summarise_lesions(counts))


def describe_lesions(figures: dict[str, Any]) -> str:
    """A sentence for the card."""
    shares = (figures[key] for key in ("sensitivity", "sensitivity_small", "sensitivity_large"))
    every, small, large = ("–" if share is None else f"{share:.2f}" for share in shares)
    return (
        f"**Tumours** ({LESION}) are looked for in T1 after contrast medium: of {figures['lesions']} drawn "
        f"lesions in {figures['scans']} scans {every} were found ({small} of those below "
        f"{figures['small_cc']} cc, {large} of the larger), with {figures['false_per_scan']:.2f} false ones "
        "a scan. On other contrasts it is of no use. "
    )


def _lesions(manifest: NetworkManifest, seen: Prediction, grid: Grid) -> Mask:
    """As `draw_structures` would draw them, without the anatomy."""

    def drawn(name: str) -> Mask:
        probability = seen.probability[manifest.structures.index(name)]
        return on_native_grid(probability, seen.grid, grid, manifest.rule(name))

    return drawn(LESION) & drawn("Intracranial")


def _with_rule(manifest: NetworkManifest, rule: StructureRule) -> NetworkManifest:
    return replace(manifest, rules=manifest.rules | {LESION: rule})
