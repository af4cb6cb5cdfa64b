"""Segmentations on images that are nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut
from rt.dicom.seg import write_seg
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from tests.factories.registration import matrix_of

TILTED = Grid.of(
    (12, 30, 26), (1.2, 0.9, 2.0), (-14.0, 20.0, 5.0), matrix_of((10.0, -5.0, 20.0), (0, 0, 0))[:3, :3]
)
"""Of an oblique scan."""


def make_seg(
    grid: Grid,
    masks: Mapping[str, npt.NDArray[np.bool_]],
    *,
    like: Dataset | None = None,
    frame: str | None = None,
) -> Dataset:
    """A segmentation of masks on a grid, in the study and of the patient of the data set `like`."""
    reference = SeriesReference(
        study_instance_uid=str(like.StudyInstanceUID) if like is not None else new_uid(),
        series_instance_uid=new_uid(),
        frame_of_reference_uid=frame or new_uid(),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
        sop_instance_uids=tuple(new_uid() for _ in range(grid.shape_kji[0])),
        grid=grid,
        attributes={
            "PatientID": str(like.PatientID) if like is not None else "P1",
            "PatientName": str(like.PatientName) if like is not None else "One^Patient",
        },
    )
    structures = [
        StructureOut(number, name, "#102030", "ORGAN", mask)
        for number, (name, mask) in enumerate(masks.items(), 1)
    ]
    header = ObjectHeader("MR contours", new_uid(), new_uid(), datetime(2026, 1, 1, tzinfo=UTC))
    return write_seg(reference, structures, header)
