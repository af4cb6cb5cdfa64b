"""Draws patients as they are and under each simulation, and keeps every score.

A folder holds one JSON file a patient, written after each simulation; what is in it is not done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluation import read_case, score_masks
from models.inference.segment import draw_structures, see_picture
from models.registry.network import Network
from models.robustness.picture import NotSimulated, Patient, Shown
from models.robustness.results import markdown, tabulate
from models.robustness.simulations import SIMULATIONS, Simulation
from rt.acquisition import expected_dice
from rt.errors import RtError
from rt.manifest import Case, DatasetManifest

RESULTS, TABLE, CASES, VERSION = "results.json", "table.md", "cases", "version.json"
JAW = "Bone_Mandible"
Rows = dict[str, Any]


class OtherVersion(RtError):
    """A folder that holds the results of another network version."""

    slug = "other-version"


def run_robustness(
    network: Network,
    manifest: DatasetManifest,
    cases: Sequence[Case],
    out: Path,
    say: Callable[[str], None] = lambda line: None,
) -> Rows:
    """The table over the cases; also `results.json` and `table.md` in `out`, after each patient.

    OtherVersion of a folder begun with other weights.
    """
    _claim(network, out)
    found: list[Rows] = []
    results = tabulate(network.manifest, found)
    for case in cases:
        found.append(_of_case(network, manifest, case, out / CASES / f"{case.id}.json", say))
        results = tabulate(network.manifest, found)
        (out / RESULTS).write_text(json.dumps(results, indent=1) + "\n")
        (out / TABLE).write_text(markdown(results))
    return results


def _claim(network: Network, out: Path) -> None:
    version = {"name": network.manifest.name, "weights_sha256": network.manifest.weights_sha256}
    (out / CASES).mkdir(parents=True, exist_ok=True)
    stored = out / VERSION
    if stored.exists() and json.loads(stored.read_text()) != version:
        raise OtherVersion("holds results of other weights; choose another folder", where=str(out))
    stored.write_text(json.dumps(version) + "\n")


def _of_case(
    network: Network, manifest: DatasetManifest, case: Case, path: Path, say: Callable[[str], None]
) -> Rows:
    found: Rows = json.loads(path.read_text()) if path.exists() else {"case": case.id, "shown": {}}
    if found["shown"].keys() >= SIMULATIONS.keys():
        return found
    image, grid, truth = read_case(manifest, case)
    # the same for the same patient, whoever else is measured
    patient = Patient(
        image.astype(np.float32), grid, truth.get(JAW), int.from_bytes(case.id.encode()) % 2**32
    )
    for name, simulation in SIMULATIONS.items():
        if name not in found["shown"]:
            found["shown"][name] = _measured((case.id, truth), network, patient, simulation)
            unfinished = path.with_suffix(".part")
            unfinished.write_text(json.dumps(found, indent=1) + "\n")
            unfinished.replace(path)
            say(f"{case.id} {name}")
    return found


def _measured(
    known: tuple[str, dict[str, Any]], network: Network, patient: Patient, simulation: Simulation
) -> Rows:
    case, truth = known
    try:
        shown = simulation(patient)
    except NotSimulated as error:
        return {"problem": str(error), "scores": [], "expected": {}, "findings": []}
    return {"problem": None, **_drawn(network, shown, case, truth)}


def _drawn(network: Network, shown: Shown, case: str, truth: dict[str, Any]) -> Rows:
    version = network.manifest
    seen = see_picture(network, shown.hu_kji, shown.grid)
    drawn = draw_structures(version, seen, shown.drawn_on)
    left = {name: mask[shown.rows] for name, mask in truth.items()}
    scores = score_masks(case, drawn, {n: mask for n, mask in left.items() if mask.any()}, shown.drawn_on)
    expected = {
        name: round(expected_dice(seen.probability[n], version.rule(name).threshold), 4)
        for n, name in enumerate(version.structures)
    }
    return {
        "scores": [asdict(score) for score in scores],
        "expected": expected,
        "findings": [asdict(finding) for finding in drawn.findings],
    }
