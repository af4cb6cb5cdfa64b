"""What an importer hands back, and the checks that all importers share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from models.foreign.errors import ForeignUnreadable, ForeignUnsupported
from models.foreign.picture import ForeignPicture
from models.foreign.practice import Practice
from models.foreign.weights import fitted
from models.networks import build_network
from models.registry.network import StructureRule

MAX_JSON_BYTES = 4 << 20
MAX_NUMBER = 100_000


@dataclass(frozen=True)
class Wanted:
    """What the person who imports a network decides."""

    name: str = ""
    """The network's here; its own without it."""
    mirror: bool = False
    """Mean over mirrored views, as its makers allow: up to eight times the time."""
    allow_code: str = ""
    """SHA-256 of the one bundle whose TorchScript may be loaded."""


@dataclass(frozen=True)
class Foreign:
    """A network from elsewhere in our terms."""

    kind: str
    title: str
    architecture: str
    options: dict[str, Any]
    labels: dict[str, str]
    """Our name of each structure and the one it came with."""
    picture: ForeignPicture
    practice: Practice | None
    weights: dict[str, torch.Tensor]
    rules: dict[str, StructureRule] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a reader of the card should know of the import."""


def fit_network(
    architecture: str,
    options: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    where: str,
    structures: int = 0,
) -> dict[str, torch.Tensor]:
    """The tensors that the architecture takes; ForeignUnsupported when it cannot be built as declared.

    It is built without memory, so what a declaration claims costs nothing.  `structures` is for networks of
    our own; others are told their outputs by their options.
    """
    try:
        with torch.device("meta"):
            module = build_network(architecture, structures, dict(options))
    except (
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        AssertionError,
        IndexError,
    ) as error:
        raise ForeignUnsupported(
            f"the network cannot be built ({type(error).__name__})", where=where
        ) from error
    return fitted(tensors, module, where)


def read_json(data: bytes, where: str) -> dict[str, Any]:
    """A JSON object; ForeignUnreadable when it is none."""
    if len(data) > MAX_JSON_BYTES:
        raise ForeignUnreadable(f"larger than {MAX_JSON_BYTES} bytes", where=where)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ForeignUnreadable("not JSON", where=where) from error
    if not isinstance(found, dict):
        raise ForeignUnreadable("not an object in JSON", where=where)
    return found


def number_at(value: Any, where: str) -> float:
    """A finite number of sensible size; ForeignUnsupported names the key."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_NUMBER:
        raise ForeignUnsupported("not a number that can be meant here", where=where)
    return float(value)


def triple_at(value: Any, where: str) -> tuple[float, float, float]:
    """Three numbers; ForeignUnsupported names the key."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        raise ForeignUnsupported("not three numbers: only networks of volumes are taken", where=where)
    a, b, c = (number_at(one, where) for one in value)
    return a, b, c


def window_at(value: Any, where: str) -> tuple[int, int, int]:
    """Voxels of a window, each from 1 to 1024."""
    a, b, c = (round(one) for one in triple_at(value, where))
    if not all(1 <= n <= 1024 for n in (a, b, c)):
        raise ForeignUnsupported("not a window's size", where=where)
    return a, b, c
