"""Protocol templates and score cards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from backend.dose.schemas import Objective
from backend.dose.templates import protocols
from backend.kit import db
from backend.labels.tables import Structure
from backend.projects.tables import Project
from rt.nomenclature import tg263_name
from tests.backend.dose.conftest import Dosed, dose_of, dose_series
from tests.factories.patients import send

Login = Callable[..., dict[str, str]]


def test_protocols_name_structures_by_tg263_and_every_figure_has_a_source() -> None:
    assert set(protocols()) >= {"head-and-neck", "thorax", "rtog-0225"}
    for protocol in protocols().values():
        for objective in protocol.objectives:
            assert re.search(r"[0-9].* [(].*(doi:10[.]|RTOG).*[)]$", objective.source)
            for name in filter(None, (*objective.structures, objective.whole)):
                match = tg263_name(name)
                assert match is not None, name
                assert match.name == name


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"metric": "V20"}, "dose in Gy"),
        ({"metric": "d95%"}, "is written D95"),
        ({"variation": 40}, "does not go beyond"),
        ({"comparison": "at-least", "variation": 60}, "does not go beyond"),
        ({"group": "any"}, "at least two structures"),
        ({"whole": "Brainstem"}, "another structure than"),
        ({"alternative": {"group": "union", "limit": 25, "variation": None}}, "is of a group"),
        (
            {
                "structures": ["Parotid_L", "Parotid_R"],
                "group": "any",
                "alternative": {"group": "union", "limit": 25, "variation": 20},
            },
            "does not go beyond",
        ),
    ],
)
def test_objective_that_makes_no_sense_is_refused_when_it_is_read(
    changed: dict[str, object], word: str
) -> None:
    sound = {
        "structures": ["SpinalCord"], "metric": "D0.03cc", "comparison": "at-most",
        "limit": 45, "variation": 50, "priority": 1, "source": "none",
    }  # fmt: skip
    assert Objective.model_validate(sound).variation == 50
    with pytest.raises(ValidationError, match=word):
        Objective.model_validate(sound | changed)


def test_protocols_are_listed_to_who_is_logged_in(client: TestClient, login: Login) -> None:
    answer = client.get("/api/dose/protocols", headers=login(None))
    assert answer.status_code == 200
    items = {one["id"]: one for one in answer.json()["items"]}
    assert items["head-and-neck"]["title"]["ja"]
    assert {"SpinalCord"} in [set(one["structures"]) for one in items["head-and-neck"]["objectives"]]


def test_score_card_judges_what_is_drawn_and_names_what_is_not(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    """Columns are 2 mm and 2.5 Gy: the first has 8.75 to 11.25 Gy."""
    low = dosed.draw("Cochlea links", slice(1, 4), slice(4, 12), slice(1, 5))
    dosed.draw("Cochlea_R", slice(1, 4), slice(4, 12), slice(14, 18))
    dosed.draw("SpinalCord", slice(1, 5), slice(8, 12), slice(12, 16))
    dosed.draw("Larynx", slice(1, 2), slice(0, 0), slice(0, 0))
    answer = client.get(
        f"/api/structure-sets/{low.set_id}/objectives",
        params={"protocol": "head-and-neck", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    assert answer.status_code == 200, answer.text
    card = answer.json()
    assert card["protocol"] == "head-and-neck"
    items = {(one["structure"], one["metric"]): one for one in card["items"]}
    left, right = items["Cochlea_L", "mean"], items["Cochlea_R", "mean"]
    assert (left["verdict"], left["name"], left["structure_id"]) == (
        "pass",
        "Cochlea links",
        low.structure_id,
    )
    assert left["value"] < left["limit"] == 45
    assert (left["group"], left["members"], left["ways"]) == ("each", [], [])
    assert (right["verdict"], right["revision"], right["priority"]) == ("fail", 1, 3)
    assert right["value"] > 45
    cord = items["SpinalCord", "D0.03cc"]
    assert [cord[key] for key in ("verdict", "comparison", "limit", "variation", "unit")] == [
        "pass", "at-most", 50, None, "Gy",
    ]  # fmt: skip
    assert 45 < cord["value"] < 50
    for name in ("Brainstem", "Larynx", "Esophagus"):
        absent = next(one for one in card["items"] if one["structure"] == name)
        assert (absent["verdict"], absent["reason"]) == ("unknown", "not-contoured")
        assert (absent["value"], absent["structure_id"]) == (None, None)


def test_the_second_of_two_structures_of_one_meaning_is_judged_on_a_line_of_its_own(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    """An imported `Myelon` beside an imported `Rückenmark`: the one passes, the other has far more."""
    low = dosed.draw("SpinalCord", slice(1, 5), slice(4, 12), slice(1, 5))
    high = dosed.draw("SpinalCord_2", slice(1, 5), slice(4, 12), slice(15, 19))
    with db.session_scope() as session:
        for drawn, original in ((low, "Rückenmark"), (high, "Myelon")):
            session.get_one(Structure, drawn.structure_id).original_name = original
    shown = client.get(f"/api/structure-sets/{low.set_id}", headers=login("reader")).json()["structures"]
    assert {one["name"]: one["standard_name"] for one in shown} == {
        "SpinalCord": "SpinalCord",
        "SpinalCord_2": "SpinalCord",
    }
    answer = client.get(
        f"/api/structure-sets/{low.set_id}/objectives",
        params={"protocol": "head-and-neck", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    cords = [one for one in answer.json()["items"] if one["structure"] == "SpinalCord"]
    assert {(one["name"], one["verdict"]) for one in cords if one["metric"] == "D0.03cc"} == {
        ("SpinalCord", "pass"),
        ("SpinalCord_2", "fail"),
    }


def test_value_between_limit_and_variation_is_told_as_one(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    """A target with 48.75 to 55 Gy."""
    target = dosed.draw("PTV 50.4", slice(1, 5), slice(8, 12), slice(16, 19))
    answer = client.get(
        f"/api/structure-sets/{target.set_id}/objectives",
        params={"protocol": "rtog-0225", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    items = {one["metric"]: one for one in answer.json()["items"] if one["structure"] == "PTV_5040"}
    assert (items["D95"]["verdict"], items["D99"]["verdict"]) == ("variation", "pass")
    assert items["D95"]["variation"] == 46.9 < items["D95"]["value"] < items["D95"]["limit"] == 50.4


def test_dose_that_ends_within_or_before_a_structure_is_the_reason(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    """Three slices have a dose; the cord's part there is above its limit already."""
    send(project, tmp_path / "short", [dose_of(dosed.arrived.ct, seed="short", slices=3)])
    (short,) = set(dose_series(dosed.arrived.study.id)) - {dosed.dose_series_id}
    partly = dosed.draw("Cochlea_L", slice(1, 6), slice(4, 12), slice(1, 5))
    dosed.draw("Cochlea_R", slice(4, 6), slice(4, 12), slice(14, 18))
    dosed.draw("SpinalCord", slice(1, 6), slice(8, 12), slice(16, 19))
    answer = client.get(
        f"/api/structure-sets/{partly.set_id}/objectives",
        params={"protocol": "head-and-neck", "dose_series_id": short},
        headers=login("reader"),
    )
    assert answer.status_code == 200, answer.text
    found = {one["structure"]: one for one in answer.json()["items"] if one["structure_id"]}
    assert {name: (one["verdict"], one["reason"]) for name, one in found.items()} == {
        "Cochlea_L": ("unknown", "partly-outside-dose"),
        "Cochlea_R": ("unknown", "outside-dose"),
        "SpinalCord": ("fail", None),
    }
    assert found["Cochlea_L"]["outside_fraction"] == pytest.approx(3 / 5)
    assert found["Cochlea_L"]["value"] < 45


def test_structure_smaller_than_the_volume_asked_for_is_unknown(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    tiny = dosed.draw("Brainstem", slice(1, 2), slice(4, 5), slice(4, 5))
    answer = client.get(
        f"/api/structure-sets/{tiny.set_id}/objectives",
        params={"protocol": "head-and-neck", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    items = [one for one in answer.json()["items"] if one["structure"] == "Brainstem"]
    assert {one["metric"] for one in items} == {"D0.03cc", "D1cc"}
    for item in items:
        assert (item["verdict"], item["reason"], item["value"]) == ("unknown", "too-small", None)
        assert item["structure_id"] == tiny.structure_id


def test_unknown_protocol_is_refused_with_those_there_are(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    drawn = dosed.draw("Brainstem", slice(1, 2), slice(4, 5), slice(4, 5))
    answer = client.get(
        f"/api/structure-sets/{drawn.set_id}/objectives",
        params={"protocol": "no-such", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-protocol")
    assert "head-and-neck" in answer.json()["installed"]
