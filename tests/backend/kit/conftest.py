"""Rows that other features write, made directly."""

from __future__ import annotations

from uuid import uuid4

import pytest

from backend.kit import db
from backend.labels.tables import Review, Revision, Structure, StructureSet
from backend.projects.service import default_project
from backend.studies.tables import Patient, Series, Study


@pytest.fixture
def labelled(database):
    """A study with one structure that has a revision and its review; gives the structure's id."""
    ids = {name: str(uuid4()) for name in ("patient", "study", "series", "set", "structure")}
    with db.session_scope() as session:
        project = default_project(session)
        study = {"id": ids["study"], "project_id": project.id, "patient_row_id": ids["patient"]}
        contours = {"id": ids["set"], "study_row_id": ids["study"], "series_row_id": ids["series"]}
        structure = {"id": ids["structure"], "structure_set_id": ids["set"], "number": 1}
        of_structure = {"structure_id": ids["structure"], "sha256": "0" * 64}
        rows = (
            Patient(id=ids["patient"], project_id=project.id, patient_id="P1"),
            Study(**study, study_instance_uid="1.2.3"),
            Series(id=ids["series"], study_row_id=ids["study"], series_instance_uid="1.2.4", modality="CT"),
            StructureSet(**contours, label="A", origin="manual"),
            Structure(**structure, name="Larynx", colour="#ffffff"),
            Revision(**of_structure, number=1, parent=0, volume_cc=1.0, slices=1, changed_voxels=1),
            Review(**of_structure, revision=1, act="submitted", user_id="u", user_name="U"),
        )
        for row in rows:
            session.add(row)
            session.flush()
    return ids["structure"]
