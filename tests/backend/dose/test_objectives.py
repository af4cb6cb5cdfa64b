"""Protocol templates and score cards."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.dose.templates import protocols
from rt.nomenclature import tg263_name
from tests.backend.dose.conftest import Dosed

Login = Callable[..., dict[str, str]]


def test_protocols_name_structures_by_tg263_and_every_figure_has_a_source() -> None:
    assert set(protocols()) >= {"head-and-neck", "thorax"}
    for protocol in protocols().values():
        for objective in protocol.objectives:
            assert len(objective.source) > 20
            for name in objective.structures:
                match = tg263_name(name)
                assert match is not None, name
                assert match.name == name


def test_protocols_are_listed_to_who_is_logged_in(client: TestClient, login: Login) -> None:
    answer = client.get("/api/dose/protocols", headers=login(None))
    assert answer.status_code == 200
    items = {one["id"]: one for one in answer.json()["items"]}
    assert items["head-and-neck"]["title"]["ja"]
    assert {"SpinalCord"} in [set(one["structures"]) for one in items["head-and-neck"]["objectives"]]


def test_score_card_judges_what_is_drawn_and_names_what_is_not(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    """Columns are 2 mm and 2.5 Gy: column 2 has 13.75 to 16.25 Gy less 1.25, column 18 about 55."""
    low = dosed.draw("Parotis links", slice(1, 4), slice(4, 12), slice(1, 5))
    dosed.draw("Parotid_R", slice(1, 4), slice(4, 12), slice(14, 18))
    dosed.draw("SpinalCord", slice(1, 5), slice(8, 12), slice(13, 17))
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
    left, right = items["Parotid_L", "mean"], items["Parotid_R", "mean"]
    assert (left["verdict"], left["name"], left["structure_id"]) == ("met", "Parotis links", low.structure_id)
    assert left["value"] < left["limit"] == 26
    assert (right["verdict"], right["revision"]) == ("missed", 1)
    assert right["value"] > 26
    cord = items["SpinalCord", "D0.03cc"]
    assert (cord["verdict"], cord["comparison"], cord["limit"], cord["unit"]) == (
        "missed",
        "at-most",
        45,
        "Gy",
    )
    assert 45 < cord["value"] < 51
    for name in ("Brainstem", "Larynx", "Esophagus"):
        absent = next(one for one in card["items"] if one["structure"] == name)
        assert (absent["verdict"], absent["value"], absent["structure_id"]) == ("not-contoured", None, None)


def test_structure_smaller_than_the_volume_asked_for_is_unknown(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    tiny = dosed.draw("Brainstem", slice(1, 2), slice(4, 5), slice(4, 5))
    answer = client.get(
        f"/api/structure-sets/{tiny.set_id}/objectives",
        params={"protocol": "head-and-neck", "dose_series_id": dosed.dose_series_id},
        headers=login("reader"),
    )
    (item,) = [one for one in answer.json()["items"] if one["structure"] == "Brainstem"]
    assert (item["verdict"], item["value"]) == ("unknown", None)
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
