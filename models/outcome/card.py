"""The card of a network of outcome: what it was asked, how well it answers, what it is not for."""

from __future__ import annotations

from typing import Any

NAMES = {
    "network": "network",
    "clinical": "clinical variables",
    "radiomics": "features",
    "combined": "network with clinical variables",
}


def render_outcome_card(result: dict[str, Any]) -> str:
    """Markdown, from the result of an analysis alone."""
    config, patients = result["config"], result["patients"]
    parts = [
        f"# Network of outcome: {result['endpoint']['name']}",
        "**Not for clinical use.** It was made for research on one cohort and has been shown no other.",
        "## What it reads",
        _reads(config),
        "## Data",
        f"{patients['train']} patients to learn from, {patients['events']} with the event; "
        f"{patients['test']} set aside once; {len(result['left_out'])} left out.",
        "## Figures",
        f"Each patient was predicted by networks that had not seen that patient ({config['folds']} folds of "
        f"{config['members']} networks). Intervals are of 95 % and tell the chance of sampling patients, not "
        "that of another training.",
        "\n".join(_table(result)),
        *_tests(result),
        "## Limits",
        "The figures are of networks that learnt in folds, not of the final ones, which learnt from all the "
        "patients to learn from. Nothing is known of other hospitals, scanners or treatments; a patient far "
        "from the training cohort is flagged. A map shows what spoke for the event in the network, not a "
        "cause.",
    ]
    return "\n\n".join(parts) + "\n"


def _reads(config: dict[str, Any]) -> str:
    crop = config["crop"]
    region = crop["region"]
    names = (" or " if region["any_of"] else " and ").join(region["structures"]) or "whole image"
    if region["without"]:
        names += f", without {', '.join(region['without'])}"
    if region["isodose_gy"] is not None:
        names += f", where the dose is at least {region['isodose_gy']:g} Gy"
    outside = "blanked" if crop["outside"] == "blank" else "shown"
    dose = "image and dose" if crop["dose"] else "image"
    beside = f"; beside it {', '.join(config['clinical'])}" if config["clinical_in_network"] else ""
    return (
        f"{crop['modality']}, {dose}; region: {names}; {crop['size']} voxels of {crop['spacing_mm']:g} mm a "
        f"side, what lies outside the region {outside}{beside}. {config['network'].upper()} network."
    )


def _table(result: dict[str, Any]) -> list[str]:
    survival = result["endpoint"]["kind"] == "survival"
    if survival:
        rows = ["| model | concordance |", "|---|---|"]
        return rows + [
            f"| {NAMES[name]} | {_interval(one['concordance'])} |" for name, one in result["models"].items()
        ]
    rows = [
        "| model | AUC | sensitivity | specificity | accuracy | Brier score |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in result["models"].items():
        point = one["operating_point"]
        shares = " | ".join(_interval(point[key]) for key in ("sensitivity", "specificity", "accuracy"))
        rows.append(
            f"| {NAMES[name]} | {_interval(one['auc'])} | {shares} | {one['calibration']['brier']:.3f} |"
        )
    return rows


def _tests(result: dict[str, Any]) -> list[str]:
    said = [
        f"{NAMES[one['second']]} less {NAMES[one['first']]}: {one['difference']:+.3f} "
        f"({one['low']:+.3f} to {one['high']:+.3f}), p = {one['p']:.3f}."
        for one in result["comparisons"]
    ]
    return ["Paired on the same patients: " + " ".join(said)] if said else []


def _interval(estimate: dict[str, float] | None) -> str:
    if estimate is None:
        return "–"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f}–{estimate['high']:.2f})"
