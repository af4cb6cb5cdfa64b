"""MR of the head from STOW-RS to contours: which series is drawn on, and what is said of other scans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset

from backend.config import ROOT
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.training.networks import register_shipped
from rt.resample import read_nifti
from tests.conftest import forget_caches
from tests.factories.dicom import ORIENTATIONS, Ids, encode, make_ct_series
from tests.factories.jobs import run_job, run_queued
from tests.factories.mr import make_mr_series, mr_of, toy_head, toy_version

NAMES = [
    "External", "Intracranial", "WhiteMatter", "GreyMatter", "CSF", "Cerebellum", "Brainstem", "Eye_R",
    "Eye_L", "Lens_R", "Lens_L", "OpticNrv_R", "OpticNrv_L", "OpticChiasm", "Pituitary",
]  # fmt: skip
SHIPPED = ROOT / "models" / "weights" / "head-mr" / "2"
REAL = ROOT.parent / "shared" / "data" / "mr" / "t1_head.nii.gz"


class Hospital:
    """A clinician's way in: STOW-RS, and the study as pages read it."""

    def __init__(self, client: TestClient, headers: dict[str, str], project: Project) -> None:
        self.client, self.headers, self.project = client, headers, project

    def stow(self, *datasets: Dataset) -> None:
        body = b"".join(
            b"--b-b\r\nContent-Type: application/dicom\r\n\r\n" + encode(one) + b"\r\n" for one in datasets
        )
        kind = 'multipart/related; type="application/dicom"; boundary="b-b"'
        answer = self.client.post(
            "/dicomweb/studies", content=body + b"--b-b--\r\n", headers=self.headers | {"Content-Type": kind}
        )
        assert answer.status_code == 200, answer.text
        run_queued("assemble")

    def get(self, path: str) -> Any:
        answer = self.client.get(f"/api{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def row(self) -> dict[str, Any]:
        (row,) = self.get(f"/projects/{self.project.id}/studies")["items"]
        return dict(row)

    def sets(self) -> dict[str, list[dict[str, Any]]]:
        """By the description of the series, the structures of the sets on it."""
        study = self.get(f"/studies/{self.row()['id']}")
        named = {one["id"]: one["description"] for one in study["series"]}
        return {
            named[one["series_id"]]: self.get(f"/structure-sets/{one['id']}")["structures"]
            for one in study["structure_sets"]
        }

    def draw(self, **body: Any) -> Any:
        return self.client.post(
            f"/api/studies/{self.row()['id']}/presegment", json=body, headers=self.headers
        )


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[Path]:
    folder = tmp_path / "weights"
    monkeypatch.setenv("RINKAKU_WEIGHTS", str(folder))
    forget_caches()
    yield folder


def install(weights: Path, bias: float = 20.0) -> None:
    toy_version(weights, bias)
    with session_scope() as session:
        register_shipped(session)


@pytest.fixture
def hospital(
    weights: Path, client: TestClient, login: Callable[..., dict[str, str]], project: Project
) -> Hospital:
    return Hospital(client, login("administrator"), project)


def test_what_the_network_offers_is_listed_with_what_a_rule_makes_of_it(
    weights: Path, hospital: Hospital
) -> None:
    install(weights)
    (network,) = hospital.get("/networks")["items"]
    version = network["versions"][0]
    assert (version["modality"], version["structures"]) == ("MR", NAMES)
    assert {name for name, rule in version["by_rule"].items() if rule == "placed"} == {
        "Lens_R", "Lens_L", "Pituitary",
    }  # fmt: skip
    assert (
        "**Placed by an anatomical rule, not seen in the image: Lens_R, Lens_L, Pituitary.**"
        in (version["card_markdown"])
    )


@pytest.mark.parametrize("orientation", ["HFS", "SAGITTAL", "CORONAL", "FFP"])
def test_an_mr_that_is_sent_gets_its_contours_by_the_projects_rules(
    weights: Path, hospital: Hospital, orientation: str
) -> None:
    install(weights)
    hospital.stow(*make_mr_series(ids=Ids.fresh("mr"), ImageOrientationPatient=ORIENTATIONS[orientation]))
    (done,) = run_queued("presegment")
    assert set(done["drawn"]) == set(NAMES)
    assert hospital.row()["ai"] == "ready"
    structures = hospital.sets()["T1 MPRAGE"]
    assert [one["name"] for one in structures] == NAMES
    assert len({one["colour"] for one in structures}) == len(NAMES)
    doubted = {one["name"] for one in structures if "by-rule" in [w["slug"] for w in one["plausibility"]]}
    filled = {one["name"] for one in structures if one["head"]["slices"]}
    assert doubted == {"Lens_R", "Lens_L", "Pituitary"} & filled


def test_of_a_studys_series_the_enhanced_t1_is_drawn_on(weights: Path, hospital: Hospital) -> None:
    install(weights)
    ids = Ids.fresh("study")
    for number, (description, count) in enumerate(
        [("T2 FLAIR", 24), ("T1 Gd", 24), ("loc", 5), ("ADC", 24), ("T1", 24)]
    ):
        own = replace(ids, series=Ids.fresh(f"series {number}").series)
        hospital.stow(*make_mr_series(toy_head((count, 32, 32)), ids=own, description=description))
    reasons = [done.get("reason") for done in run_queued("presegment")]
    assert reasons == ["another-series", None]
    assert (list(hospital.sets()), hospital.row()["ai"]) == (["T1 Gd"], "ready")


def test_a_person_may_have_any_series_drawn_on_and_the_best_when_naming_none(
    weights: Path, hospital: Hospital
) -> None:
    install(weights)
    ids = Ids.fresh("draw")
    for number, description in enumerate(["T2", "T1"]):
        own = replace(ids, series=Ids.fresh(f"series {number}").series)
        hospital.stow(*make_mr_series(ids=own, description=description))
    series = {s["description"]: s["id"] for s in hospital.get(f"/studies/{hospital.row()['id']}")["series"]}
    for body, expected in (({}, "T1"), ({"series_id": series["T2"]}, "T2")):
        job = hospital.draw(**body).json()
        assert run_job(job["id"])["drawn"]
        assert expected in hospital.sets()


@pytest.mark.parametrize("header", [{"BodyPartExamined": "KNEE"}, {"BodyPartExamined": "LSPINE"}])
def test_headers_that_name_another_region_spare_the_network_and_are_believed(
    weights: Path, hospital: Hospital, header: dict[str, str]
) -> None:
    install(weights)
    hospital.stow(*make_mr_series(ids=Ids.fresh("knee"), **header))
    assert [done["reason"] for done in run_queued("presegment")] == ["region-not-found"]
    assert (hospital.row()["ai"], hospital.sets()) == ("region", {})


@pytest.mark.parametrize(("bias", "scale"), [(-20.0, 1.0), (20.0, 2.0), (20.0, 0.7)])
def test_without_an_intracranial_space_of_a_heads_size_no_contour_is_kept(
    weights: Path, hospital: Hospital, bias: float, scale: float
) -> None:
    install(weights, bias)
    spacing = [scale * mm for mm in (4.0, 4.0, 5.0)]
    hospital.stow(*make_mr_series(ids=Ids.fresh("thing"), spacing_ijk_mm=spacing))
    run_queued("presegment")
    job = hospital.draw(series_id=hospital.get(f"/studies/{hospital.row()['id']}")["series"][0]["id"]).json()
    assert run_job(job["id"])["reason"] == "region-not-found"
    assert (hospital.row()["ai"], hospital.sets()) == ("region", {})


def test_a_localizer_is_left_alone_and_says_why_when_asked_for(weights: Path, hospital: Hospital) -> None:
    install(weights)
    hospital.stow(*make_mr_series(toy_head((5, 32, 32)), ids=Ids.fresh("loc"), description="survey"))
    assert run_queued("presegment") == []
    refused = hospital.draw()
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "no-volume")
    (series,) = hospital.get(f"/studies/{hospital.row()['id']}")["series"]
    job = hospital.draw(series_id=series["id"]).json()
    assert run_job(job["id"])["reason"] == "region-not-found"


