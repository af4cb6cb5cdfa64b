"""A CT with a dose that rises along x and the plan it was computed for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from sqlalchemy import select

from backend.kit import db
from backend.projects.tables import Project
from backend.studies.tables import Series
from tests.backend.labels.conftest import Drawn, draw, save
from tests.factories.dicom import RTPLAN, Ids, make_instance, make_rtdose
from tests.factories.patients import Arrived, send, send_ct
from tests.factories.scenes import Scene, block

__all__ = ["save"]

SHAPE_KJI, SPACING_MM = (6, 12, 10), (4.0, 4.0, 3.0)
LOW_GY, STEP_GY = 10.0, 5.0
"""Dose of the first column, and from one column of 4 mm to the next."""


@dataclass(frozen=True)
class Dosed:
    """A study with a dose."""

    arrived: Arrived
    dose_series_id: str

    def draw(self, name: str, k: slice, j: slice, i: slice) -> Drawn:
        """Let the network draw a block."""
        scene = Scene(self.arrived.study, self.arrived.series, self.arrived.grid)
        return draw(scene, name, block(self.arrived.grid, k, j, i))


def plan_of(ct: Dataset) -> Dataset:
    """A plan of 70 and 56 Gy."""
    series = generate_uid(entropy_srcs=[ct.SeriesInstanceUID, "plan"])
    ids = Ids(ct.StudyInstanceUID, series, ct.FrameOfReferenceUID, ct.PatientID, str(ct.PatientName))
    plan = make_instance(RTPLAN, "RTPLAN", ids, "plan")
    plan.RTPlanLabel = "SIB 70/56"
    targets = []
    for gray in (56, 70):
        target = Dataset()
        target.DoseReferenceType, target.TargetPrescriptionDose = "TARGET", gray
        targets.append(target)
    plan.DoseReferenceSequence = Sequence(targets)
    return plan


def dose_of(
    ct: list[Dataset], plan: Dataset | None = None, seed: str = "rd", slices: int = SHAPE_KJI[0]
) -> Dataset:
    """A dose that rises along x, in the first slices."""
    shape_kji = (slices, *SHAPE_KJI[1:])
    ramp = np.broadcast_to(LOW_GY + STEP_GY * np.arange(shape_kji[2]), shape_kji)
    dose = make_rtdose(ct, ramp.astype(np.float64), SPACING_MM, seed)
    dose.PatientID, dose.PatientName = ct[0].PatientID, ct[0].PatientName
    if plan is not None:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = RTPLAN, plan.SOPInstanceUID
        dose.ReferencedRTPlanSequence = Sequence([reference])
    return dose


def dose_series(study_id: str) -> list[str]:
    """Ids of the dose series of a study."""
    with db.session_scope(read_only=True) as session:
        wanted = (Series.study_row_id == study_id) & (Series.modality == "RTDOSE")
        return list(session.scalars(select(Series.id).where(wanted).order_by(Series.id)))


@pytest.fixture
def dosed(project: Project, tmp_path: Path) -> Dosed:
    """The study, as it came in."""
    arrived = send_ct(project, tmp_path)
    plan = plan_of(arrived.ct[0])
    send(project, tmp_path / "rt", [plan, dose_of(arrived.ct, plan)])
    return Dosed(arrived, dose_series(arrived.study.id)[0])
