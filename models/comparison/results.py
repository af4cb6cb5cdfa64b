"""The table of a comparison: means with intervals over patients, cost, and differences from the best.

Intervals are percentile bootstraps over patients (95 %), differences are paired: the same patients, entry
minus best.  Entries stand in the order of their mean Dice: of each patient over the structures, then over
patients.  Surely worse is an entry whose difference from the best lies below zero with its whole interval.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from models.comparison.config import Comparison
from models.evaluation import SURFACE_TOLERANCE_MM, Score, compare
from rt.statistics import mean_interval

MEASURES = ("dice", "surface_dice", "hd95_mm")
LEAST_FOR_INTERVAL = 3
"""With fewer patients a bootstrap says nothing."""
Results = dict[str, Any]


def tabulate(comparison: Comparison, outcomes: list[Results]) -> Results:
    """The results as JSON: what was asked, and a row for each entry that has an outcome, best first."""
    rows = [
        _row(json.loads(json.dumps(asdict(entry))), outcome)
        for entry, outcome in zip(comparison.entries, outcomes, strict=False)
    ]
    rows.sort(key=lambda row: -1.0 if row["mean_dice"] is None else row["mean_dice"], reverse=True)
    best = next((row for row in rows if row["mean_dice"] is not None), None)
    for rank, row in enumerate(rows, start=1):
        row["rank"] = None if row["mean_dice"] is None else rank
        compared = best is not None and row is not best and row["mean_dice"] is not None
        row["difference"] = _difference(best, row) if best is not None and compared else None
        row["surely_worse"] = best is not None and compared and _lies_below(row["difference"]["all"])
    return {
        "schema": 1,
        "structures": list(comparison.manifest.structures),
        "train": len(comparison.manifest.split("train")),
        "evaluate": comparison.evaluate,
        "cases": [case.id for case in comparison.measured],
        "tolerance_mm": SURFACE_TOLERANCE_MM,
        "spacing_mm": comparison.spacing_mm,
        "patch": comparison.patch,
        "missing": [entry.name for entry in comparison.entries[len(outcomes) :]],
        "entries": rows,
    }


def _row(entry: Results, outcome: Results) -> Results:
    row: Results = {**entry, "problem": outcome["problem"], "structures": {}, "scores": []}
    row |= dict.fromkeys(("mean_dice", "mean_dice_interval", "training", "seconds", "peak_mib"))
    if outcome["problem"] is not None:
        return row
    cases = outcome["predicting"]
    scores = [Score(**score) for case in cases for score in case["scores"]]
    row["training"] = outcome["training"]
    row["seconds"] = float(np.mean([case["seconds"] for case in cases]))
    row["peak_mib"] = float(max(case["peak_mib"] for case in cases))
    row["structures"] = {
        name: summary_of([s for s in scores if s.structure == name])
        for name in dict.fromkeys(s.structure for s in scores)
    }
    row["scores"] = [asdict(score) for score in scores]
    whole = mean_of(list(by_patient(scores).values()))
    row["mean_dice"], row["mean_dice_interval"] = (None, None) if whole is None else (whole["mean"], whole)
    return row


def _lies_below(difference: Results | None) -> bool:
    return difference is not None and difference["high"] is not None and bool(difference["high"] < 0)


def summary_of(scores: list[Score]) -> Results:
    """Number, missed, and each measure's mean with its interval, over one structure's scores."""
    summary: Results = {"n": len(scores), "missed": sum(s.hd95_mm is None for s in scores)}
    for measure in MEASURES:
        values = [v for s in scores if (v := getattr(s, measure)) is not None]
        summary[measure] = mean_of(values)
    return summary


def mean_of(values: list[float]) -> Results | None:
    """Mean and interval; no interval below three values, nothing at all without any."""
    if not values:
        return None
    low, high = mean_interval(np.array(values)) if len(values) >= LEAST_FOR_INTERVAL else (None, None)
    return {"mean": float(np.mean(values)), "low": low, "high": high}


def _difference(best: Results, row: Results) -> Results:
    scores = ([Score(**s) for s in one["scores"]] for one in (best, row))
    return {"best": best["name"], **paired(*scores)}


def paired(base: list[Score], new: list[Score]) -> Results:
    """Differences in Dice, new minus base: over all structures (patient by patient), and of each."""
    its, mine = (by_patient(scores) for scores in (base, new))
    return {
        "all": mean_of([mine[case] - its[case] for case in mine if case in its]),
        "structures": {
            c.structure: {"mean": c.difference, "low": c.ci_low, "high": c.ci_high, "verdict": c.verdict}
            for c in compare(base, new)
        },
    }


def by_patient(scores: Iterable[Score]) -> dict[str, float]:
    """The mean Dice of each patient over the structures scored."""
    values: dict[str, list[float]] = {}
    for score in scores:
        values.setdefault(score.case, []).append(score.dice)
    return {case: float(np.mean(found)) for case, found in values.items()}


def markdown(results: Results) -> str:
    """The results as two tables: by entry, and by entry and structure; failures below."""
    done = [row for row in results["entries"] if row["problem"] is None]
    asked = f"{len(results['cases'])} patients of the {results['evaluate']} split"
    lines = [
        f"{asked}; {results['train']} scans trained or were atlases. Surface Dice at "
        f"{results['tolerance_mm']:g} mm. In brackets 95 % intervals by bootstrap over patients; "
        "differences in Dice are paired, entry minus best.",
        "",
        "| | Entry | Mean Dice | Difference from the best | Training min | Iterations | Parameters |"
        " Prediction s | Peak MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in done:
        cost = row["training"]
        lines.append(
            f"| {row['rank']} | {row['name']} | {interval_text(row['mean_dice_interval'], 3)} |"
            f" {_beside(row)} | {cost['minutes']:.1f} | {cost['iterations']:.0f} |"
            f" {cost['parameters'] / 1e6:.2f} M | {row['seconds']:.1f} | {row['peak_mib']:.0f} |"
        )
    lines += ["", "| Structure | Entry | n | Dice | Surface Dice | HD95 mm | Missed | Beside the best |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name in results["structures"]:
        for row in (r for r in done if name in r["structures"]):
            found = row["structures"][name]
            lines.append(
                f"| {name} | {row['name']} | {found['n']} | {interval_text(found['dice'], 3)} |"
                f" {interval_text(found['surface_dice'], 3)} | {interval_text(found['hd95_mm'], 1)} |"
                f" {found['missed']} | {_verdict(row, name)} |"
            )
    failed = [row for row in results["entries"] if row["problem"] is not None]
    lines += ["", *(f"- **{row['name']}** failed: {row['problem']['detail']}" for row in failed)]
    if results["missing"]:
        lines.append(f"- Not run yet: {', '.join(results['missing'])}")
    return "\n".join(lines).rstrip() + "\n"


def _beside(row: Results) -> str:
    return "the best" if row["difference"] is None else interval_text(row["difference"]["all"], 3)


def _verdict(row: Results, structure: str) -> str:
    if row["difference"] is None:
        return "the best"
    found: str = row["difference"]["structures"][structure]["verdict"]
    return found


def interval_text(value: Results | None, digits: int) -> str:
    """For a table: the mean, and its interval in brackets where there is one."""
    if value is None:
        return "–"
    mean = f"{value['mean']:.{digits}f}"
    return (
        mean if value["low"] is None else f"{mean} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"
    )
