"""Files that the client writes."""

from __future__ import annotations

import hashlib
import zipfile

import pytest

from rinkaku_client import Progress
from rinkaku_client.problems import Conflict, InvalidInput
from rt.dicom.parse import read_stored
from tests.backend.labels.conftest import draw
from tests.factories.jobs import run_queued
from tests.factories.patients import send_ct
from tests.factories.scenes import Scene, block


@pytest.fixture
def contoured(project, tmp_path):
    """A CT that came in as DICOM with one structure on it."""
    arrived = send_ct(project, tmp_path / "sent")
    scene = Scene(arrived.study, arrived.series, arrived.grid)
    return draw(scene, "Parotid_L", block(arrived.grid, slice(1, 5), slice(4, 16), slice(4, 14)))


@pytest.fixture
def folder(tmp_path):
    """Where exports go."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_set_is_saved_under_the_servers_name_with_progress(connect, contoured, folder):
    clinician = connect("clinician")
    said: list[Progress] = []
    written = clinician.exports.save(contoured.set_id, "rtstruct", folder, progress=said.append)
    assert list(folder.iterdir()) == [written]
    data = written.read_bytes()
    assert [roi.ROIName for roi in read_stored(data).StructureSetROISequence] == ["Parotid_L"]
    assert (said[-1].name, said[-1].done, said[-1].total) == (written.name, len(data), len(data))
    report = clinician.exports.report(contoured.set_id, "rtstruct")
    assert (report["sha256"], report["structures"][0]["dice"]) == (hashlib.sha256(data).hexdigest(), 1)


def test_set_is_saved_under_a_name_of_ones_own_for_a_system(connect, contoured, folder):
    clinician = connect("clinician")
    names = [one["name"] for one in clinician.exports.profiles()]
    assert "eclipse" in names
    target = folder / "for-eclipse.dcm"
    target.write_bytes(b"older")
    assert clinician.exports.save(contoured.set_id, "rtstruct", str(target), profile="eclipse") == target
    assert read_stored(target.read_bytes()).Modality == "RTSTRUCT"
    assert list(folder.iterdir()) == [target]


def test_refused_export_leaves_the_old_file(connect, contoured, folder):
    target = folder / "set.dcm"
    target.write_bytes(b"older")
    with pytest.raises(InvalidInput, match="unknown-profile"):
        connect("clinician").exports.save(contoured.set_id, "rtstruct", target, profile="none")
    assert target.read_bytes() == b"older"
    assert list(folder.iterdir()) == [target]


def test_download_that_breaks_off_begins_again(connect, line, contoured, folder):
    clinician = connect("clinician", line.url)
    line.break_after_bytes, line.times = 1000, 2
    written = clinician.exports.save(contoured.set_id, "nifti", folder)
    assert line.broken == 2
    with zipfile.ZipFile(written) as masks:
        assert masks.testzip() is None
    assert list(folder.iterdir()) == [written]


def test_training_set_is_asked_for_and_saved(connect, contoured, project, folder):
    clinician = connect("clinician")
    wanted = {"format": "monai", "only_approved": False}
    job = clinician.exports.request_training_set(project.id, wanted)
    with pytest.raises(Conflict, match="export-not-ready"):
        clinician.exports.save_training_set(job["id"], folder)
    assert list(folder.iterdir()) == []
    run_queued("export")
    assert clinician.jobs.wait(job["id"])["state"] == "succeeded"
    with zipfile.ZipFile(clinician.exports.save_training_set(job["id"], folder)) as archive:
        assert any(name.endswith(".nii.gz") for name in archive.namelist())
