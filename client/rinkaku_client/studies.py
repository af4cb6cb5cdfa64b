"""Worklist, studies and the voxels of their series."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from rinkaku_client.geometry import Geometry
from rinkaku_client.problems import BadAnswer, NoVolume
from rinkaku_client.shapes import Series, Study, StudyFilters, StudyRow
from rinkaku_client.transport import OnProgress, Transport

STORED = {"int16": "<i2", "float32": "<f4"}
"""Voxels on the wire, by the `dtype` of a volume."""


@dataclass(frozen=True)
class Volume:
    """The voxels of a series with their place in the patient."""

    stored_kji: npt.NDArray[Any]
    """As the server keeps them (int16 or float32), (k, j, i); read-only."""
    slope: float
    unit: str
    """HU, Gy, SUV, or empty where it is not known."""
    geometry: Geometry

    @property
    def values_kji(self) -> npt.NDArray[np.float32]:
        """Voxels in the unit, (k, j, i)."""
        return self.stored_kji.astype(np.float32) * np.float32(self.slope)


class Studies:
    """The worklist and what is behind its lines."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: str, **filters: Unpack[StudyFilters]) -> Iterator[StudyRow]:
        """Studies of a project, newest first unless `sort` says otherwise; pages are read when needed."""
        return self._transport.pages(f"/projects/{project_id}/studies", filters)

    def get(self, study_id: str) -> Study:
        """A study with its series and structure sets."""
        found: Study = self._transport.json("GET", f"/studies/{study_id}")
        return found

    def assign(self, study_id: str, user_id: str | None) -> Study:
        """Give a study to a member of its project, or to nobody."""
        body = {"assignee_id": user_id}
        changed: Study = self._transport.json("PATCH", f"/studies/{study_id}", json=body)
        return changed

    def delete(self, study_id: str) -> None:
        """Delete a study with all that was drawn on it."""
        self._transport.send("DELETE", f"/studies/{study_id}")

    def volume(self, series: Series, progress: OnProgress | None = None) -> Volume:
        """The voxels of a series, as it stands in its study; NoVolume where they make no grid (yet)."""
        info = series["volume"]
        if info is None:
            reasons = "; ".join(one["detail"] for one in series["warnings"])
            raise NoVolume(
                f"series {series['id']} ({series['modality']}) has no volume: {reasons or 'not yet'}"
            )
        geometry = Geometry.from_json(info["grid"])
        data = self._transport.read(f"/series/{series['id']}/volume", {"order": "stack"}, progress)
        kind = np.dtype(STORED[info["dtype"]])
        if len(data) != math.prod(geometry.shape_kji) * kind.itemsize:
            raise BadAnswer(f"{len(data)} bytes are not {kind} voxels of {geometry.shape_kji}")
        stored = np.frombuffer(data, dtype=kind).reshape(geometry.shape_kji)
        stored.setflags(write=False)
        return Volume(stored, info["slope"], info["unit"], geometry)
