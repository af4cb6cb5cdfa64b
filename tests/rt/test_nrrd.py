"""NRRD label maps: what is written is read by others, what others write is read, hostile ones are refused."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from rt.dicom.nrrd import nrrd_bytes, read_nrrd_labels
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomError, DicomTooLarge, DicomTruncated, GeometryError
from rt.geometry import Grid

C, S = np.cos(0.3), np.sin(0.3)
GRID = Grid.of((3, 4, 5), (1.0, 2.0, 3.5), (10.0, -20.0, 30.25), np.array([[1, 0, 0], [0, C, -S], [0, S, C]]))
LABELS = np.arange(60, dtype=np.uint8).reshape(GRID.shape_kji)


def test_others_read_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.nrrd").write_bytes(nrrd_bytes(LABELS, GRID))
    image = sitk.ReadImage(str(tmp_path / "x.nrrd"))
    assert image.GetPixelIDTypeAsString() == "8-bit unsigned integer"
    assert np.array_equal(sitk.GetArrayFromImage(image), LABELS)
    assert np.allclose(image.GetOrigin(), GRID.origin_lps_mm)
    assert np.allclose(image.GetSpacing(), GRID.spacing_ijk_mm)
    assert np.allclose(np.reshape(image.GetDirection(), (3, 3)), GRID.matrix)


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int32, np.float32, np.bool_])
def test_images_and_masks_are_written_in_their_own_type(tmp_path: Path, kind: type) -> None:
    values = (LABELS.astype(np.int32) - 20).clip(0 if kind in (np.uint16, np.bool_) else -20).astype(kind)
    (tmp_path / "x.nrrd").write_bytes(nrrd_bytes(values, GRID))
    read = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "x.nrrd")))
    assert read.dtype == (np.uint8 if kind is np.bool_ else kind)
    assert np.array_equal(read, values)


def test_what_is_not_on_its_grid_or_of_no_known_type_is_not_written() -> None:
    with pytest.raises(GeometryError, match="not on a grid"):
        nrrd_bytes(LABELS[1:], GRID)
    with pytest.raises(GeometryError, match="complex128"):
        nrrd_bytes(LABELS.astype(np.complex128), GRID)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32])
def test_what_others_write_is_read(tmp_path: Path, packed: bool, kind: type) -> None:
    image = sitk.GetImageFromArray(LABELS.astype(kind))
    image.SetOrigin(GRID.origin_lps_mm)
    image.SetSpacing(GRID.spacing_ijk_mm)
    image.SetDirection(GRID.matrix.ravel())
    sitk.WriteImage(image, str(tmp_path / "x.seg.nrrd"), packed)
    with ParserProcess() as parser:
        labels, grid = parser.labels((tmp_path / "x.seg.nrrd").read_bytes())
    assert np.array_equal(labels, LABELS)
    assert grid.is_close(GRID)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_file_in_ras_lies_where_it_says(newline: bytes) -> None:
    head, _, voxels = nrrd_bytes(LABELS, GRID).partition(b"\n\n")
    turned = head.replace(b"left-posterior-superior", b"RAS").replace(b"\n", newline)
    labels, grid = read_nrrd_labels(io.BytesIO(turned + newline * 2 + voxels))
    assert np.array_equal(labels, LABELS)
    assert np.allclose(grid.origin_lps_mm, (-10.0, 20.0, 30.25))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b"NRRD0004", b"NIFTI", DicomError),
        (b"dimension: 3", b"dimension: 4", DicomError),
        (b"sizes: 5 4 3", b"sizes: 5 4", DicomError),
        (b"sizes: 5 4 3", b"sizes: 5 4 -3", DicomError),
        (b"sizes: 5 4 3", b"sizes: 5 4 x", DicomError),
        (b"sizes: 5 4 3", b"sizes: 5 4 4", DicomTruncated),
        (b"sizes: 5 4 3", b"sizes: 4000 4000 4000", DicomTooLarge),
        (b"type: uint8", b"type: double", DicomError),
        (b"encoding: raw", b"encoding: bzip2", DicomError),
        (b"encoding: raw", b"encoding: gzip", DicomError),
        (b"encoding: raw", b"encoding: raw\ndata file: /etc/passwd", DicomError),
        (b"space: left-posterior-superior", b"space: scanner-xyz", DicomError),
        (b"space origin: (", b"space origin: (nan,", DicomError),
        (b"space origin: (10.0", b"space origin: (inf", GeometryError),
        (b"space directions: (", b"space directions: none (", DicomError),
    ],
)
def test_what_is_no_label_map_is_refused(old: bytes, new: bytes, kind: type[Exception]) -> None:
    data = nrrd_bytes(LABELS, GRID)
    assert old in data
    with pytest.raises(kind):
        read_nrrd_labels(io.BytesIO(data.replace(old, new)))


def test_neither_a_header_nor_a_stream_may_grow() -> None:
    with pytest.raises(DicomError, match="header"):
        read_nrrd_labels(io.BytesIO(b"NRRD0004\n" + b"# comment\n" * 200_000))
    head, _, _ = nrrd_bytes(LABELS, GRID).partition(b"\n\n")
    bomb = head.replace(b"raw", b"gzip") + b"\n\n" + gzip.compress(bytes(50_000_000))
    labels, _ = read_nrrd_labels(io.BytesIO(bomb))
    assert labels.size == LABELS.size, "no more is inflated than the header promises"
