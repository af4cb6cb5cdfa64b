"""A common space in one file of arrays."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from models.organ_space.errors import OrganSpaceError
from models.organ_space.registration import Registration
from models.organ_space.space import CommonSpace, Quality, Warp
from rt.geometry import Grid

SCHEMA = 1
PARTS = ("matrix", "shift", "centres", "weights", "told")


def to_bytes(space: CommonSpace) -> bytes:
    """The space as a compressed npz that `from_bytes` reads back; float32 doses, float64 warps."""
    arrays: dict[str, npt.NDArray[Any]] = {"doses": space.doses_nkji, "mask": space.mask_kji}
    for number, name in enumerate(space.patients):
        warp = space.warps[name]
        arrays |= {f"{number}.{part}": one for part, one in warp.registration.to_arrays().items()}
        arrays[f"{number}.centre"] = warp.centre_xyz
    told = {
        "schema": SCHEMA,
        "grid": space.grid.to_json(),
        "patients": list(space.patients),
        "mirrored": [space.warps[name].mirrored for name in space.patients],
        "quality": [asdict(space.quality[name]) for name in space.patients],
        "failed": {name: list(why) for name, why in space.failed.items()},
        "medoid": space.medoid,
        "moved_mm": list(space.moved_mm),
    }
    arrays["told"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def from_bytes(data: bytes) -> CommonSpace:
    """The space that `to_bytes` wrote; OrganSpaceError on another version."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        told = json.loads(file["told"].tobytes())
        if told.get("schema") != SCHEMA:
            raise OrganSpaceError(f"a stored space of version {told.get('schema')}, not {SCHEMA}")
        warps = {}
        for number, name in enumerate(told["patients"]):
            found = Registration.from_arrays({part: file[f"{number}.{part}"] for part in PARTS})
            warps[name] = Warp(found, file[f"{number}.centre"], told["mirrored"][number])
        doses, mask = file["doses"], file["mask"]
    quality = {name: Quality(**one) for name, one in zip(told["patients"], told["quality"], strict=True)}
    failed = {name: (why[0], why[1]) for name, why in told["failed"].items()}
    return CommonSpace(
        doses, mask, Grid.from_json(told["grid"]), tuple(told["patients"]), warps, quality, failed,
        told["medoid"], tuple(told["moved_mm"]),
    )  # fmt: skip
