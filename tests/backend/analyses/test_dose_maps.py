"""A dose-outcome map of a cohort, from the request to the map over a patient's image and in files."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest

from backend.kit import db
from backend.labels import service as labels
from backend.projects.tables import Project
from backend.studies.tables import Series, Study
from rt.errors import RtError
from rt.geometry import Grid
from tests.backend.analyses.conftest import Ask
from tests.backend.cohorts.conftest import Door
from tests.factories.dicom import Ids, make_ct_series, make_rtdose
from tests.factories.jobs import run_job
from tests.factories.patients import send

SHAPE, SPACING = (14, 24, 24), (3.0, 3.0, 3.0)
ORIGIN = (-34.5, -34.5, -19.5)
COUNT = 16
CONFIG: dict[str, Any] = {
    "structures": ["Parotid_L", "Parotid_R"], "endpoint": "dry", "source": "latest",
    "clinical": ["age", "sex"],
    "space": {"points": 250, "size": 10, "rounds": 1, "min_dice": 0.7},
    "map": {
        "folds": 2, "inner_folds": 2, "penalties": 3, "permutations": 20, "subsamples": 4, "iterations": 60,
    },
}  # fmt: skip
DICTIONARY = [
    {"column": "ID", "role": "patient"},
    {"column": "Dry", "role": "event", "endpoint": "dry"},
    {"column": "Flow", "role": "variable", "name": "flow", "kind": "number"},
    {"column": "Age", "role": "variable", "name": "age", "kind": "number"},
    {"column": "Sex", "role": "variable", "name": "sex", "kind": "category"},
]


def ellipsoid(number: int) -> npt.NDArray[np.bool_]:
    """An organ a little larger in every second patient, on the CT's grid."""
    k, j, i = (np.indices(SHAPE) - np.array([6.5, 11.5, 11.5])[:, None, None, None]) * 3.0
    scale = 1 + 0.08 * (number % 3)
    far = np.sqrt((k / 17) ** 2 + (j / (14 * scale)) ** 2 + (i / 11) ** 2)
    return far < 1 + 0.15 * (i > 4)


def arrive(project: Project, folder: Path, name: str, number: int, *, dose: bool = True) -> Series:
    """A patient with a CT and, unless it is not wanted, a dose that rises from right to left."""
    ids = Ids.fresh(name)
    ids = Ids(ids.study, ids.series, ids.frame_of_reference, name, f"Secret^{name}")
    ct = make_ct_series(SHAPE, spacing_ijk_mm=SPACING, origin_lps_mm=ORIGIN, ids=ids)
    sent = list(ct)
    if dose:
        rng = np.random.default_rng(number)
        slope, base = rng.uniform(0, 1), rng.uniform(10, 30)
        gy = np.broadcast_to(base + slope * np.arange(SHAPE[2]) + rng.uniform(0, 3, SHAPE), SHAPE)
        made = make_rtdose(ct, gy.astype(np.float64), SPACING, f"dose-{name}")
        made.PatientID, made.PatientName = ids.patient, ids.name
        sent.append(made)
    study_id = send(project, folder / name, sent)
    with db.session_scope(read_only=True) as session:
        study = session.get_one(Study, study_id)
        wanted = (Series.study_row_id == study.id) & (Series.modality == "CT")
        return session.query(Series).filter(wanted).one()


def drawn(series: Series, name: str, mask: npt.NDArray[np.bool_]) -> None:
    """The structure on the CT."""
    with db.session_scope() as session:
        structures = labels.working_set(session, series)
        structure = labels.ensure_structure(session, structures, labels.NewStructure(name))
        labels.append_revision(session, structure, labels.NewRevision(mask, structure.head))


@pytest.fixture
def cohort(door: Door, project: Project, tmp_path: Path) -> dict[str, Series]:
    """16 patients with a parotid, one each without dose, without organ, in two parts, of unknown age."""
    series = {}
    for number in range(COUNT):
        name = f"ID-{number}"
        series[name] = arrive(project, tmp_path, name, number)
        drawn(series[name], "Parotid_L", ellipsoid(number))
    series["no-dose"] = arrive(project, tmp_path, "no-dose", 50, dose=False)
    drawn(series["no-dose"], "Parotid_L", ellipsoid(0))
    series["nothing"] = arrive(project, tmp_path, "nothing", 51)
    series["parts"] = arrive(project, tmp_path, "parts", 52)
    two = ellipsoid(0)
    two[:, :, 11:14] = False
    drawn(series["parts"], "Parotid_L", two)
    series["unknown"] = arrive(project, tmp_path, "unknown", 53)
    drawn(series["unknown"], "Parotid_L", ellipsoid(0))
    rng = np.random.default_rng(1)
    ages = ["" if name == "unknown" else f"{rng.normal(60, 8):.1f}" for name in series]
    lines = [
        f"{name},{n % 2},{rng.normal(5, 1):.2f},{ages[n]},{'f' if n % 3 == 0 else 'm'}"
        for n, name in enumerate(series)
    ]
    answer = door.table("\n".join(["ID,Dry,Flow,Age,Sex", *lines]), dictionary=DICTIONARY)
    assert answer.status_code == 200, answer.text
    return series


def volume(content: bytes, grid: dict[str, Any]) -> npt.NDArray[np.float32]:
    """Voxels of an answer."""
    return np.frombuffer(content, "<f4").reshape(grid["shape_kji"])


