"""The sarcoma patients of ../shared/data, read by our own readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rt.dicom.contour_data import fill_contours
from rt.dicom.headers import slice_headers
from rt.dicom.parse import parse_instance
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.series import assemble
from rt.geometry import FloatArray, Grid
from rt.masks import Mask

SARCOMA = Path(__file__).parents[4] / "shared" / "data" / "sarcoma"
PRESETS = {"CT": "ct", "MR_T1": "mr", "PET": "pet"}
"""Of each modality's folder."""


def patient(name: str, modality: str) -> tuple[FloatArray, Mask, Grid]:
    """Image in its unit and tumour, both (k, j, i), and their grid."""
    folder = SARCOMA / name / modality
    slices = [parse_instance(path.read_bytes()).dataset for path in sorted((folder / "image").iterdir())]
    by_uid = {dataset.SOPInstanceUID: dataset for dataset in slices}
    volume = assemble(
        [header for dataset in slices for header in slice_headers(dataset)],
        lambda header: by_uid[header.sop_instance_uid].pixel_array,
    )
    (structures,) = (folder / "mask").iterdir()
    (roi,) = read_rtstruct(parse_instance(structures.read_bytes()).dataset).rois
    image = volume.voxels_kji.astype(np.float64) * volume.slope
    return image, fill_contours(roi.contours, volume.grid).mask_kji, volume.grid
