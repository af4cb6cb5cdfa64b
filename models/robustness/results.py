"""The table of robustness: Dice with intervals under each simulation, beside the same patients as they are.

Intervals are 95 % percentile bootstraps over patients; differences are paired, simulated minus plain, over
the structures that both show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.comparison.results import by_patient, interval_text, mean_of, paired, summary_of
from models.evaluation import Score
from models.registry.network import NetworkManifest
from models.robustness.simulations import PLAIN, SIMULATIONS

POOR_DICE = 0.3
"""Worse than this a contour must not come without a warning."""
Results = dict[str, Any]


def tabulate(version: NetworkManifest, found: Sequence[Results]) -> Results:
    """The results as JSON: a row for each simulation, from what was kept of each patient."""
    plain = _scores(found, PLAIN)
    return {
        "schema": 1,
        "network": {
            "name": version.name,
            "version": version.version,
            "weights_sha256": version.weights_sha256,
        },
        "structures": list(version.structures),
        "cases": [case["case"] for case in found],
        "poor_dice": POOR_DICE,
        "rows": [_row(name, found, plain) for name in SIMULATIONS],
    }


def _row(name: str, found: Sequence[Results], plain: list[Score]) -> Results:
    scores = _scores(found, name)
    both = {(s.case, s.structure) for s in scores}
    beside = [s for s in plain if (s.case, s.structure) in both]
    poor = [s for s in scores if s.dice < POOR_DICE]
    return {
        "name": name,
        "n": len({s.case for s in scores}),
        "dice": mean_of(list(by_patient(scores).values())),
        "structures": {
            one: summary_of([s for s in scores if s.structure == one])
            for one in dict.fromkeys(s.structure for s in scores)
        },
        "difference": None if name == PLAIN else paired(beside, scores),
        "drawn": len(scores),
        "flagged": sum(s.flagged for s in scores),
        "poor": len(poor),
        "unflagged": [
            {"case": s.case, "structure": s.structure, "dice": s.dice} for s in poor if not s.flagged
        ],
        "left_out": {
            case["case"]: case["shown"][name]["problem"] for case in found if case["shown"][name]["problem"]
        },
    }


def _scores(found: Sequence[Results], name: str) -> list[Score]:
    return [Score(**score) for case in found for score in case["shown"][name]["scores"]]


def markdown(results: Results) -> str:
    """The results as tables: by simulation; by structure; then what was poor and not flagged, or left out."""
    limit = f"{results['poor_dice']:g}"
    lines = [
        f"{len(results['cases'])} patients ({', '.join(results['cases'])}). In brackets 95 % intervals by "
        "bootstrap over patients; differences in Dice are paired, simulated minus plain.",
        "",
        f"| Shown | n | Mean Dice | Difference | Flagged | Below {limit} | Not flagged |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        difference = "" if row["difference"] is None else interval_text(row["difference"]["all"], 3)
        lines.append(
            f"| {row['name']} | {row['n']} | {interval_text(row['dice'], 3)} | {difference} |"
            f" {row['flagged']} of {row['drawn']} | {row['poor']} | {len(row['unflagged'])} |"
        )
    lines += ["", "| Structure | Shown | n | Dice | Difference | Verdict |", "|---|---|---|---|---|---|"]
    for name in results["structures"]:
        lines += [_structure(row, name) for row in results["rows"] if name in row["structures"]]
    lines += [""]
    for row in results["rows"]:
        lines += [
            f"- {row['name']}: {s['structure']} of {s['case']} has Dice {s['dice']:.2f} and no flag"
            for s in row["unflagged"]
        ]
        lines += [f"- {row['name']}: without {case}: {why}" for case, why in row["left_out"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _structure(row: Results, name: str) -> str:
    found = row["structures"][name]
    cells = f"| {name} | {row['name']} | {found['n']} | {interval_text(found['dice'], 3)} |"
    if row["difference"] is None:
        return f"{cells} | |"
    beside = row["difference"]["structures"][name]
    return f"{cells} {interval_text(beside, 3)} | {beside['verdict']} |"
