"""What others make of our files: a validator of the standard and another program's rasteriser."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, common_dataset, write_bytes
from rt.dicom.rtstruct import write_rtstruct
from rt.dicom.seg import write_seg
from rt.dicom.uids import new_uid
from tests.rt.grids import ball, oriented_grid

SHAPE = (8, 40, 52)
needs_dciodvfy = pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dicom3tools is not installed")
needs_plastimatch = pytest.mark.skipif(not shutil.which("plastimatch"), reason="plastimatch is not installed")


def series() -> SeriesReference:
    return SeriesReference(
        study_instance_uid=new_uid(),
        series_instance_uid=new_uid(),
        frame_of_reference_uid=new_uid(),
        sop_class_uid=str(CTImageStorage),
        sop_instance_uids=tuple(new_uid() for _ in range(SHAPE[0])),
        grid=oriented_grid("HFS", SHAPE),
        attributes={
            "PatientName": "Doe^Jane",
            "PatientID": "R1",
            "StudyID": "1",
            "StudyDate": "20260101",
            "StudyTime": "120000",
        },
    )


def structures() -> list[StructureOut]:
    two = ball(SHAPE, (4, 12, 12), 4) | ball(SHAPE, (4, 25, 40), 3)
    return [
        StructureOut(1, "Brainstem", "#ff0000", "ORGAN", ball(SHAPE, (4, 20, 26), 12), automatic=True),
        StructureOut(2, "GTVn", "#00ff00", "GTV", two),
    ]


def header() -> ObjectHeader:
    return ObjectHeader("Rinkaku AI", new_uid(), new_uid(), datetime.now(UTC), software_version="0.1")


def write_ct(folder: Path, source: SeriesReference) -> None:
    """An empty CT of the series, as little of it as another reader needs."""
    for k, uid in enumerate(source.sop_instance_uids):
        head = ObjectHeader("CT", uid, source.series_instance_uid, datetime.now(UTC))
        image = common_dataset(source, head, str(CTImageStorage))
        image.Modality, image.InstanceNumber = "CT", k + 1
        image.ImagePositionPatient = [round(float(v), 6) for v in source.slice_origin_mm(k)]
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.PixelSpacing = [source.grid.spacing_ijk_mm[1], source.grid.spacing_ijk_mm[0]]
        image.SliceThickness = source.grid.spacing_ijk_mm[2]
        image.Rows, image.Columns = SHAPE[1:]
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
        image.RescaleIntercept, image.RescaleSlope = 0, 1
        image.PixelData = bytes(2 * SHAPE[1] * SHAPE[2])
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        (folder / f"{k}.dcm").write_bytes(write_bytes(image))


@needs_dciodvfy
@pytest.mark.parametrize("write", [write_rtstruct, write_seg])
def test_the_validator_of_the_standard_finds_no_error(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "object.dcm"
    path.write_bytes(write_bytes(write(series(), structures(), header())))
    report = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert [line for line in report.stderr.splitlines() if line.startswith("Error")] == []
    assert pydicom.dcmread(path).PatientID == "R1"


@needs_plastimatch
def test_case_09_another_rasteriser_finds_the_same_voxels(tmp_path: Path) -> None:
    source = series()
    (tmp_path / "ct").mkdir()
    write_ct(tmp_path / "ct", source)
    (tmp_path / "rs.dcm").write_bytes(write_bytes(write_rtstruct(source, structures(), header())))
    command = "plastimatch convert --input rs.dcm --referenced-ct ct --output-prefix out --prefix-format nrrd"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    for structure in structures():
        image = SimpleITK.ReadImage(str(tmp_path / "out" / f"{structure.name}.nrrd"))
        assert np.array_equal(SimpleITK.GetArrayFromImage(image) > 0, structure.mask_kji)
