"""Sending files, folders and zips by the client."""

from __future__ import annotations

import zipfile

import pytest

from backend.config import get_settings
from rinkaku_client import Progress, imports
from tests.factories.dicom import Ids, encode, make_ct_series

SHAPE_KJI = (6, 24, 20)


@pytest.fixture
def ct(tmp_path):
    """A folder `patient` with a CT in a folder below, and a text that is no DICOM."""
    ids = Ids.fresh("client")
    deep = tmp_path / "patient" / "ct"
    deep.mkdir(parents=True)
    for number, dataset in enumerate(make_ct_series(SHAPE_KJI, ids=ids)):
        (deep / f"{number}.dcm").write_bytes(encode(dataset))
    (tmp_path / "patient" / "notes.txt").write_text("not DICOM")
    return tmp_path / "patient"


def zipped(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.dcm"):
            archive.write(file, file.name)
    return path


def test_folder_is_sent_with_all_below_and_refusals_are_told(connect, project, ct):
    clinician = connect("clinician")
    done = clinician.imports.send(project.id, [ct])
    assert (done["stored"], done["duplicate"], done["refused"]) == (6, 0, 1)
    (refused,) = done["refusals"]
    assert (refused["name"], refused["outcome"]) == ("patient/notes.txt", "refused")
    assert refused["slug"] and refused["detail"]
    assert {one["name"] for one in done["files"]} == {
        "patient/notes.txt", *[f"patient/ct/{number}.dcm" for number in range(6)],
    }  # fmt: skip
    study = clinician.studies.get(done["studies"][0])
    assert study["series"][0]["volume"] is not None


def test_zip_and_single_files_are_sent_and_known_ones_told(connect, project, ct):
    clinician = connect("clinician")
    done = clinician.imports.send(project.id, [zipped(ct), str(ct / "ct" / "0.dcm")])
    assert (done["stored"], done["duplicate"], done["refused"]) == (6, 1, 0)
    assert [one["outcome"] for one in done["files"]].count("duplicate") == 1


def test_progress_counts_the_bytes_of_all_files(connect, project, ct, monkeypatch):
    monkeypatch.setattr(imports, "PIECE_BYTES", 300)
    said: list[Progress] = []
    connect("clinician").imports.send(project.id, [ct], said.append)
    total = sum(file.stat().st_size for file in ct.rglob("*") if file.is_file())
    assert {one.total for one in said} == {total}
    assert [one.done for one in said] == sorted(one.done for one in said)
    assert said[-1].done == total
    assert len(said) > 12 and len({one.name for one in said}) == 7


def test_interrupted_file_is_sent_again(connect, line, project, ct):
    clinician = connect("clinician", line.url)
    line.break_before, line.times = b"PUT /api/imports", 2
    done = clinician.imports.send(project.id, [ct])
    assert (line.broken, done["stored"]) == (2, 6)
    line.break_before, line.broken = b"/complete", 0
    again = clinician.imports.send(project.id, [ct])
    assert (line.broken, again["duplicate"], again["studies"]) == (2, 6, done["studies"])


def test_file_beyond_the_limit_is_a_refusal_among_others(connect, project, ct, monkeypatch):
    large = ct / "large.dcm"
    large.write_bytes(bytes(100_000))
    monkeypatch.setattr(get_settings(), "upload_bytes", 50_000)
    done = connect("clinician").imports.send(project.id, [ct])
    assert (done["stored"], done["refused"]) == (6, 2)
    refused = {one["name"]: one["slug"] for one in done["refusals"]}
    assert refused["patient/large.dcm"] == "too-large"
    assert len(done["files"]) == 8


def test_what_is_not_there_is_told_before_anything_is_sent(connect, project, ct):
    clinician = connect("clinician")
    with pytest.raises(FileNotFoundError, match=r"none\.dcm"):
        clinician.imports.send(project.id, [ct, ct / "none.dcm"])
    assert list(clinician.studies.list(project.id)) == []
