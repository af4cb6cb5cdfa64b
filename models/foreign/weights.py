"""Tensors out of files that came from anywhere, without running anything that is in them.

safetensors, or torch's zip with the restricted unpickler (`weights_only`), which builds tensors, numbers,
texts and containers and refuses every other name.  nnU-Net's checkpoints also hold numpy's numbers (its
log), so these are let through by name, and nothing wider.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import nn

from models.foreign.errors import ForeignCode, ForeignUnreadable
from models.registry.network import WeightsError

_SCALAR = np.float64(0).__reduce__()[0]
NUMPY_NUMBERS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_)),
]
"""What the restricted unpickler may make beside torch's own; numpy has renamed the module."""
HOLDERS = ("state_dict", "model", "network_weights", "network")
"""Keys under which a checkpoint may keep its tensors."""
_FAILURES = (
    pickle.UnpicklingError, RuntimeError, ValueError, KeyError, EOFError, AttributeError, TypeError,
    IndexError, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip


def read_weights(name: str, data: bytes, *, code_allowed: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of a file of weights by name.

    ForeignUnreadable: damaged, or it holds more than tensors.  ForeignCode: TorchScript, which is a program,
    where `code_allowed` is not said; with it the program is loaded, and only its tensors are kept.
    """
    if name.endswith(".safetensors"):
        try:
            return dict(load_safetensors(data))
        except SafetensorError as error:
            raise ForeignUnreadable("not safetensors", where=name) from error
    if _is_script(name, data):
        if not code_allowed:
            raise ForeignCode(
                "TorchScript is a program: it is run only of a network that was allowed", where=name
            )
        return dict(torch.jit.load(io.BytesIO(data), map_location="cpu").state_dict())
    return _tensors(name, read_checkpoint(name, data))


def read_checkpoint(name: str, data: bytes, *, numpy_numbers: bool = False) -> Any:
    """What torch saved, as far as it is plain; ForeignUnreadable for anything else."""
    _check_zip(name, data)
    try:
        with torch.serialization.safe_globals(NUMPY_NUMBERS if numpy_numbers else []):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _FAILURES as error:
        raise ForeignUnreadable(
            "holds more than tensors, numbers and texts, or is damaged: nothing of it was run", where=name
        ) from error


def fitted(tensors: Mapping[str, torch.Tensor], module: nn.Module, name: str) -> dict[str, torch.Tensor]:
    """The tensors that `module` needs, as they are stored; WeightsError names what is missing or unfit.

    `module` may be on the meta device: nothing of its own is read but names and shapes.
    """
    expected = module.state_dict()
    given = {key.removeprefix("module."): value for key, value in tensors.items()}
    for problem, keys in (
        ("missing", expected.keys() - given),
        ("not of this architecture", given.keys() - expected),
    ):
        if keys:
            some = ", ".join(sorted(keys)[:3])
            raise WeightsError(f"{len(keys)} tensors are {problem}: {some}", where=name)
    made: dict[str, torch.Tensor] = {}
    for key, wanted in expected.items():
        value = given[key]
        if value.shape != wanted.shape:
            shapes = f"{tuple(value.shape)}, not {tuple(wanted.shape)}"
            raise WeightsError(f"{key} has the shape {shapes}", where=name)
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsError(f"{key} holds values that are no numbers", where=name)
        made[key] = value.detach().clone().contiguous()
    return made


def _check_zip(name: str, data: bytes) -> None:
    """torch stores without compression, so what comes out is never more than what came in."""
    if not data.startswith(b"PK\x03\x04"):
        raise ForeignUnreadable("not a checkpoint of torch (its zip format)", where=name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except _FAILURES as error:
        raise ForeignUnreadable("a damaged checkpoint", where=name) from error
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > len(data):
        raise ForeignUnreadable("inflates: torch stores checkpoints without compression", where=name)


def _is_script(name: str, data: bytes) -> bool:
    if name.endswith(".ts"):
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(entry.endswith("/constants.pkl") for entry in archive.namelist())
    except _FAILURES:
        return False


def _tensors(name: str, found: Any) -> dict[str, torch.Tensor]:
    for holder in HOLDERS:
        if isinstance(found, dict) and isinstance(found.get(holder), dict):
            found = found[holder]
            break
    if not isinstance(found, dict) or not found:
        raise ForeignUnreadable("holds no weights by name", where=name)
    if not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in found.items()):
        raise ForeignUnreadable("holds more than weights by name", where=name)
    return found
