"""The study that is measured: the generated patient on a large grid, as files and as masks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID

from rt.dicom.contour_data import fill_contours
from rt.dicom.outgoing import SeriesReference, write_bytes
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.uids import derived_uid
from rt.geometry import Grid
from rt.masks import Mask
from rt.phantom import PhantomOptions, phantom_dicom, phantom_grid
from rt.resample import Array, resample

ORGANS = ("Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible")
AIR_HU = -1024


@dataclass(frozen=True)
class Patient:
    """CT files on disk; masks (k, j, i) of seven organs and of the body, called External."""

    slices: list[Dataset]
    folder: Path
    """The slices as files."""
    grid: Grid
    masks: dict[str, Mask]

    @classmethod
    def make(cls, folder: Path, matrix: int, slices: int) -> Patient:
        """The usual patient resampled to the wanted size, which is quicker than drawing it there."""
        source = phantom_grid(PhantomOptions())
        *drawn, rtstruct, _, _ = phantom_dicom(structures=(*ORGANS, "External"))
        grid = _same_place(source, (slices, matrix, matrix))
        masks = {
            roi.name: resample(
                fill_contours(roi.contours, source).mask_kji.astype(np.float32), source, grid, outside=0
            )
            > 0.5
            for roi in read_rtstruct(rtstruct).rois
        }
        datasets = list(_datasets(drawn, source, grid))
        folder.mkdir()
        for number, dataset in enumerate(datasets):
            (folder / f"{number:04d}.dcm").write_bytes(write_bytes(dataset))
        return cls(datasets, folder, grid, masks)

    @property
    def reference(self) -> SeriesReference:
        """What an RTSTRUCT of the masks refers to."""
        first = self.slices[0]
        return SeriesReference(
            study_instance_uid=first.StudyInstanceUID,
            series_instance_uid=first.SeriesInstanceUID,
            frame_of_reference_uid=first.FrameOfReferenceUID,
            sop_class_uid=first.SOPClassUID,
            sop_instance_uids=tuple(one.SOPInstanceUID for one in self.slices),
            grid=self.grid,
            attributes={"PatientID": first.PatientID, "PatientName": str(first.PatientName)},
        )


def _same_place(grid: Grid, shape_kji: tuple[int, int, int]) -> Grid:
    """A grid of another shape between the same outer faces."""
    factors = np.array(grid.shape_kji[::-1]) / shape_kji[::-1]
    spacing = np.asarray(grid.spacing_ijk_mm) * factors
    return Grid.of(shape_kji, spacing, grid.to_lps((factors - 1) / 2), grid.direction)


def ct_volume(matrix: int, slices: int) -> tuple[Array, Grid]:
    """The CT of the usual patient at another size, in HU, and its grid."""
    source = phantom_grid(PhantomOptions())
    grid = _same_place(source, (slices, matrix, matrix))
    return _stretched(phantom_dicom(structures=()), source, grid), grid


def ct_files(matrix: int, slices: int) -> list[bytes]:
    """The CT of the usual patient at another size, as files."""
    source = phantom_grid(PhantomOptions())
    grid = _same_place(source, (slices, matrix, matrix))
    return [write_bytes(one) for one in _datasets(phantom_dicom(structures=()), source, grid)]


def _stretched(drawn: Sequence[Dataset], source: Grid, grid: Grid) -> Array:
    stored = np.stack([one.pixel_array.astype(np.float32) + AIR_HU for one in drawn])
    return np.rint(resample(stored, source, grid, outside=AIR_HU)).astype(np.int16)


def _datasets(drawn: Sequence[Dataset], source: Grid, grid: Grid) -> Iterator[Dataset]:
    hu_kji = _stretched(drawn, source, grid)
    template = drawn[0]
    uid = derived_uid("rinkaku-bench", str(grid.to_json()))
    for k, plane in enumerate((hu_kji - AIR_HU).astype("<u2")):
        one = copy.deepcopy(template)
        one.StudyInstanceUID, one.SeriesInstanceUID = derived_uid(uid, "study"), derived_uid(uid, "ct")
        one.SOPInstanceUID = derived_uid(uid, "ct", str(k))
        one.file_meta.MediaStorageSOPInstanceUID = UID(one.SOPInstanceUID)
        one.InstanceNumber = k + 1
        one.ImagePositionPatient = [f"{v:.8g}" for v in grid.to_lps([0, 0, k])]
        one.PixelSpacing = [f"{v:.8g}" for v in grid.spacing_ijk_mm[1::-1]]
        one.SliceThickness = f"{grid.spacing_ijk_mm[2]:.8g}"
        one.Rows, one.Columns = plane.shape
        one.PixelData = plane.tobytes()
        yield one
