"""How good predictions are beside what people drew: per case, per structure, and version against version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.inference.segment import Prediction, Segmentation, draw_structures, on_native_grid, see_picture
from models.registry.network import Network, NetworkManifest, StructureRule
from rt.geometry import Grid
from rt.manifest import Case, DatasetManifest
from rt.metrics import dice, hd95_mm, surface_dice
from rt.resample import read_nifti
from rt.statistics import mean_interval

SURFACE_TOLERANCE_MM = 3.0
Verdict = Literal["better", "same", "worse"]


@dataclass(frozen=True)
class Score:
    """One structure of one case."""

    case: str
    structure: str
    dice: float
    surface_dice: float
    """At 3 mm (Nikolov et al. 2021)."""
    hd95_mm: float | None
    """None where the network drew nothing or nothing was to be drawn."""
    flagged: bool
    """The plausibility check doubted it."""


@dataclass(frozen=True)
class Comparison:
    """One structure, new version minus the one in use, over the same patients."""

    structure: str
    n: int
    base_dice: float
    new_dice: float
    difference: float
    ci_low: float
    ci_high: float
    """95 % bootstrap interval of the mean paired difference."""
    base_sdsc: float
    new_sdsc: float
    verdict: Verdict


def read_case(
    manifest: DatasetManifest, case: Case
) -> tuple[npt.NDArray[Any], Grid, dict[str, npt.NDArray[np.bool_]]]:
    """Image, grid and the known structures' masks of a case."""
    image, grid = read_nifti(manifest.path(case.image))
    field, _ = read_nifti(manifest.path(case.labels))
    masks = {name: (field >> bit & 1).astype(bool) for name, bit in case.bits.items()}
    return image, grid, masks


def evaluate(
    network: Network,
    manifest: DatasetManifest,
    cases: Iterable[Case],
    on_case: Callable[[str], None] = lambda case: None,
) -> list[Score]:
    """Scores of every known structure of every case, on the case's own grid."""
    scores: list[Score] = []
    for case in cases:
        scores += score_case(network.manifest, manifest, case, predict_case(network, manifest, case))
        on_case(case.id)
    return scores


def predict_case(network: Network, manifest: DatasetManifest, case: Case) -> Prediction:
    """What the network sees in a case."""
    return see_picture(network, *read_nifti(manifest.path(case.image)))


def draw_case(network: Network, manifest: DatasetManifest, case: Case) -> Segmentation:
    """What the network draws of a case, on the case's own grid."""
    grid = read_case(manifest, case)[1]
    return draw_structures(network.manifest, predict_case(network, manifest, case), grid)


def score_case(
    version: NetworkManifest, manifest: DatasetManifest, case: Case, prediction: Prediction
) -> list[Score]:
    """Scores of the case's known structures, drawn by the version's thresholds."""
    _, grid, truth = read_case(manifest, case)
    return score_masks(case.id, draw_structures(version, prediction, grid), truth, grid)


def score_masks(
    case: str, drawn: Segmentation, truth: dict[str, npt.NDArray[np.bool_]], grid: Grid
) -> list[Score]:
    """Scores of what was drawn of a case, for each structure that has a truth."""
    doubted = {finding.structure for finding in drawn.findings}
    return [
        _score((case, name), mask, truth[name], grid, name in doubted)
        for name, mask in drawn.masks.items()
        if name in truth
    ]


def _score(
    key: tuple[str, str],
    drawn: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    grid: Grid,
    flagged: bool,
) -> Score:
    if not drawn.any() or not truth.any():
        agreement = dice(drawn, truth)
        return Score(*key, agreement, agreement, None, flagged)
    return Score(
        *key,
        dice(drawn, truth),
        surface_dice(drawn, truth, grid, SURFACE_TOLERANCE_MM),
        hd95_mm(drawn, truth, grid),
        flagged,
    )


def summarise(scores: list[Score]) -> dict[str, Any]:
    """Per structure n, mean, standard deviation and quartiles of each score, and every score behind them."""
    by_structure: dict[str, Any] = {}
    for name in dict.fromkeys(s.structure for s in scores):
        own = [s for s in scores if s.structure == name]
        by_structure[name] = {"n": len(own), "dice": _spread([s.dice for s in own])}
        by_structure[name]["surface_dice_3mm"] = _spread([s.surface_dice for s in own])
        by_structure[name]["hd95_mm"] = _spread([s.hd95_mm for s in own if s.hd95_mm is not None])
        by_structure[name]["missed"] = sum(s.hd95_mm is None for s in own)
    mean = float(np.mean([row["dice"]["mean"] for row in by_structure.values()])) if by_structure else 0.0
    return {"mean_dice": mean, "structures": by_structure, "scores": [asdict(s) for s in scores]}


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    low, middle, high = np.percentile(values, [25, 50, 75])
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "q1": float(low),
        "median": float(middle),
        "q3": float(high),
        "min": float(np.min(values)),
        "max": float(np.max(values)),
    }


def compare(base: list[Score], new: list[Score]) -> list[Comparison]:
    """Structure by structure, the paired difference in Dice with its interval; worse first."""
    before = {(s.case, s.structure): s for s in base}
    rows: list[Comparison] = []
    for name in dict.fromkeys(s.structure for s in new):
        pairs = [(before[(s.case, name)], s) for s in new if s.structure == name and (s.case, name) in before]
        if pairs:
            rows.append(_compare_one(name, pairs))
    return sorted(rows, key=lambda row: row.difference)


def _compare_one(name: str, pairs: list[tuple[Score, Score]]) -> Comparison:
    differences = np.array([new.dice - old.dice for old, new in pairs])
    low, high = mean_interval(differences)
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "same"
    return Comparison(
        name,
        len(pairs),
        float(np.mean([old.dice for old, _ in pairs])),
        float(np.mean([new.dice for _, new in pairs])),
        float(differences.mean()),
        low,
        high,
        float(np.mean([old.surface_dice for old, _ in pairs])),
        float(np.mean([new.surface_dice for _, new in pairs])),
        verdict,
    )


def choose_thresholds(
    manifest: DatasetManifest, predictions: Mapping[str, Prediction], candidates: tuple[float, ...]
) -> dict[str, dict[float, float]]:
    """Mean Dice per structure and threshold over the predicted cases; the caller takes the best."""
    totals: dict[str, dict[float, list[float]]] = {
        name: {c: [] for c in candidates} for name in manifest.structures
    }
    for case in (case for case in manifest.cases if case.id in predictions):
        _, grid, truth = read_case(manifest, case)
        seen = predictions[case.id]
        for index, name in enumerate(manifest.structures):
            for candidate in candidates if name in truth else ():
                rule = StructureRule(candidate)
                mask = on_native_grid(seen.probability[index], seen.grid, grid, rule)
                totals[name][candidate].append(dice(mask, truth[name]))
    return {name: {c: float(np.mean(v)) for c, v in row.items() if v} for name, row in totals.items()}
