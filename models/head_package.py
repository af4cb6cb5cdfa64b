"""A version of the head network: thresholds, plausible volumes, figures on drawn scans, card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.head_labels import STRUCTURES, HeadMap
from models.datasets.head_pictures import EASY_SCANS, SCANS, Picture, draw_easy_scans, draw_scans
from models.evaluation import Score, score_masks, summarise
from models.head_lesions import LESION, describe_lesions, examine_lesions, lesion_rule
from models.inference.anatomy import complete_head
from models.inference.segment import draw_structures, see_picture, segment
from models.mr_preprocessing import MrScale
from models.registry.card import CardText
from models.registry.members import Member, side_by_side
from models.registry.network import (
    SECOND,
    CloseUp,
    Network,
    NetworkManifest,
    StructureRule,
    load_network,
)
from models.registry.package import pack_weights, with_weights, write_version
from models.registry.pictures import RANKS, CasePicture, Shown, draw_picture, ranked_cases
from models.training.moments import above
from models.training.optic_lessons import OPTIC, OPTIC_SPACING_MM
from rt.completion import HEAD
from rt.geometry import Grid
from rt.metrics import dice
from rt.resample import resample

PARTS = {"Eyes": 2, "OpticNrvs": 0, "WhiteMatter": 0, "GreyMatter": 0, "CSF": 0}
"""So many of the largest parts are kept; one of the others."""
SMALLEST_CC = {"OpticNrvs": 0.03}
"""A nerve falls into pieces between orbit and chiasm; smaller ones are specks."""
CUT = ("External", "CSF", "Cerebellum", "Brainstem", "Intracranial")
"""A head scan commonly ends within these."""
VOLUME_FACTORS = (0.5, 1.8)
"""On the smallest and largest volume of the training maps: pictures are scaled by up to 15 % an axis."""
PATCH = 64
FINE = ("Eye_R", "Eye_L", "OpticNrv_R", "OpticNrv_L", "OpticChiasm")
"""What is measured on easy scans as well."""
TRIED = (0.3, 0.4, 0.5, 0.6, 0.7)
TRIED_HEADS = 3
"""Training heads on whose scans the thresholds are chosen."""


@dataclass(frozen=True)
class HeadMembers:
    """The networks of a version: of the anatomy, and where there are such, of tumours, and close up."""

    anatomy: Member
    tumours: Member | None = None
    optic: Member | None = None


@dataclass(frozen=True)
class Release:
    """Where a version is written, and what is said of it."""

    out: Path
    history: str
    """How it was trained, for the card."""
    number: int = 1


def package_heads(
    members: HeadMembers,
    heads: tuple[list[HeadMap], list[HeadMap]],
    release: Release,
    say: Callable[[str], None],
) -> float:
    """Write the version's folder; the mean Dice over structures of the scans of `heads[1]`."""
    network, packed = _chosen(_unruled(members, release.number), heads[0], say)
    lesions = examine_lesions(network, heads[1], say) if members.tumours else None
    scores = _examined(network, draw_scans(heads[1]), say)
    metrics = summarise(scores + (lesions.scores if lesions else []))
    said, found = "", ""
    if lesions:
        metrics["lesions"] = lesions.figures
        found = describe_lesions(lesions.figures)
    if members.optic:
        easy = summarise(_examined(network, draw_easy_scans(heads[1]), say))["structures"]
        metrics["easy"] = {name: easy[name] for name in FINE if name in easy}
        said = describe_easy(metrics["easy"])
    text = replace(_card(release.history, found), figures=said)
    write_version(release.out, network.manifest, packed, metrics, text)
    return float(metrics["mean_dice"])


def _examined(network: Network, pictures: Iterable[Picture], say: Callable[[str], None]) -> list[Score]:
    """The scores of what is drawn on them; a structure that a scan does not show has none there."""
    scores = []
    for picture in pictures:
        seen = see_picture(network, picture.image_kji, picture.grid)
        drawn = draw_structures(network.manifest, seen, picture.grid)
        shown = {name: mask for name, mask in picture.masks.items() if mask.any()}
        scores.append(score_masks(picture.id, drawn, shown, picture.grid))
        fine = " ".join(f"{s.structure} {s.dice:.2f}" for s in scores[-1] if s.structure in FINE)
        say(f"{picture.id} {np.mean([s.dice for s in scores[-1]]):.3f} {fine}")
    return list(chain.from_iterable(scores))


def describe_easy(figures: dict[str, Any]) -> str:
    """A sentence for the card."""
    means = ", ".join(f"{name} {row['dice']['mean']:.2f}" for name, row in figures.items() if row["dice"])
    kinds = ", ".join(f"{kind} in {mm} mm slices" for kind, mm in EASY_SCANS)
    return (
        "The scans of the table hide much of the nerves: thick slices, and orbits in which muscle is as "
        f"bright as the nerve. On easy scans of the same heads ({kinds}, orbits full of fat as in life) the "
        f"mean Dice is {means}."
    )


def picture_heads(network: Network, heads: list[HeadMap], scores: Sequence[Score]) -> list[CasePicture]:
    """The best, median and worst of the scans drawn from the heads that validate, with their anatomy."""
    ranks = {case: (rank, mean) for rank, (case, mean) in ranked_cases(scores).items()}
    pictures = []
    for scan in draw_scans(heads):
        if scan.id in ranks:
            rank, mean = ranks[scan.id]
            drawn = segment(network, scan.image_kji, scan.grid).masks
            both = {name: drawn[name] for name in scan.masks if name in drawn}
            shown = Shown(scan.image_kji, scan.grid, scan.masks, both)
            pictures.append(draw_picture(rank, scan.id, mean, shown))
    return sorted(pictures, key=lambda picture: RANKS.index(picture.rank))


