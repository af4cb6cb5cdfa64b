"""Agreement of the readers of a consensus, STAPLE and majority, and the regions to decide on."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from backend.consensus import service
from backend.consensus.service import Inputs
from rt.agreement import AgreementConfig, agreement
from rt.consensus import Disagreement, Staple, disagreement, majority, staple
from rt.masks import Mask, encode_mask, volume_cc
from workers.runtime import JobContext, job

SMALLEST_SHARE = 0.005
"""Of the union: smaller regions are decided by the method, not by a person."""


@job("consensus", queue="cpu")
def consensus(context: JobContext) -> dict[str, Any]:
    """Figures into the task's row, masks and regions into the blob store."""
    consensus_id = context.parameters["consensus_id"]
    with context.session(read_only=True) as session:
        inputs = service.gather(session, consensus_id)
    if inputs is None:
        return {"readers": 0}
    masks = list(inputs.masks.values())
    context.progress(0.1, "computing")
    estimate, most = staple(masks, inputs.grid), majority(masks, inputs.grid)
    union_ml = volume_cc(np.logical_or.reduce(masks), inputs.grid)
    context.progress(0.3, "computing")
    split = disagreement(masks, inputs.grid, SMALLEST_SHARE * union_ml)
    figures = agreement(inputs.masks, inputs.grid, AgreementConfig(tolerance_mm=inputs.tolerance_mm))
    context.progress(0.9, "computing")
    results = {
        "agreement": figures.to_json(),
        "staple": {
            "iterations": estimate.iterations,
            "converged": estimate.converged,
            "volume_ml": volume_cc(estimate.mask_kji, inputs.grid),
        },
        "majority_ml": volume_cc(most, inputs.grid),
        "union_ml": union_ml,
        "regions": _regions(split, estimate, most, inputs),
        "smallest_ml": SMALLEST_SHARE * union_ml,
        "left_out_ml": split.left_out_ml,
    }
    numbers = zlib.compress(split.regions_kji.astype("<i4").tobytes(), 1)
    files = {
        "staple": context.storage.put(encode_mask(estimate.mask_kji)),
        "majority": context.storage.put(encode_mask(most)),
        "regions": context.storage.put(numbers),
    }
    result: dict[str, Any] = {"readers": len(masks), "regions": len(split.regions)}
    with context.finishing(result) as session:
        service.keep(session, consensus_id, results, files)
    return result


def _regions(split: Disagreement, estimate: Staple, most: Mask, inputs: Inputs) -> list[dict[str, Any]]:
    """All voxels of a region have the same decisions, so its middle stands for it."""
    readers = list(inputs.masks)
    return [
        {
            "number": region.number,
            "included_by": [readers[one] for one in region.included_by],
            "volume_ml": region.volume_ml,
            "centre_kji": list(region.centre_kji),
            "probability": float(estimate.probability_kji[region.centre_kji]),
            "majority": bool(most[region.centre_kji]),
        }
        for region in split.regions
    ]
