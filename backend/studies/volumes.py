"""The voxels of a series: assembled from its instances, kept as a blob, streamed or loaded.

The blob is a cache that can be made again; `digest` names the instances it is made of.  Decoders of
compressed pixels run in the parser process.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.studies.door import decode_stored
from backend.studies.errors import NoVolume
from backend.studies.tables import Instance, Series
from rt.dicom.headers import SliceHeader
from rt.dicom.parse import read_stored
from rt.dicom.rtdose import read_dose
from rt.dicom.series import GeometryFinding, assemble
from rt.geometry import Grid

CHUNK_BYTES = 1 << 20
"""Bytes of a stream handed over at a time."""
Voxels = npt.NDArray[np.int16] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class Built:
    """Voxels in the blob store, and how the row describes them (contracts, `Volume`)."""

    sha256: str
    described: dict[str, Any]
    findings: tuple[GeometryFinding, ...] = ()
    """Of a dose; those of images are found without their voxels."""


def slices_of(instances: Sequence[Instance]) -> list[SliceHeader]:
    """Headers of all frames of a series, as they were kept at import."""
    return [_header(entry) for i in instances if i.geometry for entry in i.geometry.get("slices", [])]


def _header(entry: dict[str, Any]) -> SliceHeader:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return SliceHeader(**values)


def digest_of(instances: Sequence[Instance]) -> str:
    """Names the voxels that these instances make."""
    names = "\n".join(sorted(instance.sha256 for instance in instances))
    return hashlib.sha256(f"volume 1\n{names}".encode()).hexdigest()


def build(instances: Sequence[Instance]) -> Built:
    """Assemble the voxels of an image series and keep them as a blob; GeometryError or DicomError."""
    by_uid = {instance.sop_instance_uid: instance for instance in instances}

    def read_pixels(header: SliceHeader) -> npt.NDArray[Any]:
        plane: npt.NDArray[Any] = decode_stored(by_uid[header.sop_instance_uid], header.frame)[0]
        return plane

    with storage().writing() as blob:
        volume = assemble(slices_of(instances), read_pixels, lambda plane: blob.write(_raw(plane)))
    uids = list(volume.sop_instance_uids)
    described = {
        "grid": volume.grid.to_json(),
        "dtype": "int16" if volume.voxels_kji.dtype == np.int16 else "float32",
        "unit": volume.unit if volume.unit in ("HU", "SUV") else "",
        "slope": volume.slope,
        "window": {"low": volume.window[0], "high": volume.window[1]},
        "frame_of_reference_uid": volume.frame_of_reference_uid,
        "sop_instance_uids": uids if len(set(uids)) == len(uids) else None,
        "digest": digest_of(instances),
    }
    return Built(blob.sha256, described)


def build_dose(instance: Instance) -> Built:
    """Keep the voxels of a dose distribution, in gray, as a blob."""
    header = read_stored(storage().get(instance.sha256), pixels=False)
    dose = read_dose(header, decode_stored(instance, None))
    described = {
        "grid": dose.grid.to_json(),
        "dtype": "float32",
        "unit": "Gy",
        "slope": 1.0,
        "window": {"low": 0.0, "high": float(dose.dose_gy_kji.max())},
        "frame_of_reference_uid": dose.frame_of_reference_uid,
        "sop_instance_uids": None,
        "digest": digest_of([instance]),
    }
    return Built(storage().put(_raw(dose.dose_gy_kji)), described, dose.findings)


def _raw(voxels: npt.NDArray[Any]) -> memoryview:
    little_endian = np.ascontiguousarray(voxels, dtype=voxels.dtype.newbyteorder("<"))
    return little_endian.reshape(-1).view(np.uint8).data


def load_volume(series: Series) -> tuple[Voxels, Grid]:
    """Voxels (k, j, i) of a series and their grid; times `volume["slope"]` they are in its unit.

    NoVolume when the geometry was refused or the volume is not assembled yet.
    """
    if series.volume is None or series.volume_sha256 is None:
        raise NoVolume("the geometry of this series was refused, it has no images, or it is being prepared")
    grid = Grid.from_json(series.volume["grid"])
    dtype = np.dtype(series.volume["dtype"]).newbyteorder("<")
    path = storage().local_path(series.volume_sha256)
    if path is not None:
        return np.fromfile(path, dtype=dtype).reshape(grid.shape_kji), grid
    voxels = np.frombuffer(bytearray(storage().get(series.volume_sha256)), dtype=dtype)
    return voxels.reshape(grid.shape_kji), grid


def voxel_stream(series: Series, middle_out: bool) -> Iterator[bytes]:
    """Raw little-endian voxels, k ascending or from the middle slice outwards: m, m+1, m-1, m+2 …"""
    if series.volume is None or series.volume_sha256 is None:
        raise NoVolume("the geometry of this series was refused, it has no images, or it is being prepared")
    k, j, i = series.volume["grid"]["shape_kji"]
    slice_bytes = j * i * np.dtype(series.volume["dtype"]).itemsize
    if not middle_out:
        return _sequential(series.volume_sha256)
    return _by_slice(series.volume_sha256, middle_out_order(k), slice_bytes)


def middle_out_order(count: int) -> list[int]:
    """Indices from the middle outwards, the upper neighbour first; every index once."""
    middle = count // 2
    order = [middle]
    for step in range(1, count):
        order += [n for n in (middle + step, middle - step) if 0 <= n < count]
    return order[:count]


def _sequential(sha256: str) -> Iterator[bytes]:
    with storage().open(sha256) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _by_slice(sha256: str, order: list[int], slice_bytes: int) -> Iterator[bytes]:
    with storage().open(sha256) as stream:
        if not stream.seekable():
            yield from _by_slice_held(stream.read(), order, slice_bytes)
            return
        for k in order:
            stream.seek(k * slice_bytes)
            yield stream.read(slice_bytes)


def _by_slice_held(voxels: bytes, order: list[int], slice_bytes: int) -> Iterator[bytes]:
    for k in order:
        yield voxels[k * slice_bytes : (k + 1) * slice_bytes]


def byte_count(series: Series) -> int:
    """Length of the raw voxels of a series that has a volume."""
    described = series.volume or {}
    voxels = math.prod(int(n) for n in described["grid"]["shape_kji"])
    return voxels * int(np.dtype(described["dtype"]).itemsize)


def instances_of(series_id: str) -> list[Instance]:
    """Instances of a series, read in a transaction of their own."""
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(Instance).where(Instance.series_row_id == series_id)))


def count_of(series_id: str) -> int:
    """How many instances a series has."""
    with session_scope(read_only=True) as session:
        counted = select(func.count()).select_from(Instance).where(Instance.series_row_id == series_id)
        return session.execute(counted).scalar_one()
