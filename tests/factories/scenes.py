"""A patient with one small CT in the database, for tests that draw on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from backend.kit.storage import storage
from backend.projects.tables import Project
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from rt.masks import Mask

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SHAPE_KJI = (8, 24, 20)
SPACING_IJK_MM = (1.0, 1.5, 3.0)


@dataclass(frozen=True)
class Scene:
    """Rows of a study with one CT series that has a volume."""

    study: Study
    series: Series
    grid: Grid


def make_scene(
    session: Session, project: Project, *, patient_id: str = "P1", shape_kji: tuple[int, int, int] = SHAPE_KJI
) -> Scene:
    """A study with a CT of air around a soft-tissue block, one instance a slice."""
    grid = Grid.of(shape_kji, SPACING_IJK_MM, (-10.0, -20.0, 30.0), np.eye(3))
    patient = Patient(project_id=project.id, patient_id=patient_id, name=f"Secret^{patient_id}")
    session.add(patient)
    session.flush()
    study = Study(
        project_id=project.id,
        patient_row_id=patient.id,
        study_instance_uid=new_uid(),
        study_date="20260102",
    )
    session.add(study)
    session.flush()
    series = Series(
        study_row_id=study.id,
        series_instance_uid=new_uid(),
        modality="CT",
        number=1,
        frame_of_reference_uid=new_uid(),
    )
    _give_volume(series, grid)
    session.add(series)
    session.flush()
    session.add_all(_instances(series, grid))
    session.flush()
    return Scene(study, series, grid)


def _give_volume(series: Series, grid: Grid) -> None:
    voxels = np.full(grid.shape_kji, -1000, dtype="<i2")
    voxels[:, 4:-4, 4:-4] = 40
    series.volume_sha256 = storage().put(voxels.tobytes())
    series.volume = {
        "grid": grid.to_json(),
        "dtype": "int16",
        "unit": "HU",
        "slope": 1.0,
        "window": {"low": -160, "high": 240},
        "frame_of_reference_uid": series.frame_of_reference_uid,
        "sop_instance_uids": [new_uid() for _ in range(grid.shape_kji[0])],
        "digest": series.volume_sha256,
    }


def _instances(series: Series, grid: Grid) -> list[Instance]:
    assert series.volume is not None
    return [
        Instance(
            series_row_id=series.id,
            sop_instance_uid=uid,
            sop_class_uid=CT_IMAGE,
            number=number,
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            rows=grid.shape_kji[1],
            columns=grid.shape_kji[2],
            sha256=series.volume_sha256,
            received_sha256=series.volume_sha256,
            size=1,
        )
        for number, uid in enumerate(series.volume["sop_instance_uids"], 1)
    ]


def block(grid: Grid, k: slice, j: slice, i: slice) -> Mask:
    """A mask that is one block of voxels."""
    mask: npt.NDArray[np.bool_] = np.zeros(grid.shape_kji, dtype=np.bool_)
    mask[k, j, i] = True
    return mask