def _unruled(members: HeadMembers, number: int) -> tuple[NetworkManifest, bytes]:
    """The manifest before anything was chosen, and the weights."""
    anatomy, tumours, optic = members.anatomy, members.tumours, members.optic
    member = side_by_side([(anatomy, len(STRUCTURES)), (tumours, 1)]) if tumours else anatomy
    packed = pack_weights(member.weights | (above(optic.weights, SECOND) if optic else {}))
    manifest = NetworkManifest(
        name="head-mr",
        version=number,
        title="Head on MRI of any contrast",
        architecture=member.architecture,
        options=member.options,
        structures=(*STRUCTURES, LESION) if tumours else STRUCTURES,
        spacing_mm=2.0,
        patch=PATCH,
        weights_sha256="",
        window=MrScale(),
        completion=HEAD,
        close_up=CloseUp(optic.architecture, optic.options, OPTIC, OPTIC_SPACING_MM, PATCH)
        if optic
        else None,
    )
    return with_weights(manifest, packed), packed


def _chosen(
    version: tuple[NetworkManifest, bytes], heads: list[HeadMap], say: Callable[[str], None]
) -> tuple[Network, bytes]:
    """The network with the rules that training heads teach, and its weights."""
    manifest, packed = version
    network = load_network(manifest, packed)
    rules = _rules(heads, _thresholds(network, heads[:TRIED_HEADS], say))
    if LESION in manifest.structures:
        rules[LESION] = lesion_rule(network, heads[:TRIED_HEADS], say)
    return replace(network, manifest=replace(manifest, rules=rules)), packed


def _thresholds(network: Network, heads: list[HeadMap], say: Callable[[str], None]) -> dict[str, float]:
    """The threshold of each output that draws scans of training heads best, on the network's grid."""
    scores: dict[str, dict[float, list[float]]] = {n: {t: [] for t in TRIED} for n in STRUCTURES}
    for picture in draw_scans(heads):
        seen = see_picture(network, picture.image_kji, picture.grid)
        for name in STRUCTURES:
            probability, grid = seen.of(network.manifest, name)
            truth = _on(picture, name, grid)
            for threshold in TRIED if truth.any() else ():
                scores[name][threshold].append(dice(probability > threshold, truth))
        say(f"thresholds: {picture.id}")
    means = {name: {t: float(np.mean(v)) for t, v in row.items() if v} for name, row in scores.items()}
    return {name: max(row, key=lambda t: row[t]) for name, row in means.items() if row}


def _on(picture: Picture, name: str, grid: Grid) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    both = {"Eyes": ("Eye_R", "Eye_L"), "OpticNrvs": ("OpticNrv_R", "OpticNrv_L")}.get(name, (name,))
    mask = np.any([picture.masks[part] for part in both], axis=0)
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (
        resample(mask.astype(np.float32), picture.grid, grid, outside=0.0) >= 0.5
    )
    return inside


def _rules(heads: list[HeadMap], thresholds: dict[str, float]) -> dict[str, StructureRule]:
    """Of outputs and of what anatomy makes of them."""
    volumes: dict[str, list[float]] = {}
    for head in heads:
        grid = Grid.of(head.tissues.shape, [1.0] * 3, [0.0] * 3, np.eye(3))
        masks = {name: head.mask(name) for name in STRUCTURES}
        for name, mask in (masks | complete_head(masks, grid)).items():
            volumes.setdefault(name, []).append(float(mask.sum()) / 1000)
    rules = {}
    for name, found in volumes.items():
        present = [cc for cc in found if cc > 0.01]
        low, high = min(present) * VOLUME_FACTORS[0], max(present) * VOLUME_FACTORS[1]
        rule = StructureRule(thresholds.get(name, 0.5), (round(low, 3), round(high, 3)))
        rules[name] = replace(rule, parts=PARTS.get(name, 1), may_be_cut=name in CUT)
        rules[name] = replace(rules[name], smallest_cc=SMALLEST_CC.get(name, 0.0))
    return rules


def _card(history: str, found: str) -> CardText:
    scans = ", ".join(f"{kind} in {mm} mm slices" for kind, mm in SCANS)
    return CardText(
        data="Sixteen label maps of whole heads (SynthSeg's training maps, Billot et al., Medical Image "
        "Analysis 2023; Apache-2.0). No real MRI was learnt from: every training picture was drawn from a "
        "map with random contrast (half of them like T1, most of those after contrast medium), shape, slice "
        "thickness up to 7.5 mm, coil field, noise, field of view and enhancing lesions.",
        split="Maps 1 to 13 trained and gave the thresholds. The figures are of maps 14 to 16, never seen, "
        f"each drawn once as {scans}: hard on purpose, and not real MRI. What a scan does not "
        f"show (eyes under a stripped skull) is not counted on it. {history}",
        limits=f"{found}Measured on drawn scans of three people only. Eyes and optic nerves are told "
        "apart by the mid-plane. **Lenses and pituitary are placed by an anatomical rule, not seen**: a lens "
        "at the front of its globe, the pituitary 11 mm below the chiasm; they have no figures. Intracranial "
        "ends at the lowest slice of the brainstem. Large tumours, resection cavities, children and metal "
        "are untested. Names unknown to TG-263 (Intracranial, WhiteMatter, GreyMatter, CSF) are plain "
        "words.",
    )
