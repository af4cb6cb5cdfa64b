"""From doses and outcomes to a map with honest figures: `analyse`.

Nested cross-validation judges the map beside clinical terms and DVHs; the final map is learnt from all
patients at the penalty of the outer folds' curve; permutations say whether and where it is more than chance,
subsamples how steadily its voxels are selected.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.dose_maps.baselines import baselines
from models.dose_maps.config import MapConfig
from models.dose_maps.convex import Convex, Fit
from models.dose_maps.effective import effective_dose_gy, weights_of
from models.dose_maps.judging import judge
from models.dose_maps.significance import Significance, ask
from models.dose_maps.stability import Stability, stability
from models.dose_maps.study import Study, Volume
from models.dose_maps.validation import SHARE, Candidate, Validated, validate
from models.dose_maps.work import Run, Work
from models.statistics.results import plain

UNITS = {
    "continuous": "outcome a Gy",
    "binary": "log odds a Gy",
    "survival": "log hazard a Gy",
}
"""Of a voxel's map: what 1 Gy more in that voxel alone adds."""
SLICES = 6
"""Of the map that a result carries for its figures."""
Arrays = dict[str, Volume]


def analyse(study: Study, config: MapConfig, run: Run) -> tuple[dict[str, Any], Arrays]:
    """The result as plain JSON (`kind: "dose-map"`) and arrays (k, j, i) float32 on the organ's grid.

    `map_kji` (per Gy in that voxel; `UNITS`), `selection_kji` (frequency 0 to 1), `significant_kji` (0 or 1),
    `weight_kji` (|map|, sum 1), `p_kji` (family-wise).  Errors as of `Study.check`, AnalysisConfigError,
    CheckpointError, Stopped.
    """
    config.check()
    study.check(config.folds)
    work = Work.begin(study, config, run)
    validated = validate(work)
    predictions = baselines(study, validated.folds, config.inner_folds, config.seed)
    solver = work.solvers[validated.final.rank]
    batch = work.design.batch
    penalty = validated.final.fraction * solver.highest(batch)
    final = _final(work, validated.final)
    work.say(SHARE + 0.05, "final")
    tested = ask(work, solver, penalty, final) if config.permutations else None
    steady = stability(work, solver, penalty) if config.subsamples else None
    arrays = _arrays(work, final, tested, steady)
    result = {
        "schema": 1,
        "kind": "dose-map",
        "config": config.to_json(),
        "outcome": _outcome(study),
        "organ": _organ(work),
        "unit": UNITS[study.outcome.kind],
        "validation": _validation(work, validated),
        "judged": judge(
            study.outcome, validated.folds, predictions | {"map": validated.predictions}, config.seed
        ),
        "map": _map(arrays, float(penalty[0])),
        "significance": None if tested is None else _tested(work, tested, arrays),
        "stability": None if steady is None else _steady(work, steady, arrays),
        "patients": _patients(study, validated, predictions, arrays),
        "matrices": _slices(study, arrays),
    }
    return plain(result), arrays


def _final(work: Work, chosen: Candidate) -> Fit:
    """The map of all patients; along the path, so that it is the one whose penalty was judged."""
    solver, batch = work.solvers[chosen.rank], work.design.batch
    fractions = [one for one in work.config.fractions if one >= chosen.fraction]
    if isinstance(solver, Convex):
        return solver.path(batch, fractions)[-1]
    return solver.path(batch, work.config.fractions)[len(fractions) - 1]


def _arrays(work: Work, final: Fit, tested: Significance | None, steady: Stability | None) -> Arrays:
    blocks = work.design.blocks
    found = work.design.map_kji(final.maps[0])
    p = np.ones_like(found) if tested is None else blocks.spread(tested.p)
    p[~work.study.mask_kji] = 1
    return {
        "map_kji": found,
        "weight_kji": weights_of(found),
        "p_kji": p,
        "significant_kji": ((p <= work.config.alpha) & (found != 0)).astype(np.float32),
        "selection_kji": np.zeros_like(found) if steady is None else blocks.spread(steady.frequency),
    }


def _outcome(study: Study) -> dict[str, Any]:
    outcome = study.outcome
    known = {"kind": outcome.kind, "patients": len(outcome.values)}
    if outcome.kind == "continuous":
        return known | {"mean": float(outcome.values.mean()), "sd": float(outcome.values.std(ddof=1))}
    return known | {"events": int(outcome.happened.sum())}


