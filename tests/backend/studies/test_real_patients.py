"""Real patients through the door: four kinds of series, as different scanners wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies import service
from backend.studies.tables import Series
from tests.factories.dicom import encode
from tests.factories.openkbp import CtOptions, openkbp_ct

pytestmark = pytest.mark.shared_data
SHARED = Path(__file__).parents[4] / "shared" / "data"


def folder(name: str) -> Path:
    path = SHARED / name
    if not path.is_dir():
        pytest.skip(f"real patients are not at {SHARED}")
    return path


def all_series() -> list[Series]:
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(Series).order_by(Series.modality)))


def test_a_compressed_ct_without_series_uid_becomes_a_volume(database: str, project: Project) -> None:
    summary, _ = service.import_path(project.id, None, folder("ct_dicom"))
    assert (summary.stored, summary.refused) == (20, 0)
    (series,) = all_series()
    voxels, grid = service.load_volume(series)
    assert grid.shape_kji == (20, 512, 512)
    assert voxels.min() >= -1024 and voxels.max() < 4000
    assert -200 < float(np.median(voxels[:, 200:312, 200:312])) < 200  # soft tissue in the middle


def test_ct_mr_and_pet_with_their_structure_sets(database: str, project: Project) -> None:
    summary, _ = service.import_path(project.id, None, folder("sarcoma/STS_002"))
    assert summary.refused == 0
    assert len(summary.studies) == 1
    series = all_series()
    assert [s.modality for s in series] == ["CT", "MR", "PT", "RTSTRUCT", "RTSTRUCT", "RTSTRUCT"]
    assert [(s.volume or {}).get("unit") for s in series[:3]] == ["HU", "", "SUV"]
    assert all(s.warnings == [] for s in series)
    with session_scope(read_only=True) as session:
        kinds = session.scalars(select(Job.kind)).all()
    assert sorted(kinds) == ["import-structures"] * 3 + ["presegment", "regions"]


@pytest.mark.parametrize("orientation", ["HFS", "FFP", "CORONAL"])
def test_a_head_and_neck_patient_in_any_orientation(
    database: str, project: Project, tmp_path: Path, orientation: str
) -> None:
    patient = openkbp_ct(options=CtOptions(pixels=64, thickness_mm=5.0, orientation=orientation))
    for number, slice_ in enumerate(patient.series):
        (tmp_path / f"{number}.dcm").write_bytes(encode(slice_))
    batch = tmp_path / "batch"
    batch.mkdir()
    for path in tmp_path.glob("*.dcm"):
        path.rename(batch / path.name)
    service.import_path(project.id, None, batch)
    voxels, grid = service.load_volume(all_series()[0])
    assert grid.is_close(patient.grid)
    assert np.array_equal(voxels, patient.hu_kji)
