"""Maps over patients' images: which there are for a study, and their voxels on either grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.analyses.tables import Analysis, Prediction
from backend.kit import db
from backend.kit.storage import storage
from backend.projects.tables import Project
from rt.geometry import Grid
from tests.backend.analyses.conftest import Ask
from tests.backend.cohorts.conftest import Door
from tests.factories.patients import Arrived, send_ct

SHAPE = (3, 4, 5)
DICTIONARY = [
    {"column": "ID", "role": "patient"},
    {"column": "Age", "role": "variable", "name": "age", "kind": "number"},
]


@pytest.fixture
def patients(door: Door, project: Project, tmp_path: Path) -> dict[str, Arrived]:
    """Two patients with a CT, both in the cohort."""
    answer = door.table("ID,Age\nID-1,50\nID-2,60", dictionary=DICTIONARY)
    assert answer.status_code == 200, answer.text
    return {f"ID-{n}": send_ct(project, tmp_path, str(n)) for n in (1, 2)}


def inside(grid: Grid) -> Grid:
    """A small grid in the middle of an image's, with its directions."""
    size = np.array(SHAPE[::-1]) * grid.spacing_ijk_mm
    middle = np.array(grid.shape_kji[::-1]) * grid.spacing_ijk_mm / 2
    origin = np.array(grid.origin_lps_mm) + np.array(grid.direction) @ (middle - size / 2)
    return Grid.of(SHAPE, grid.spacing_ijk_mm, tuple(origin), np.array(grid.direction).ravel())


def planted(arrived: Arrived, values: Any, **more: Any) -> dict[str, Any]:
    """What an analysis' row says of a map of a patient."""
    data = np.broadcast_to(np.asarray(values, "<f4"), SHAPE).tobytes()
    return {
        "sha256": storage().put(data), "grid": inside(arrived.grid).to_json(), "study_id": arrived.study.id,
        "series_id": arrived.series.id, "revisions": [], **more,
    }  # fmt: skip


def plant(analysis_id: str, maps: dict[str, dict[str, Any]]) -> None:
    """Maps of patients as the worker files them."""
    with db.session_scope() as session:
        row = session.get_one(Analysis, analysis_id)
        row.files = {**row.files, "maps": maps}


def asked_of(analysis_id: str, patient_id: str, maps: dict[str, Any]) -> None:
    """A prediction that left maps."""
    with db.session_scope() as session:
        job_id = session.get_one(Analysis, analysis_id).job_id
        session.add(
            Prediction(
                analysis_id=analysis_id, job_id=job_id, patient_id=patient_id, inputs={"values": {}},
                maps=maps, created_by="somebody",
            )
        )  # fmt: skip


def of_study(door: Door, arrived: Arrived) -> list[dict[str, Any]]:
    answer = door.client.get(f"/api/studies/{arrived.study.id}/maps", headers=door.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_study_has_the_maps_over_its_own_images_of_the_newest_analysis_first(
    door: Door, ask: Ask, patients: dict[str, Arrived]
) -> None:
    one, other = patients["ID-1"], patients["ID-2"]
    first, second = (ask("subtypes", name=name).json()["id"] for name in ("Older", "Newer"))
    assert of_study(door, one) == []
    plant(first, {"ID-1": {"grad-cam": planted(one, 0.5)}, "ID-2": {"grad-cam": planted(other, 0.5)}})
    region = storage().put(np.ones(SHAPE, "<f4").tobytes())
    signed = planted(one, -0.25, range=[-0.5, 0.5], significant=region)
    plant(second, {"ID-1": {"dose-map": signed}, "ID-2": {"dose-map": signed}})
    asked_of(first, "ID-1", {"occlusion": planted(one, 0.1)})

    found = of_study(door, one)
    assert [(each["analysis_name"], each["kind"]) for each in found] == [
        ("Newer", "dose-map"), ("Older", "occlusion"), ("Older", "grad-cam"),
    ]  # fmt: skip
    assert (found[0]["range"], found[0]["significant"]) == ([-0.5, 0.5], True)
    assert (found[2]["range"], found[2]["significant"]) == ([0, 1], False)
    assert {each["series_id"] for each in found} == {one.series.id}
    assert (found[0]["analysis_id"], found[0]["cohort_id"]) == (second, door.id)
    # the map that the newer analysis has for the other patient lies on the first one's image
    assert [each["analysis_name"] for each in of_study(door, other)] == ["Older"]


def test_voxels_come_on_the_maps_own_grid_or_on_the_images(
    door: Door, ask: Ask, patients: dict[str, Arrived]
) -> None:
    one = patients["ID-1"]
    made = ask("subtypes").json()["id"]
    half = np.zeros(SHAPE, "<f4")
    half[0] = 1
    signed = planted(one, -0.25, range=[-0.5, 0.5], significant=storage().put(half.tobytes()))
    plant(made, {"ID-1": {"dose-map": signed}})

    def read(**query: str) -> Any:
        asked = "&".join(f"{name}={value}" for name, value in {"kind": "dose-map", **query}.items())
        answer = door.call("GET", f"/analyses/{made}/maps/ID-1?{asked}")
        assert answer.status_code == 200, answer.text
        return answer

    own = np.frombuffer(read(grid="map").content, "<f4").reshape(SHAPE)
    assert (own == np.float32(-0.25)).all()
    region = np.frombuffer(read(grid="map", part="significant").content, "<f4").reshape(SHAPE)
    assert (region == half).all()
    image = np.frombuffer(read().content, "<f4").reshape(one.grid.shape_kji)
    assert image.min() == np.float32(-0.25) and image.max() == 0
    assert (image[0] == 0).all()
    assert read().headers["cache-control"] == "private, no-cache"  # a prediction made again has another
    tags = {
        read(grid=grid, part=part).headers["etag"]
        for grid in ("map", "image")
        for part in ("values", "significant")
    }
    assert len(tags) == 4


def test_what_is_not_there_is_404(door: Door, ask: Ask, patients: dict[str, Arrived]) -> None:
    made = ask("subtypes").json()["id"]
    plant(made, {"ID-1": {"grad-cam": planted(patients["ID-1"], 0.5)}})
    for query in ("kind=occlusion", "kind=grad-cam&part=significant", "kind=dose-map"):
        assert door.call("GET", f"/analyses/{made}/maps/ID-1?{query}").status_code == 404
    assert door.call("GET", f"/analyses/{made}/maps/ID-2").status_code == 404
    assert door.client.get("/api/studies/none/maps", headers=door.headers).status_code == 404
