"""A patient of two frames of reference, and what tests look at after a registration.

The CT is in frame A.  The structure set and the dose of frame B are phantoms that were moved by a known
rotation and translation, so what must come out on the CT is what is drawn and computed there directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.kit.db import session_scope
from backend.labels.service import load_mask
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.imports import import_path
from backend.studies.tables import Series
from rt.dicom.uids import new_uid
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.registration import RigidTransform
from tests.factories.dicom import Ids, encode, make_ct_series, make_rtdose, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.registration import make_reg, matrix_of

Login = Callable[..., dict[str, str]]
SHAPE = (12, 40, 36)
TURN = matrix_of((3.0, -2.0, 8.0), (20.0, -15.0, 9.0))
"""From frame B to frame A."""


class Patient:
    """The CT of frame A, and what is drawn and computed in frame B."""

    def __init__(self, patient: str = "REG-1") -> None:
        ids = Ids.fresh("registered")
        self.ids = Ids(ids.study, ids.series, ids.frame_of_reference, patient, "Two^Frames")
        self.ct = make_ct_series(SHAPE, ids=self.ids)
        self.grid = Grid.of(SHAPE, (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
        self.other_frame = new_uid()

    @property
    def frame(self) -> str:
        return self.ids.frame_of_reference

    def egg(self) -> list[FloatArray]:
        """Rings in frame A, one for each slice."""
        angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
        rings = []
        for k in range(2, 10):
            radius = np.sqrt(15.0**2 - (3 * (k - 5.5)) ** 2)
            ring = self.grid.to_lps([18, 20, k]) + np.column_stack(
                [1.3 * radius * np.cos(angle), radius * np.sin(angle), np.zeros(180)]
            )
            rings.append(ring)
        return rings

    def rtstruct(self, matrix: Any = TURN) -> Dataset:
        """The egg in frame B, on images that are nowhere, where `matrix` leads to the egg of frame A."""
        back = RigidTransform.from_matrix(matrix).inverse()
        dataset = make_rtstruct(self.ct, {"parotis li": {k: [(4.0, 4.0)] for k in range(2, 10)}})
        reference = dataset.ReferencedFrameOfReferenceSequence[0]
        reference.FrameOfReferenceUID = dataset.FrameOfReferenceUID = self.other_frame
        images = reference.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
        images.SeriesInstanceUID = new_uid()
        del images.ContourImageSequence
        dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = self.other_frame
        for contour, ring in zip(dataset.ROIContourSequence[0].ContourSequence, self.egg(), strict=True):
            del contour.ContourImageSequence
            moved = back.apply(ring)
            contour.NumberOfContourPoints = len(moved)
            contour.ContourData = [f"{v:.4f}" for v in moved.ravel()]
        return dataset

    def dose(self, matrix: Any = TURN) -> Dataset:
        """A dose of frame B that rises linearly in frame A."""
        back = RigidTransform.from_matrix(matrix).inverse()
        own = Grid.of((30, 60, 60), (3.0, 3.0, 3.0), back.apply([-80.0, -75.0, -60.0]), np.eye(3))
        k, j, i = np.indices(own.shape_kji)
        there = RigidTransform.from_matrix(matrix).apply(own.to_lps(np.stack([i, j, k], axis=-1)))
        dataset = make_rtdose(self.ct, gray(there), own.spacing_ijk_mm)
        dataset.PatientID, dataset.PatientName = self.ids.patient, self.ids.name
        dataset.FrameOfReferenceUID = self.other_frame
        dataset.ImagePositionPatient = [f"{v:.6f}" for v in own.origin_lps_mm]
        return dataset

    def reg(self, matrix: Any = TURN, *, backwards: bool = False, **named: str) -> Dataset:
        """From B to A, or the same written from A to B."""
        if backwards:
            back = RigidTransform.from_matrix(matrix).inverse().matrix
            return make_reg(
                self.other_frame,
                [(self.frame, back), (self.other_frame, np.eye(4))],
                like=self.ct[0],
                **named,
            )
        return make_reg(
            self.frame, [(self.frame, np.eye(4)), (self.other_frame, matrix)], like=self.ct[0], **named
        )


def gray(points_mm: FloatArray) -> FloatArray:
    """Gy at points of frame A."""
    made: FloatArray = 40 + points_mm @ np.array([0.12, -0.08, 0.15])
    return made


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def sends(project: Project, tmp_path: Path) -> Callable[[Sequence[Dataset]], list[Any]]:
    """Sends a batch, and does the work that follows."""

    def send(datasets: Sequence[Dataset]) -> list[Any]:
        folder = tmp_path / new_uid()
        folder.mkdir()
        for number, dataset in enumerate(datasets):
            (folder / f"{number:03}.dcm").write_bytes(encode(dataset))
        _, arrivals = import_path(project.id, None, folder)
        run_queued("assemble")
        run_queued("import-structures")
        return [(arrival.outcome.value, arrival.slug) for arrival in arrivals]

    return send


def sets() -> list[StructureSet]:
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(StructureSet).order_by(StructureSet.id)))


def newest_mask(grid: Grid) -> tuple[Mask, Revision]:
    with session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure)).one()
        statement = select(Revision).where(Revision.structure_id == structure.id)
        revision = session.scalars(statement.where(Revision.number == structure.head)).one()
        return load_mask(revision, grid), revision


def warnings(modality: str) -> list[str]:
    with session_scope(read_only=True) as session:
        found = session.scalars(select(Series).where(Series.modality == modality))
        return [w["slug"] for series in found for w in series.warnings]
