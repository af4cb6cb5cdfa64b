"""The client for scripts, over real HTTP: a CT comes in, is drawn, reviewed, exported, learnt from."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from backend.client import Client, Problem
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.training.tables import NetworkVersion
from rt.dicom.parse import read_stored
from tests.factories.dicom import Ids, encode, make_ct_series
from tests.factories.jobs import run_queued

SHAPE_KJI = (6, 24, 20)


@pytest.fixture
def connect(live_server, login):
    """`connect(role)`: a client of a new person with that role."""
    opened = []

    def client(role: str | None) -> Client:
        token = login(role)["Authorization"].removeprefix("Bearer ")
        opened.append(Client(live_server, token))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def zipped_ct(folder, patient: str):
    ids = Ids.fresh(patient)
    ct = make_ct_series(SHAPE_KJI, ids=Ids(ids.study, ids.series, ids.frame_of_reference, patient, patient))
    path = folder / f"{patient}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, dataset in enumerate(ct):
            archive.writestr(f"{number}.dcm", encode(dataset))
    return path


def block(size: int) -> np.ndarray:
    mask = np.zeros(SHAPE_KJI, dtype=bool)
    mask[1:5, 4 : 4 + size, 4 : 4 + size] = True
    return mask


def draw(client: Client, study_id: str) -> tuple[str, str]:
    """A set with one structure drawn by hand; their ids."""
    series = client.study(study_id)["series"][0]
    drawn = client.create_structure_set(study_id, series["id"], "by script")
    structure = client.create_structure(drawn["id"], "Parotid_L")
    assert client.save_revision(structure["id"], block(8), 0)["number"] == 1
    return drawn["id"], structure["id"]


def versions(count: int) -> list[str]:
    """Shipped versions of a network."""
    with session_scope() as session:
        rows = [
            NetworkVersion(
                name="head-neck-oar", version=number, title="Head and neck", origin="shipped", manifest={},
                structures=["Parotid_L"], weights_sha256=storage().put(b"weights"), card="", metrics={},
            )
            for number in range(1, count + 1)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def test_from_files_to_a_promoted_network(connect, project, tmp_path):
    annotator, reviewer, administrator = connect("annotator"), connect("reviewer"), connect("administrator")
    first, second = versions(2)
    assert [one["id"] for one in annotator.projects()] == [project.id]
    imported = annotator.import_files(project.id, [zipped_ct(tmp_path, "P1"), zipped_ct(tmp_path, "P2")])
    assert (imported["stored"], imported["refused"], len(imported["files"])) == (12, 0, 12)
    assert {row["id"] for row in annotator.worklist(project.id, limit="1")} == set(imported["studies"])

    for study_id in imported["studies"]:
        set_id, structure_id = draw(annotator, study_id)
        corrected = annotator.save_revision(structure_id, block(10), 1, reason="larger", seconds=5)
        assert (corrected["number"], corrected["parent"]) == (2, 1)
        np.testing.assert_array_equal(annotator.mask(structure_id, 2), block(10))
        assert annotator.submit(set_id)["structures"][0]["state"] == "submitted"
        assert reviewer.approve(set_id, "fine")["structures"][0]["state"] == "approved"
    rtstruct = read_stored(administrator.export(set_id, "rtstruct"))
    assert [roi.ROIName for roi in rtstruct.StructureSetROISequence] == ["Parotid_L"]
    assert "structures.json" in zipfile.ZipFile(io.BytesIO(administrator.export(set_id, "nifti"))).namelist()

    snapshot = administrator.freeze_snapshot(project.id, "two", test_fraction=0.5, validation_fraction=0.0)
    assert snapshot["cases"] == {"train": 1, "validation": 0, "test": 1}
    run = administrator.start_run(project.id, snapshot["id"], first, {"iterations": 1})
    assert administrator.run(run["id"])["state"] == "queued"
    assert administrator.promote(project.id, first)["version"]["version"] == 1
    assert administrator.promote(project.id, second)["version"]["version"] == 2
    assert administrator.rollback(project.id, "head-neck-oar")["version"]["id"] == first


def test_jobs_are_waited_for(connect, project, tmp_path):
    clinician = connect("clinician")
    study_id = clinician.import_files(project.id, [zipped_ct(tmp_path, "P1")])["studies"][0]
    set_id, _ = draw(clinician, study_id)
    waiting = [job for job in clinician.jobs(study_id=study_id) if job["kind"] == "publish"]
    with pytest.raises(TimeoutError, match="still queued"):
        clinician.wait_for_job(waiting[0]["id"], timeout_s=0)
    run_queued("publish")
    done = clinician.wait_for_jobs([job["id"] for job in waiting])
    assert [job["state"] for job in done] == ["succeeded"] * len(waiting)
    assert {one["modality"] for one in clinician.study(study_id)["series"]} == {"CT", "RTSTRUCT", "SEG"}
    assert clinician.structure_set(set_id)["study_id"] == study_id


def test_refusals_are_problems(connect, project, tmp_path):
    clinician = connect("clinician")
    study_id = clinician.import_files(project.id, [zipped_ct(tmp_path, "P1")])["studies"][0]
    set_id, structure_id = draw(clinician, study_id)
    with pytest.raises(Problem) as stale:
        clinician.save_revision(structure_id, block(9), 0)
    assert (stale.value.status, stale.value.slug, stale.value.members["head"]) == (412, "stale-revision", 1)
    clinician.submit(set_id)
    with pytest.raises(Problem, match="own-work"):
        clinician.approve(set_id)
    with pytest.raises(Problem, match="not-found"):
        connect(None).study(study_id)
    (tmp_path / "notes.txt").write_text("not DICOM")
    refused = clinician.import_files(project.id, [tmp_path / "notes.txt"])
    assert (refused["refused"], refused["files"][0]["outcome"]) == (1, "refused")
