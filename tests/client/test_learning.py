"""The client for scripts, over real HTTP: a CT comes in, is drawn, reviewed, exported, learnt from."""

from __future__ import annotations

import zipfile

import numpy as np

from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.training.tables import NetworkVersion
from rinkaku_client import Client
from rt.dicom.parse import read_stored
from tests.factories.dicom import Ids, encode, make_ct_series

SHAPE_KJI = (6, 24, 20)


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
    series = client.studies.get(study_id)["series"][0]
    drawn = client.structures.create_set(study_id, series["id"], "by script")
    structure = client.structures.create(drawn["id"], "Parotid_L")
    assert client.structures.save(structure["id"], block(8), 0)["number"] == 1
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
    assert [one["id"] for one in annotator.projects.list()] == [project.id]
    imported = annotator.imports.send(project.id, [zipped_ct(tmp_path, "P1"), zipped_ct(tmp_path, "P2")])
    assert (imported["stored"], imported["refused"], len(imported["files"])) == (12, 0, 12)
    assert {row["id"] for row in annotator.studies.list(project.id, limit=1)} == set(imported["studies"])

    for study_id in imported["studies"]:
        set_id, structure_id = draw(annotator, study_id)
        corrected = annotator.structures.save(structure_id, block(10), 1, reason="larger", seconds=5)
        assert (corrected["number"], corrected["parent"]) == (2, 1)
        np.testing.assert_array_equal(annotator.structures.mask(structure_id, 2), block(10))
        assert annotator.reviews.submit(set_id)["structures"][0]["state"] == "submitted"
        seen = reviewer.structures.get(set_id)
        assert reviewer.reviews.approve(set_id, "fine", seen=seen)["structures"][0]["state"] == "approved"
    rtstruct = read_stored(administrator.exports.save(set_id, "rtstruct", tmp_path).read_bytes())
    assert [roi.ROIName for roi in rtstruct.StructureSetROISequence] == ["Parotid_L"]
    with zipfile.ZipFile(administrator.exports.save(set_id, "nifti", tmp_path)) as masks:
        assert "structures.json" in masks.namelist()

    snapshot = administrator.training.freeze(project.id, "two", test_fraction=0.5, validation_fraction=0.0)
    assert snapshot["cases"] == {"train": 1, "validation": 0, "test": 1}
    run = administrator.training.start(project.id, snapshot["id"], first, {"iterations": 1})
    assert administrator.training.run(run["id"])["state"] == "queued"
    assert administrator.training.promote(project.id, first)["version"]["version"] == 1
    assert administrator.training.promote(project.id, second)["version"]["version"] == 2
    assert administrator.training.rollback(project.id, "head-neck-oar")["version"]["id"] == first
    networks = administrator.training.networks()
    assert [one["version"] for one in networks[0]["versions"]] == [2, 1]
    assert [one["id"] for one in administrator.training.snapshots(project.id)] == [snapshot["id"]]
    assert [one["id"] for one in administrator.training.runs(project.id)] == [run["id"]]
    cases = administrator.training.cases(project.id, snapshot["id"])
    assert {(one["split"], one["patient_id"]) for one in cases} in (
        {("train", "P1"), ("test", "P2")},
        {("train", "P2"), ("test", "P1")},
    )
    active = [one["version"]["id"] for one in administrator.training.deployments(project.id) if one["active"]]
    assert active == [first]
