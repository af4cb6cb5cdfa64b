"""What a dose is the sum of: which one is looked at first, and of which objectives are judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from backend.projects.tables import Project
from tests.backend.dose.conftest import Dosed, dose_of, dose_series
from tests.factories.patients import Arrived, send, send_ct

Login = Callable[..., dict[str, str]]


def summed(arrived: Arrived, summation: str, date: str = "") -> Dataset:
    """A dose of this sum, written at this date."""
    dose = dose_of(arrived.ct, seed=f"{summation} {date}")
    dose.SOPInstanceUID = generate_uid(entropy_srcs=[summation, date])
    dose.DoseSummationType, dose.SeriesDescription = summation, f"{summation} {date}".strip()
    if date:
        dose.ContentDate, dose.ContentTime = date, "120000"
    return dose


def test_whole_plans_come_before_their_parts_and_the_newest_before_the_older(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived = send_ct(project, tmp_path)
    doses = [
        summed(arrived, "BEAM", "20260301"),
        summed(arrived, "FRACTION", "20260301"),
        summed(arrived, "", "20260301"),
        summed(arrived, "PLAN", "20260101"),
        summed(arrived, "MULTI_PLAN", "20260301"),
        summed(arrived, "PLAN", "20260201"),
    ]
    send(project, tmp_path / "rt", doses)
    answer = client.get(f"/api/studies/{arrived.study.id}/doses", headers=login("reader"))
    items = answer.json()["items"]
    assert [one["description"] for one in items] == [
        "PLAN 20260201", "PLAN 20260101", "MULTI_PLAN 20260301", "FRACTION 20260301", "BEAM 20260301",
        "20260301",
    ]  # fmt: skip
    assert [one["is_whole_plan"] for one in items] == [True, True, True, False, False, False]


@pytest.mark.parametrize("summation", ["BEAM", "FRACTION", "BRACHY", ""])
def test_objectives_of_a_dose_that_is_not_the_whole_plans_are_not_judged(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login, summation: str
) -> None:
    """The cord has 48.75 to 55 Gy of 50, the cochlea 15 of 45, one parotid is spared."""
    send(project, tmp_path / "part", [summed(dosed.arrived, summation)])
    (part,) = set(dose_series(dosed.arrived.study.id)) - {dosed.dose_series_id}
    drawn = dosed.draw("SpinalCord", slice(1, 5), slice(8, 12), slice(16, 19))
    dosed.draw("Cochlea_L", slice(1, 4), slice(4, 12), slice(1, 5))
    dosed.draw("Parotid_L", slice(1, 4), slice(4, 12), slice(1, 5))
    dosed.draw("Parotid_R", slice(1, 4), slice(4, 12), slice(14, 18))

    def card(dose_series_id: str) -> dict[str, dict[str, object]]:
        parameters = {"protocol": "head-and-neck", "dose_series_id": dose_series_id}
        url = f"/api/structure-sets/{drawn.set_id}/objectives"
        answer = client.get(url, params=parameters, headers=login("reader")).json()
        assert answer["summation"] == (summation if dose_series_id == part else "PLAN")
        return {one["structure"]: one for one in answer["items"]}

    whole, parts = card(dosed.dose_series_id), card(part)
    both = "Parotid_L, Parotid_R"
    assert [whole[name]["verdict"] for name in ("SpinalCord", "Cochlea_L", both)] == ["fail", "pass", "pass"]
    for name in ("SpinalCord", "Cochlea_L", both):
        assert (parts[name]["verdict"], parts[name]["reason"]) == ("unknown", "part-of-plan")
        assert parts[name]["value"] == whole[name]["value"] is not None
    assert {way["verdict"] for way in parts[both]["ways"]} == {"unknown"}
    assert parts["Larynx"]["reason"] == "not-contoured"