def _organ(work: Work) -> dict[str, Any]:
    study, blocks = work.study, work.design.blocks
    organ = study.doses_nkji[:, study.mask_kji].astype(np.float64)
    return {
        "shape_kji": list(study.mask_kji.shape),
        "spacing_mm": list(study.spacing_mm),
        "voxels": int(study.mask_kji.sum()),
        "block_voxels": blocks.edge,
        "blocks": int(blocks.mask.sum()),
        "mean_dose_gy": float(organ.mean()),
        "dose_sd_gy": float(organ.std(axis=0, ddof=1).mean()),
        "effective_directions": _directions(work),
        "clinical": list(study.clinical_names),
    }


def _directions(work: Work) -> float:
    """How many independent ways doses vary: (Σ variances)² / Σ variances² of principal components."""
    doses = work.design.doses.cpu().double()
    values = torch.linalg.eigvalsh(doses @ doses.T).clamp_min(0)
    return float(values.sum() ** 2 / values.square().sum())


def _validation(work: Work, validated: Validated) -> dict[str, Any]:
    return {
        "folds": len(validated.folds),
        "final": asdict(validated.final),
        "chosen": [asdict(one) for one in validated.chosen],
        "curve": [{**asdict(one), "loss": loss, "error": error} for one, loss, error in validated.curve],
    }


def _map(arrays: Arrays, penalty: float) -> dict[str, Any]:
    found = arrays["map_kji"]
    return {
        "penalty": penalty,
        "voxels": int((found != 0).sum()),
        "positive": float(found[found > 0].sum()),
        "negative": float(found[found < 0].sum()),
        "highest": float(found.max()),
        "lowest": float(found.min()),
    }


def _tested(work: Work, tested: Significance, arrays: Arrays) -> dict[str, Any]:
    count = int(arrays["significant_kji"].sum())
    voxel_cc = float(np.prod(work.study.spacing_mm)) / 1000
    return {
        "any_p": tested.any_p,
        "any_observed": tested.any_observed,
        "any_permutations": len(tested.any_null),
        "permutations": work.config.permutations,
        "observed": tested.observed,
        "threshold": float(np.quantile(tested.null, 1 - work.config.alpha)),
        "least_p": float(arrays["p_kji"].min()),
        "voxels": count,
        "volume_cc": count * voxel_cc,
        "null": [{"highest": float(one)} for one in tested.null],
    }


def _steady(work: Work, steady: Stability, arrays: Arrays) -> dict[str, Any]:
    stable = arrays["selection_kji"] >= work.config.stable
    return {
        "subsamples": work.config.subsamples,
        "threshold": work.config.stable,
        "voxels": int((stable & work.study.mask_kji).sum()),
        "selected_on_average": steady.selected_on_average,
        "false_bound": steady.bound,
    }


def _patients(
    study: Study, validated: Validated, predictions: dict[str, npt.NDArray[np.float64]], arrays: Arrays
) -> list[dict[str, Any]]:
    """A row a patient: what happened, out-of-fold linear predictors, effective dose of the final map."""
    effective = effective_dose_gy(study.doses_nkji, arrays["weight_kji"])
    mean = study.doses_nkji[:, study.mask_kji].mean(axis=1, dtype=np.float64)
    fold = np.zeros(len(mean), dtype=int)
    for number, test in enumerate(validated.folds):
        fold[test] = number + 1
    names = study.patients or tuple(str(one + 1) for one in range(len(mean)))
    events = study.outcome.events
    return [
        {
            "patient": name,
            "fold": int(fold[n]),
            "value": float(study.outcome.values[n]),
            **({} if events is None else {"event": bool(events[n])}),
            "mean_dose_gy": float(mean[n]),
            "effective_dose_gy": float(effective[n]),
            "predictions": {key: float(own[n]) for key, own in predictions.items()}
            | {"map": float(validated.predictions[n])},
        }
        for n, name in enumerate(names)
    ]


def _slices(study: Study, arrays: Arrays) -> list[dict[str, Any]]:
    """Axial slices through the organ for figures, six digits: `{"k", "map", "significant", "organ"}`."""
    held = np.flatnonzero(study.mask_kji.any(axis=(1, 2)))
    places = np.unique(np.linspace(held[0], held[-1], SLICES + 2).round().astype(int)[1:-1])
    j, i = (np.flatnonzero(study.mask_kji.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    box = (slice(int(j[0]), int(j[-1]) + 1), slice(int(i[0]), int(i[-1]) + 1))
    return [
        {
            "k": int(k),
            "map": [[float(f"{one:.6g}") for one in row] for row in arrays["map_kji"][k][box]],
            "significant": arrays["significant_kji"][k][box].astype(int).tolist(),
            "organ": study.mask_kji[k][box].astype(int).tolist(),
        }
        for k in places
    ]
