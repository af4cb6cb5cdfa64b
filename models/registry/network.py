"""A network version: weights, and the manifest that says how to use them.

Weights are safetensors, never pickles; the manifest is JSON and holds their SHA-256.  A version is three
files in a folder: `manifest.json`, `weights.safetensors`, `CARD.md`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from models.devices import best_device, place
from models.foreign.picture import ForeignPicture, Step
from models.foreign.practice import Practice
from models.mr_preprocessing import MrScale
from models.networks import NETWORKS, build_network
from models.preprocessing import CtWindow
from models.training.moments import above, below
from rt.completion import ByRule, made_by_rule, offered_names
from rt.errors import RtError

LANDMARKS = ("Eyes", "OpticChiasm")
"""The first network's structures that tell where a second one looks."""
PURPOSES = ("contours", "candidates")
SECOND = "close_up."
"""Before the names of the second network's tensors."""


class WeightsError(RtError):
    """Weights or manifest that cannot be trusted or used."""

    slug = "bad-weights"


@dataclass(frozen=True)
class StructureRule:
    """What is expected of one structure: where its probability is cut, and how large it may be."""

    threshold: float = 0.5
    volume_cc: tuple[float, float] = (0.0, 1e9)
    """Range seen in training (widened); outside it a prediction is flagged."""
    parts: int = 1
    """So many of its largest parts are kept; 0: all."""
    may_be_cut: bool = False
    """The scan is expected to end within it."""
    smallest_cc: float = 0.0
    """Parts smaller than this are left out."""
    may_be_absent: bool = False
    """Not in every patient (a tumour): nothing found is no doubt, and no empty contour is offered."""
    least_expected: float = 0.0
    """Drawn with a lower expected Dice (`rt.acquisition.expected_dice`) it is flagged; 0: never."""


@dataclass(frozen=True)
class Provenance:
    """Where the weights of a version come from; empty where nobody wrote it down."""

    data: str = ""
    """Name of the data that it learnt from."""
    data_sha256: str = ""
    """Of the frozen snapshot, or of the dataset's manifest (`DatasetManifest.digest`)."""
    base_sha256: str = ""
    """Of the weights that the training began with; empty of one that began with none."""
    code_sha256: str = ""
    """Of the sources that made it (`models.registry.provenance`)."""


@dataclass(frozen=True)
class CloseUp:
    """A second network that looks closer at part of the picture, where the first one found it.

    Its tensors lie in the same file, their names begin with `close_up.`.
    """

    architecture: str
    options: dict[str, Any]
    structures: tuple[str, ...]
    """Of the manifest's: it draws them instead of the first network (`models.inference.close_up`)."""
    spacing_mm: float
    patch: int


