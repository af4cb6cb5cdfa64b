"""A patient whose CT and structure sets came in as DICOM through the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy import select

from backend.kit import db
from backend.labels import service as labels
from backend.projects.tables import Project
from backend.studies import service as studies
from backend.studies.tables import Series, Study
from rt.geometry import Grid
from tests.factories.dicom import Ids, encode, make_ct_series

SHAPE_KJI = (6, 24, 20)


@dataclass(frozen=True)
class Arrived:
    """A study that came in, with the CT's data sets as they were sent."""

    ct: list[Dataset]
    study: Study
    series: Series
    grid: Grid


def send(
    project: Project, folder: Path, datasets: Sequence[Dataset], syntax: str = ExplicitVRLittleEndian
) -> str:
    """Import data sets from a folder, images in this transfer syntax; gives the study's id."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets):
        data = encode(dataset, syntax if dataset.Modality == "CT" else ExplicitVRLittleEndian)
        (folder / f"{dataset.Modality}-{number}.dcm").write_bytes(data)
    summary, arrivals = studies.import_path(project.id, None, folder)
    assert summary.refused == 0, arrivals
    return summary.studies[0]


def send_ct(project: Project, folder: Path, seed: str = "ct") -> Arrived:
    """A small CT that came in and has its volume."""
    ids = Ids.fresh(seed)
    ct = make_ct_series(
        SHAPE_KJI, ids=Ids(ids.study, ids.series, ids.frame_of_reference, f"ID-{seed}", f"Secret^{seed}")
    )
    study_id = send(project, folder / seed, ct)
    with db.session_scope(read_only=True) as session:
        study = session.get_one(Study, study_id)
        series = session.scalars(select(Series).where(Series.study_row_id == study_id)).one()
        assert series.volume is not None
        return Arrived(ct, study, series, Grid.from_json(series.volume["grid"]))


def draw(arrived: Arrived, name: str) -> str:
    """A box drawn on the CT as this structure; gives the revision's id."""
    mask = np.zeros(arrived.grid.shape_kji, dtype=np.bool_)
    mask[1:5, 4:16, 4:16] = True
    with db.session_scope() as session:
        drawn = labels.working_set(session, arrived.series)
        structure = labels.ensure_structure(session, drawn, labels.NewStructure(name))
        return labels.append_revision(session, structure, labels.NewRevision(mask, structure.head)).id
