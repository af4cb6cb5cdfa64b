"""NIfTI where the project allows it: same voxels, same place; hostile headers are refused."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from backend.config import get_settings
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies import service
from backend.studies.schemas import Outcome
from backend.studies.tables import Instance, Series
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomTooLarge
from rt.geometry import Grid
from rt.resample import write_nifti
from tests.factories.nifti import header

TILTED = np.array([[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]])
DIRECTIONS = {
    "axial": np.eye(3),
    "tilted": TILTED,
    "flipped": np.diag([-1.0, 1.0, -1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
}


@pytest.fixture
def open_project(project: Project) -> Project:
    """The default project, taking NIfTI."""
    with session_scope() as session:
        made = session.get_one(Project, project.id)
        made.allow_nifti = True
    return made


def only_series() -> Series:
    with session_scope(read_only=True) as session:
        return session.scalars(select(Series)).one()


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_a_ct_keeps_its_values_and_its_place(
    database: str, open_project: Project, tmp_path: Path, direction: np.ndarray
) -> None:
    hu = np.random.default_rng(1).integers(-1000, 2000, (5, 6, 7)).astype(np.int16)
    grid = Grid.of(hu.shape, (0.9, 1.1, 2.5), (-10.5, 20.25, 300.0), direction)
    write_nifti(tmp_path / "ct.nii.gz", hu, grid)
    summary, _ = service.import_path(open_project.id, None, tmp_path / "ct.nii.gz")
    assert (summary.stored, summary.refused) == (1, 0)
    series = only_series()
    voxels, stored_grid = service.load_volume(series)
    assert (series.modality, (series.volume or {})["unit"]) == ("CT", "HU")
    where = np.indices(hu.shape)[::-1].reshape(3, -1).T
    back = np.rint(stored_grid.to_index(grid.to_lps(where))).astype(int)
    assert np.allclose(stored_grid.to_lps(back), grid.to_lps(where), atol=1e-3)
    assert np.array_equal(voxels[back[:, 2], back[:, 1], back[:, 0]], hu.ravel())


def test_fractional_values_come_back_to_a_part_in_65535(
    database: str, open_project: Project, tmp_path: Path
) -> None:
    mr = np.random.default_rng(2).uniform(0, 3.7, (4, 5, 6)).astype(np.float32)
    write_nifti(tmp_path / "t1.nii", mr, Grid.of(mr.shape, (1, 1, 1), (0, 0, 0), np.eye(3)))
    service.import_path(open_project.id, None, tmp_path / "t1.nii")
    series = only_series()
    voxels, _ = service.load_volume(series)
    assert series.modality == "MR"
    assert np.abs(voxels * (series.volume or {})["slope"] - mr).max() <= 3.7 / 65535


def test_the_same_file_twice_is_one_series(database: str, open_project: Project, tmp_path: Path) -> None:
    write_nifti(
        tmp_path / "a.nii", np.zeros((3, 4, 5), np.int16), Grid.of((3, 4, 5), (1, 1, 1), (0, 0, 0), np.eye(3))
    )
    service.import_path(open_project.id, None, tmp_path / "a.nii")
    summary, _ = service.import_path(open_project.id, None, tmp_path / "a.nii")
    assert (summary.stored, summary.duplicate) == (0, 1)
    with session_scope(read_only=True) as session:
        assert len(session.scalars(select(Instance)).all()) == 3


def test_a_project_that_does_not_allow_it_refuses_by_name(
    database: str, project: Project, tmp_path: Path
) -> None:
    (tmp_path / "a.nii").write_bytes(b"anything")
    _, (arrival,) = service.import_path(project.id, None, tmp_path / "a.nii")
    assert (arrival.outcome, arrival.slug, arrival.name) == (Outcome.REFUSED, "nifti-not-allowed", "a.nii")


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"", "empty-file"),
        (header(), "dicom-truncated"),
        (header(dim=(40, "<8h", (3, 4000, 4000, 4000, 1, 1, 1, 1))), "dicom-too-large"),
        (header(dim=(40, "<8h", (3, -1, 1, 1, 1, 1, 1, 1))), "not-dicom"),
        (header(kind=(70, "<h", (128,))), "not-dicom"),
        (header(offset=(108, "<f", (1e9,))), "not-dicom"),
        (header(offset=(108, "<f", (float("nan"),))), "not-dicom"),
        (header(codes=(252, "<2h", (0, 0))) + b"\0\0", "bad-geometry"),
        (header(affine=(280, "<12f", (1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0))) + b"\0\0", "bad-geometry"),
        (header(affine=(280, "<12f", (0,) * 12)) + b"\0\0", "bad-geometry"),
        (gzip.compress(header() + b"\0" * (513 * 2**20)), "dicom-too-large"),
        (gzip.compress(header())[:-20], "not-dicom"),
    ],
    ids=[
        "empty",
        "cut",
        "huge",
        "negative",
        "colour",
        "offset",
        "nan",
        "nowhere",
        "sheared",
        "flat",
        "bomb",
        "torn",
    ],
)
def test_hostile_files_are_refused(
    database: str, open_project: Project, tmp_path: Path, data: bytes, slug: str
) -> None:
    path = tmp_path / "bad.nii"
    path.write_bytes(data)
    _, (arrival,) = service.import_path(open_project.id, None, path)
    assert (arrival.outcome, arrival.slug) == (Outcome.REFUSED, slug)
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Instance)).all() == []


def test_the_api_process_reads_none_of_it(
    database: str, open_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_nifti(
        tmp_path / "a.nii", np.zeros((3, 4, 5), np.int16), Grid.of((3, 4, 5), (1, 1, 1), (0, 0, 0), np.eye(3))
    )
    for name in ("read_nifti", "_header", "dicom_slice"):
        monkeypatch.setattr(f"rt.dicom.nifti.{name}", lambda *_: pytest.fail("read outside the parser"))
    summary, _ = service.import_path(open_project.id, None, tmp_path / "a.nii")
    assert summary.stored == 1


def test_a_slice_that_cannot_be_made_leaves_nothing(
    database: str, open_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ParserProcess.nifti_slices

    def torn(self: ParserProcess, path: Path, name: str) -> Iterator[bytes]:
        yield from islice(made(self, path, name), 2)
        raise DicomTooLarge("the parser ran out of memory or time on this file")

    monkeypatch.setattr(ParserProcess, "nifti_slices", torn)
    write_nifti(
        tmp_path / "a.nii", np.zeros((3, 4, 5), np.int16), Grid.of((3, 4, 5), (1, 1, 1), (0, 0, 0), np.eye(3))
    )
    _, (arrival,) = service.import_path(open_project.id, None, tmp_path / "a.nii")
    assert (arrival.outcome, arrival.slug) == (Outcome.REFUSED, "dicom-too-large")
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Instance)).all() == []
    assert not any((get_settings().data / "scratch").iterdir())