def test_from_the_request_to_the_map_over_a_patient_and_in_files(
    door: Door, ask: Ask, cohort: dict[str, Series]
) -> None:
    asked = ask("dose-map", CONFIG)
    assert asked.status_code == 202, asked.text
    made = asked.json()
    assert (made["job"]["kind"], made["job"]["queue"]) == ("dose-map", "gpu")
    path = f"/analyses/{made['id']}"
    assert door.call("GET", f"{path}/template").json()["type"] == "/problems/analysis-not-done"
    run_job(made["job"]["id"])
    done = door.get(path)
    results = done["results"]
    assert results["space"]["patients"] == COUNT
    assert {one["patient"]: one["slug"] for one in results["left_out"]} == {
        "no-dose": "no-dose", "nothing": "no-such-structure", "parts": "disconnected-surface",
        "unknown": "missing-values",
    }  # fmt: skip
    assert "torch" in done["versions"]
    assert not done["predicts"]

    template = door.get(f"{path}/template")
    assert {"map", "mask", "significant", "selection", "mean-dose"} <= set(template["parts"])
    parts = {
        part: volume(door.call("GET", f"{path}/template/{part}").content, template["grid"])
        for part in ("map", "mask", "significant", "mean-dose")
    }
    inside = parts["mask"] == 1
    assert 100 < inside.sum() < inside.size
    assert (parts["map"][~inside] == 0).all()
    assert parts["map"].max() <= template["range"][1] + 1e-9
    assert 10 < parts["mean-dose"][inside].mean() < 60

    (told,) = [one for one in door.get(f"{path}/maps")["items"] if one["patient_id"] == "ID-3"]
    assert (told["kind"], told["series_id"]) == ("dose-map", cohort["ID-3"].id)
    answer = door.call("GET", f"{path}/maps/ID-3?kind=dose-map")
    image = Grid.from_json(cohort["ID-3"].volume["grid"])  # type: ignore[index]
    over = np.frombuffer(answer.content, "<f4").reshape(image.shape_kji)
    assert (over[~ellipsoid(3)] == 0).mean() > 0.97
    _check_files(door, path, parts["map"], over)


def _check_files(
    door: Door, path: str, on_template: npt.NDArray[np.float32], over: npt.NDArray[np.float32]
) -> None:
    nifti = gzip.decompress(door.call("GET", f"{path}/map?format=nifti").content)
    assert struct.unpack("<3h", nifti[42:48]) == on_template.shape[::-1]
    for query, values, patient in (("", on_template, "TEMPLATE"), ("&patient_id=ID-3", over, "ID-3")):
        answer = door.call("GET", f"{path}/map?format=rtdose{query}")
        assert answer.headers["content-type"] == "application/dicom"
        dose = pydicom.dcmread(io.BytesIO(answer.content))
        assert (dose.DoseUnits, dose.DoseType, dose.PatientID) == ("RELATIVE", "ERROR", patient)
        assert "NO DOSE" in dose.DoseComment
        read = dose.pixel_array * float(dose.DoseGridScaling)
        assert np.abs(read).max() == pytest.approx(np.abs(values).max(), rel=1e-5)
        assert read.min() == pytest.approx(values.min(), rel=1e-5, abs=1e-12)
    assert door.call("GET", f"{path}/map?patient_id=nothing").status_code == 404


def test_what_cannot_give_a_map_fails_by_name(door: Door, ask: Ask, cohort: dict[str, Series]) -> None:
    drawn(cohort["nothing"], "Parotid_R", ellipsoid(0)[:, :, ::-1])
    left = {"structures": ["Parotid_L"]}
    for more, slug in (
        ({}, "opposite-sides"),
        ({"structures": ["Larynx"]}, "too-few-organs"),
        (left | {"map": CONFIG["map"] | {"folds": 12}}, "too-few-patients"),
        (
            {"structures": ["Parotid_L"], "endpoint": None, "variable": "sex", "clinical": []},
            "bad-analysis-config",
        ),
    ):
        asked = ask("dose-map", CONFIG | more)
        assert asked.status_code == 202, asked.text
        with pytest.raises(RtError) as refused:
            run_job(asked.json()["job"]["id"])
        assert refused.value.slug == slug
    assert ask("dose-map", CONFIG | {"variable": "flow"}).status_code == 422
    assert ask("dose-map", CONFIG | {"clinical": ["weight"]}).json()["type"] == "/problems/no-such-column"
    other = ask("survival", {"endpoint": "dry"})
    assert other.status_code == 422


def test_sides_are_mirrored_and_a_number_may_be_the_outcome(
    door: Door, ask: Ask, cohort: dict[str, Series]
) -> None:
    drawn(cohort["nothing"], "Parotid_R", ellipsoid(0)[:, :, ::-1])
    config = CONFIG | {"endpoint": None, "variable": "flow", "clinical": []}
    made = ask("dose-map", config | {"space": CONFIG["space"] | {"mirror_to": "L"}}).json()
    run_job(made["job"]["id"])
    results = door.get(f"/analyses/{made['id']}")["results"]
    assert results["space"]["mirrored"] == ["nothing"]
    assert results["unit"] == "outcome a Gy"
    assert door.get(f"/analyses/{made['id']}/template")["mirrored_to"] == "L"
