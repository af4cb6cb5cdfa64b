"""A network from elsewhere made into a version: manifest, safetensors, card."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from safetensors.torch import save

from models.foreign.bundle import is_bundle, read_bundle
from models.foreign.errors import ForeignUnreadable
from models.foreign.exporting import is_ours, read_ours
from models.foreign.files import ForeignFiles
from models.foreign.imported import Foreign, Wanted
from models.foreign.nnunet import is_results_folder, read_results
from models.registry.network import NetworkManifest

KINDS = {
    "monai-bundle": "MONAI bundle",
    "nnunet": "nnU-Net v2 results folder",
    "totalsegmentator": "TotalSegmentator",
}
LONGEST_NAME = 64


@dataclass(frozen=True)
class Version:
    """A version ready to be stored; its number is for whoever stores it."""

    manifest: NetworkManifest
    weights: bytes
    card: str


def import_network(files: ForeignFiles, wanted: Wanted) -> Version:
    """The version of a MONAI bundle or an nnU-Net results folder.

    ForeignError or WeightsError say what of it cannot be used, and at which key or in which file.
    """
    if is_ours(files):
        manifest, weights = read_ours(files)
        name = wanted.name or manifest.name
        return _version(
            manifest, name, weights, _source("monai-bundle", files, manifest.source.get("labels"))
        )
    if is_bundle(files):
        foreign = read_bundle(files, wanted)
    elif is_results_folder(files):
        foreign = read_results(files, wanted)
    else:
        detail = (
            "neither a MONAI bundle (configs/metadata.json) nor an nnU-Net folder (plans.json, dataset.json)"
        )
        raise ForeignUnreadable(detail, where=files.name)
    return as_version(foreign, wanted.name, _source(foreign.kind, files, foreign.labels))


def as_version(foreign: Foreign, name: str, source: dict[str, Any]) -> Version:
    """The version of a network in our terms."""
    spacings = [n for n in foreign.picture.spacing_kji_mm if n > 0]
    manifest = NetworkManifest(
        name="",
        version=1,
        title=foreign.title,
        architecture=foreign.architecture,
        options=foreign.options,
        structures=tuple(foreign.labels),
        spacing_mm=min(spacings, default=1.0),
        patch=max(foreign.practice.patch_kji) if foreign.practice else 1,
        weights_sha256="",
        window=foreign.picture,
        rules=foreign.rules,
        practice=foreign.practice,
    )
    return _version(manifest, name or foreign.title, save(foreign.weights), source, foreign.notes)


def _version(
    manifest: NetworkManifest, name: str, weights: bytes, source: dict[str, Any], notes: tuple[str, ...] = ()
) -> Version:
    named = replace(
        manifest,
        name=slug(name),
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        source=source,
        version=1,
    )
    return Version(named, weights, render_foreign_card(named, notes))


def _source(kind: str, files: ForeignFiles, labels: dict[str, str] | None) -> dict[str, Any]:
    return {"kind": kind, "name": files.name[:100], "sha256": files.sha256, "labels": labels or {}}


def slug(name: str) -> str:
    """A network's name in lower case with hyphens, as the shipped ones have."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_NAME].strip("-")
    return plain or "imported"


def render_foreign_card(manifest: NetworkManifest, notes: tuple[str, ...] = ()) -> str:
    """Markdown: where it comes from, that it was not measured here, and how it is asked."""
    source = manifest.source
    kind = KINDS[source["kind"]]
    mapped = [(ours, theirs) for ours, theirs in source["labels"].items() if ours != theirs]
    rows = [f"| {ours} | {theirs} |" for ours, theirs in mapped]
    window = manifest.window.describe()
    practice = manifest.practice.describe() if manifest.practice else "in its own way"
    parts = [
        f"# {manifest.title}, version {manifest.version}",
        "**Not for clinical use.** Every contour is a proposal that a qualified person checks and corrects.",
        "## What it draws",
        ", ".join(manifest.structures) + ".",
        *(
            ["## Names it came with", "\n".join(["| structure | its own name |", "|---|---|", *rows])]
            if rows
            else []
        ),
        "## Origin",
        f"Imported: {kind}, “{source['name']}”, SHA-256 `{source['sha256']}`.",
        *notes,
        "## Figures",
        "Unknown: not measured here.",
        "## How it predicts",
        f"{manifest.architecture}; {window}; {practice}.",
    ]
    return "\n\n".join(parts) + "\n"