@dataclass(frozen=True)
class NetworkManifest:
    """How the weights are used; all that inference depends on."""

    name: str
    version: int
    title: str
    architecture: str
    options: dict[str, Any]
    structures: tuple[str, ...]
    spacing_mm: float
    """Of a network from elsewhere its finest."""
    patch: int
    """Of a network from elsewhere its longest side."""
    weights_sha256: str
    window: CtWindow | MrScale | ForeignPicture = field(default_factory=CtWindow)
    """How an image of the network's modality is prepared."""
    rules: dict[str, StructureRule] = field(default_factory=dict)
    completion: str = ""
    """What anatomy adds to the outputs, a name in `models.inference.anatomy.COMPLETIONS`; none if empty."""
    practice: Practice | None = None
    """How a network from elsewhere is asked; none: in our own way."""
    source: dict[str, Any] = field(default_factory=dict)
    """Of a network from elsewhere: `kind`, `name`, `sha256`, and `labels`, its own name of each structure."""
    provenance: Provenance = field(default_factory=Provenance)
    close_up: CloseUp | None = None
    """A second look at small structures; none: all are drawn by one network."""
    purpose: Literal["contours", "candidates"] = "contours"
    """Whether it draws, or points at places for a reader to judge (`models.detection`)."""
    schema: int = 1

    def rule(self, structure: str) -> StructureRule:
        """The rule of a structure, the default one if it has none."""
        return self.rules.get(structure, StructureRule())

    @property
    def offered(self) -> tuple[str, ...]:
        """What is drawn in the end: the outputs, with what anatomy makes of them."""
        return offered_names(self.structures, self.completion)

    @property
    def by_rule(self) -> dict[str, ByRule]:
        """Of those the ones that a rule made."""
        return made_by_rule(self.structures, self.completion)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back."""
        body: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return body | {"modality": self.window.modality}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """The manifest in `body`; WeightsError says what is wrong with it."""
        try:
            if body["schema"] != 1 or body["architecture"] not in NETWORKS:
                raise WeightsError(
                    "manifest names an unknown schema or architecture", where=str(body.get("name"))
                )
            rules = {
                name: StructureRule(**rule | {"volume_cc": (rule["volume_cc"][0], rule["volume_cc"][1])})
                for name, rule in body["rules"].items()
            }
            if body.get("purpose", "contours") not in PURPOSES:
                raise WeightsError("manifest names an unknown purpose", where=str(body.get("name")))
            window = _window(body["window"])
            if body.get("modality", window.modality) != window.modality:
                raise WeightsError("modality and window do not belong together", where=str(body["name"]))
            made: dict[str, Any] = {
                "structures": tuple(body["structures"]),
                "window": window,
                "rules": rules,
                "practice": _practice(body.get("practice")),
                "close_up": _close_up(body.get("close_up"), tuple(body["structures"])),
                "provenance": Provenance(**body.get("provenance", {})),
            }
            if made["close_up"] is not None and not isinstance(window, MrScale):
                raise WeightsError("a second network looks at MR only", where=str(body["name"]))
            plain = {key: value for key, value in body.items() if key not in made and key != "modality"}
            return cls(**plain, **made)
        except (KeyError, TypeError, IndexError) as error:
            raise WeightsError("not a network manifest") from error


@dataclass(frozen=True)
class Network:
    """A network ready to predict."""

    manifest: NetworkManifest
    module: nn.Module
    device: torch.device
    close_up: nn.Module | None = None
    """The second network of a manifest that has one."""


def load_network(manifest: NetworkManifest, weights: bytes) -> Network:
    """The network on the best device present; WeightsError when the bytes are not the manifest's."""
    module, second = _build(manifest)
    device, tensors = best_device(), load_weights(manifest, weights)
    module.load_state_dict(first_stage(tensors))
    if second is not None:
        second.load_state_dict(second_stage(tensors))
        second = place(second, device).eval()
    return Network(manifest, place(module, device).eval(), device, second)


def load_weights(manifest: NetworkManifest, weights: bytes) -> dict[str, torch.Tensor]:
    """The tensors in float32, checked against the manifest's hash and the architecture."""
    if hashlib.sha256(weights).hexdigest() != manifest.weights_sha256:
        raise WeightsError("weights do not have the SHA-256 of their manifest", where=manifest.name)
    try:
        tensors = {name: value.float() for name, value in load(weights).items()}
    except SafetensorError as error:
        raise WeightsError("weights are not safetensors", where=manifest.name) from error
    module, second = _build(manifest)
    expected = module.state_dict()
    if second is not None:
        expected |= above(second.state_dict(), SECOND)
    if {n: v.shape for n, v in tensors.items()} != {n: v.shape for n, v in expected.items()}:
        raise WeightsError("weights do not fit the architecture", where=manifest.name)
    return tensors


def first_stage(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those of a version's tensors that are of its first, or only, network."""
    return {name: value for name, value in tensors.items() if not name.startswith(SECOND)}


def second_stage(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those of the network that looks closer; empty where there is none."""
    return below(tensors, SECOND)


def _build(manifest: NetworkManifest) -> tuple[nn.Module, nn.Module | None]:
    module = build_network(manifest.architecture, len(manifest.structures), _options(manifest.options))
    second = manifest.close_up
    if second is None:
        return module, None
    return module, build_network(second.architecture, len(second.structures), _options(second.options))


def read_version(folder: Path) -> tuple[NetworkManifest, bytes, str]:
    """Manifest, weights and card of a version's folder."""
    manifest = NetworkManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    return manifest, (folder / "weights.safetensors").read_bytes(), (folder / "CARD.md").read_text()


def _window(body: dict[str, Any]) -> CtWindow | MrScale | ForeignPicture:
    if "orientation" in body:
        steps = {when: tuple(Step(**step) for step in body[when]) for when in ("before", "after")}
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
        return ForeignPicture(**plain | steps)
    return CtWindow(**body) if "low_hu" in body else MrScale(**body)


def _practice(body: dict[str, Any] | None) -> Practice | None:
    if body is None:
        return None
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    return Practice(**plain)


def _close_up(body: dict[str, Any] | None, structures: tuple[str, ...]) -> CloseUp | None:
    if body is None:
        return None
    second = CloseUp(**body | {"structures": tuple(body["structures"])})
    if second.architecture not in NETWORKS:
        raise WeightsError(f"an unknown second network, {second.architecture}")
    if not {*second.structures, *LANDMARKS} <= set(structures):
        raise WeightsError("a second network that draws what the first does not, or cannot be shown where")
    return second


def _options(options: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
