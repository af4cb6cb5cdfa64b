"""The whole chain on real patients: the door, contours, a cohort from a CSV, features of CT, MR and PET."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.cohorts import service
from backend.jobs.tables import Job
from backend.kit import db
from backend.projects.tables import Project
from backend.studies import service as studies
from backend.studies.tables import Patient
from rt.radiomics import Settings, presets
from tests.backend.cohorts.conftest import Door
from tests.factories.jobs import run_queued

pytestmark = pytest.mark.shared_data
SARCOMA = Path(__file__).parents[4] / "shared" / "data" / "sarcoma"
MODALITIES = {
    "CT": ("GTV_Mass_CT", "ct", 3.0), "MR": ("GTV_Mass_MR_T1", "mr", 3.0), "PT": ("GTV_Mass_PET", "pet", 4.0),
}  # fmt: skip
"""What the tumour is called there, and how it is measured."""


def small(preset: str, spacing_mm: float) -> dict[str, object]:
    """A preset without filters, on coarse voxels: the chain is looked at, not the numbers of a study."""
    settings = presets()[preset].to_json()
    return Settings.from_json(
        settings | {"spacing_mm": spacing_mm, "log_sigmas_mm": [], "wavelet": None}
    ).to_json()


def test_ten_patients_from_the_door_to_a_frozen_table(door: Door, project: Project) -> None:
    if not SARCOMA.is_dir():
        pytest.skip(f"real patients are not at {SARCOMA}")
    summary, _ = studies.import_path(project.id, None, SARCOMA)
    assert (summary.refused, len(summary.studies)) == (0, 10)
    run_queued("import-structures")
    ids = patient_ids()
    rows = [f"{one},{40 + n},{n + 3},{n % 2}" for n, one in enumerate(ids)]
    csv = "\n".join(["PatientID,age,OS_months,OS_event", *rows, "elsewhere,50,12,1"])
    assert door.table(csv).status_code == 200
    assert door.get()["in_store"] == 10
    sets = {}
    for modality, (structure, preset, spacing_mm) in MODALITIES.items():
        body = {
            "name": modality, "structure": structure, "modality": modality, "source": "latest",
            "settings": small(preset, spacing_mm),
        }  # fmt: skip
        sets[modality] = door.call("POST", "/feature-sets", json=body).json()["id"]
    run_queued("radiomics")
    for modality, made in sets.items():
        found = door.get(f"/feature-sets/{made}")
        assert (found["done"], [one["slug"] for one in found["failed"]]) == (10, ["not-in-store"]), modality
        assert found["stale"] == []
        lines = door.call("GET", f"/feature-sets/{made}/values").text.splitlines()
        assert len(lines) == 11 and len(lines[0].split(",")) > 150
    with db.session_scope(read_only=True) as session:
        assert session.query(Job).filter_by(kind="radiomics").count() == 12
        table = service.frozen(session, door.id, list(sets.values()))
    assert len(table.patients) == 11 and len(table.features) > 450
    ct = table.column("CT/original_morph_volume").values
    mr = table.column("MR/original_morph_volume").values
    assert all(one is not None and one > 0 for one in ct[:10])
    ratios = [float(a) / float(b) for a, b in zip(ct[:10], mr[:10], strict=True)]  # type: ignore[arg-type]
    assert all(0.5 < ratio < 2 for ratio in ratios)  # one tumour, contoured on two images


def patient_ids() -> list[str]:
    with db.session_scope(read_only=True) as session:
        return sorted(session.scalars(select(Patient.patient_id)))