def test_a_picture_of_one_value_fails_with_a_word_for_it(weights: Path, hospital: Hospital) -> None:
    from rt.errors import EmptyImage

    install(weights)
    hospital.stow(*make_mr_series(np.full((24, 32, 32), 7, np.uint16), ids=Ids.fresh("flat")))
    with pytest.raises(EmptyImage):
        run_queued("presegment")


def test_a_network_is_not_let_loose_on_another_modality(weights: Path, hospital: Hospital) -> None:
    install(weights)
    hospital.stow(*make_ct_series(ids=Ids.fresh("ct")))
    version = hospital.get("/networks")["items"][0]["versions"][0]["id"]
    (series,) = hospital.get(f"/studies/{hospital.row()['id']}")["series"]
    refused = hospital.draw(series_id=series["id"], network_version_id=version)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "wrong-network")


@pytest.mark.skipif(not SHIPPED.exists(), reason="the head network is not shipped in this checkout")
@pytest.mark.skipif(not REAL.exists(), reason="the real T1 of shared/data is not here")
def test_the_shipped_network_finds_a_real_head(
    client: TestClient, login: Callable[..., dict[str, str]], project: Project
) -> None:
    with session_scope() as session:
        register_shipped(session)
    image, grid = read_nifti(REAL)
    at_door = Hospital(client, login("administrator"), project)
    at_door.stow(*mr_of(image, grid, Ids.fresh("real"), "T1"))
    run_queued("presegment")
    structures = {one["name"]: one["head"] for one in at_door.sets()["T1"]}
    assert set(structures) == set(NAMES)
    assert 1000 < structures["Intracranial"]["volume_cc"] < 2000
    assert 60 < structures["Cerebellum"]["volume_cc"] < 220
    for side in "RL":
        assert 3 < structures[f"Eye_{side}"]["volume_cc"] < 12
