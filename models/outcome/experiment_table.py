"""Figures of a planted experiment as JSON and as the table that goes into the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

SHOWN = ("sensitivity", "specificity", "accuracy")


def summary(
    planting: dict[str, Any], ceiling: float, results: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """What a table needs of the results of the regions."""
    regions = {}
    for name, result in results.items():
        regions[name] = {
            "patients": result["patients"],
            "models": {
                model: {"auc": one["auc"]} | {key: one["operating_point"][key] for key in SHOWN}
                for model, one in result["models"].items()
            },
            "comparisons": result["comparisons"],
            "map": _looked(result["predictions"]),
        }
    return {"planting": planting, "ceiling": ceiling, "regions": regions}


def _looked(predictions: list[dict[str, Any]]) -> dict[str, float] | None:
    """How much of Grad-CAM lies within the region, and how much of the crop the region is; means."""
    seen = [
        (one["map_in_region"], one["region_share"]) for one in predictions if one["map_in_region"] is not None
    ]
    if not seen:
        return None
    inside, share = np.mean(seen, axis=0)
    more = float(np.mean([mass > part for mass, part in seen]))
    return {"patients": len(seen), "inside": float(inside), "share": float(share), "more_than_share": more}


def table(found: dict[str, Any]) -> str:
    """Markdown: a row a region and model, then the paired tests and where the networks looked."""
    planting = found["planting"]
    lines = [
        f"Rule `{planting['rule']}`, seed {planting['seed']}, effect {planting['effect']:g}; AUC of the "
        f"planted quantity itself {found['ceiling']:.2f}.",
        "",
        "| region | model | AUC | sensitivity | specificity | accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for region, one in found["regions"].items():
        for model, figures in one["models"].items():
            cells = " | ".join(_interval(figures[key]) for key in ("auc", *SHOWN))
            lines.append(f"| {region} | {model} | {cells} |")
    lines.append("")
    for region, one in found["regions"].items():
        lines += [f"- {region}: {_tested(test)}" for test in one["comparisons"]]
        if one["map"]:
            looked = one["map"]
            lines.append(
                f"- {region}: {looked['inside']:.0%} of Grad-CAM lies in the region, which is "
                f"{looked['share']:.0%} of the crop; more than its share in {looked['more_than_share']:.0%} "
                f"of {looked['patients']} patients"
            )
    lines += [f"- network, {_tested(test)}" for test in found["regions_compared"]]
    return "\n".join(lines) + "\n"


def _tested(test: dict[str, Any]) -> str:
    p = "p < .001" if test["p"] < 0.001 else f"p = {test['p']:.3f}"
    return (
        f"{test['second']} less {test['first']}: {test['difference']:+.2f} "
        f"({test['low']:+.2f} to {test['high']:+.2f}), {p}"
    )


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.2f} ({estimate['low']:.2f}–{estimate['high']:.2f})"
