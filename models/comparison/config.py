"""What is to be compared: one file, TOML or JSON, that names the data, the structures and the entries.

::

    openkbp = "../shared/data/openkbp"       # or manifest = "dataset/manifest.json"
    structures = ["Parotid_R", "Parotid_L"]
    evaluate = "validation"                  # the split that is measured
    patients = 12                            # at most so many of it
    minutes = 5                              # of training, each entry
    seed = 1

    [[entries]]
    name = "3D U-Net"
    architecture = "unet3d"
    options = { channels = [12, 24, 48, 96, 128] }
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, get_args

from models.data import MAX_STRUCTURES
from models.datasets.openkbp import openkbp_manifest
from models.inference.atlas import AtlasOptions
from models.networks import NETWORKS
from models.training.ct_lessons import NothingToLearn
from models.training.objective import Adversary
from rt.errors import RtError
from rt.manifest import Case, DatasetManifest, Split

ATLAS = "atlas"


class ComparisonError(RtError):
    """A comparison that cannot be made as it is asked for."""

    slug = "bad-comparison"


class NotContoured(ComparisonError):
    """A structure that nobody contoured where it is asked for."""

    slug = "structure-not-contoured"


class NothingToMeasure(ComparisonError):
    """No case of the split that is measured."""

    slug = "nothing-to-measure"


@dataclass(frozen=True)
class Entry:
    """One way to draw the structures."""

    name: str
    architecture: str
    """A network of `models.networks.NETWORKS`, or `atlas`."""
    options: dict[str, Any] = field(default_factory=dict)
    adversary: Adversary | None = None
    """Trained against a discriminator; None for segmentation loss alone."""
    minutes: float = 5.0
    learning_rate: float = 1e-3
    batch: int = 2
    seed: int = 1

    @classmethod
    def read(cls, body: dict[str, Any], shared: dict[str, Any]) -> Self:
        """The entry in `body`, with what is `shared` by all where it says nothing; ComparisonError."""
        name = str(body.get("name", "an entry without a name"))
        try:
            adversary = body.get("adversary")
            entry = cls(
                **shared
                | body
                | {"options": _tuples(body.get("options", {}))}
                | {"adversary": None if adversary is None else Adversary(**_tuples(adversary))}
            )
            if entry.architecture == ATLAS:
                AtlasOptions(**entry.options)
        except (TypeError, KeyError) as error:
            raise ComparisonError(f"not an entry: {error}", where=name) from error
        if entry.architecture not in {ATLAS, *NETWORKS}:
            raise ComparisonError(f"there is no architecture {entry.architecture!r}", where=name)
        if not entry.name.strip() or entry.minutes <= 0 or entry.batch < 1:
            raise ComparisonError("it needs a name, and more than no minutes and no batch", where=name)
        return entry


@dataclass(frozen=True)
class Comparison:
    """Entries, and all that is the same for them."""

    manifest: DatasetManifest
    """Of the structures compared only."""
    entries: tuple[Entry, ...]
    evaluate: Split = "validation"
    patients: int | None = None
    spacing_mm: float = 3.0
    patch: int = 64
    overlap: float = 0.25
    """Share of a window by which neighbours overlap when a scan is predicted."""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(e.name for e in self.entries).items() if count > 1]
        if not self.entries or twice:
            raise ComparisonError("every entry needs a name of its own", where=", ".join(twice))
        if len(self.manifest.structures) > MAX_STRUCTURES:
            raise ComparisonError(f"at most {MAX_STRUCTURES} structures are compared together")
        if self.patients is not None and self.patients < 1:
            raise ComparisonError(f"{self.patients} patients cannot be measured")
        if not self.manifest.split("train"):
            raise NothingToLearn("no case that trains has one of the structures")
        if not self.measured:
            raise NothingToMeasure(f"no case of the {self.evaluate} split has one of the structures")
        for name in self.manifest.structures:
            if not any(name in case.bits for case in self.manifest.split("train")):
                raise NotContoured("nobody contoured it in a case that trains", where=name)
            if not any(name in case.bits for case in self.measured):
                raise NotContoured("nobody contoured it in a case that is measured", where=name)

    @property
    def measured(self) -> tuple[Case, ...]:
        """The cases that are measured."""
        return self.manifest.split(self.evaluate)[: self.patients]


def read_comparison(path: Path) -> Comparison:
    """The comparison in a TOML or JSON file; ComparisonError or RtError say what is wrong and where."""
    try:
        body = json.loads(path.read_text()) if path.suffix == ".json" else tomllib.loads(path.read_text())
    except ValueError as error:
        raise ComparisonError(f"neither TOML nor JSON: {error}", where=path.name) from error
    try:
        if "openkbp" in body:
            manifest = openkbp_manifest((path.parent / body.pop("openkbp")).resolve())
        else:
            manifest = DatasetManifest.read((path.parent / body.pop("manifest")).resolve())
        manifest = only(manifest, tuple(body.pop("structures")))
        return comparison(manifest, body)
    except (KeyError, TypeError) as error:
        raise ComparisonError(f"not a comparison: {error}", where=path.name) from error


def comparison(manifest: DatasetManifest, body: dict[str, Any]) -> Comparison:
    """The comparison on `manifest` that `body` describes, without data and structures."""
    shared_names = {f.name for f in fields(Entry)} - {"name", "architecture", "options", "adversary"}
    shared = {name: body[name] for name in shared_names & body.keys()}
    entries = tuple(Entry.read(entry, shared) for entry in body["entries"])
    rest = {name: value for name, value in body.items() if name not in shared_names | {"entries"}}
    if rest.get("evaluate", "validation") not in get_args(Split):
        raise ComparisonError(f"there is no split {rest['evaluate']!r}")
    return Comparison(manifest, entries, **rest)


def only(manifest: DatasetManifest, structures: tuple[str, ...]) -> DatasetManifest:
    """The manifest of some of its structures, without the cases that have none of them."""
    unknown = [name for name in structures if name not in manifest.structures]
    if unknown or not structures:
        raise NotContoured("nobody contoured it in this data", where=", ".join(unknown) or "no structure")
    cases = [
        replace(case, bits={name: bit for name, bit in case.bits.items() if name in structures})
        for case in manifest.cases
    ]
    return DatasetManifest(structures, tuple(case for case in cases if case.bits), manifest.root)


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
