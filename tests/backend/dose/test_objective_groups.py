"""Objectives of several structures at once: one of them spared, or both as one volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.dose.templates import protocols
from tests.backend.dose.conftest import LOW_GY, STEP_GY, Dosed
from tests.backend.labels.conftest import Drawn

Login = Callable[..., dict[str, str]]
GLANDS = "Parotid_L, Parotid_R"
K, J = slice(1, 4), slice(4, 12)


def gray(first: int, end: int) -> float:
    """Mean dose of columns of 2 mm."""
    return LOW_GY + STEP_GY / 4 * (first + end - 1)


def line(
    dosed: Dosed, client: TestClient, headers: dict[str, str], drawn: Drawn, protocol: str = "head-and-neck"
) -> dict[str, Any]:
    """The one line of the parotids."""
    answer = client.get(
        f"/api/structure-sets/{drawn.set_id}/objectives",
        params={"protocol": protocol, "dose_series_id": dosed.dose_series_id},
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
    (found,) = [one for one in answer.json()["items"] if "Parotid" in one["structure"]]
    assert found["structure"] == GLANDS
    return dict(found)


def test_the_sources_of_parotids_ask_for_one_gland_or_for_both_together() -> None:
    wanted = {
        key: one
        for key, protocol in protocols().items()
        for one in protocol.objectives
        if "Parotid_L" in one.structures
    }
    quantec, rtog = wanted["head-and-neck"], wanted["rtog-0225"]
    assert (quantec.group, quantec.limit) == ("any", 20)
    assert quantec.alternative is not None
    assert (quantec.alternative.group, quantec.alternative.limit) == ("union", 25)
    assert (rtog.group, rtog.limit, rtog.alternative) == ("any", 26, None)
    for word in ("at least one gland", "both together", "doi:10.1016/j.ijrobp.2009.06.090"):
        assert word in quantec.source


def test_one_spared_gland_is_enough(dosed: Dosed, client: TestClient, login: Login) -> None:
    left = dosed.draw("Parotis links", K, J, slice(1, 5))
    dosed.draw("Parotid_R", K, J, slice(14, 18))
    found = line(dosed, client, login("reader"), left)
    assert (found["verdict"], found["reason"]) == ("pass", None)
    assert found["value"] == pytest.approx(gray(1, 5), abs=0.01)
    assert [(one["group"], one["limit"], one["verdict"]) for one in found["ways"]] == [
        ("any", 20, "pass"), ("union", 25, "fail"),
    ]  # fmt: skip
    assert [(one["structure"], one["name"], one["revision"]) for one in found["members"]] == [
        ("Parotid_L", "Parotis links", 1), ("Parotid_R", "Parotid_R", 1),
    ]  # fmt: skip
    assert [one["value"] for one in found["members"]] == pytest.approx([gray(1, 5), gray(14, 18)], abs=0.01)


def test_both_glands_together_are_enough_though_neither_is_spared(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    """Overlapping glands are one volume: what both hold counts once."""
    left = dosed.draw("Parotid_L", K, J, slice(4, 6))
    dosed.draw("Parotid_R", K, J, slice(4, 8))
    found = line(dosed, client, login("reader"), left)
    assert [one["verdict"] for one in found["ways"]] == ["fail", "pass"]
    assert found["ways"][1]["value"] == pytest.approx(gray(4, 8), abs=0.01)
    assert (found["verdict"], found["value"]) == ("pass", found["ways"][1]["value"])
    assert (found["group"], found["limit"]) == ("union", 25), "value and limit are of one way"


def test_neither_way_kept_is_a_failure_of_the_better_gland(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Parotid_L", K, J, slice(12, 16))
    dosed.draw("Parotid_R", K, J, slice(10, 14))
    for protocol, ways in (("head-and-neck", 2), ("rtog-0225", 1)):
        found = line(dosed, client, login("reader"), left, protocol)
        assert [one["verdict"] for one in found["ways"]] == ["fail"] * ways
        assert (found["verdict"], found["value"]) == ("fail", pytest.approx(gray(10, 14), abs=0.01))


def test_missing_gland_changes_nothing_where_the_other_is_spared(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Parotid_L", K, J, slice(1, 5))
    for protocol, reasons in (("head-and-neck", [None, "not-contoured"]), ("rtog-0225", [None])):
        found = line(dosed, client, login("reader"), left, protocol)
        assert (found["verdict"], found["reason"]) == ("pass", None)
        assert found["value"] == pytest.approx(gray(1, 5), abs=0.01)
        assert [one["reason"] for one in found["ways"]] == reasons
        assert [one["structure_id"] for one in found["members"]] == [left.structure_id, None]


def test_missing_gland_leaves_open_what_it_might_have_kept(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Parotid_L", K, J, slice(12, 16))
    found = line(dosed, client, login("reader"), left)
    assert (found["verdict"], found["reason"]) == ("unknown", "not-contoured")
    assert found["value"] == pytest.approx(gray(12, 16), abs=0.01)
    assert [(one["verdict"], one["reason"]) for one in found["ways"]] == [("unknown", "not-contoured")] * 2
    assert [one["value"] is None for one in found["ways"]] == [False, True], "one gland is not both together"


def test_gland_that_was_drawn_twice_leaves_open_what_it_might_have_kept(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Parotid_L", K, J, slice(1, 5))
    dosed.draw("Parotis links", K, J, slice(5, 9))
    right = dosed.draw("Parotid_R", K, J, slice(14, 18))
    found = line(dosed, client, login("reader"), left)
    assert (found["verdict"], found["reason"]) == ("unknown", "ambiguous")
    assert [one["structure_id"] for one in found["members"]] == [None, right.structure_id]


def test_gland_that_was_drawn_twice_changes_nothing_where_the_other_is_spared(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Parotid_L", K, J, slice(12, 16))
    dosed.draw("Parotis links", K, J, slice(10, 14))
    dosed.draw("Parotid_R", K, J, slice(1, 5))
    found = line(dosed, client, login("reader"), left)
    assert (found["verdict"], found["reason"]) == ("pass", None)
    assert found["value"] == pytest.approx(gray(1, 5), abs=0.01)


def lungs(dosed: Dosed, client: TestClient, headers: dict[str, str], drawn: Drawn) -> list[dict[str, Any]]:
    """The lines of the lungs in the protocol of the thorax."""
    parameters = {"protocol": "thorax", "dose_series_id": dosed.dose_series_id}
    answer = client.get(f"/api/structure-sets/{drawn.set_id}/objectives", params=parameters, headers=headers)
    return [one for one in answer.json()["items"] if "Lung" in one["structure"]]


def test_lungs_are_both_lungs_together_where_they_are_not_drawn_as_one(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    left = dosed.draw("Lung_L", K, J, slice(1, 4))
    dosed.draw("Lung_R", K, J, slice(14, 17))
    volume, mean = lungs(dosed, client, login("reader"), left)
    assert (volume["structure"], volume["group"], volume["metric"]) == ("Lung_L, Lung_R", "union", "V20Gy")
    assert (volume["verdict"], volume["value"]) == ("fail", pytest.approx(50, abs=0.1))
    assert mean["value"] == pytest.approx((gray(1, 4) + gray(14, 17)) / 2, abs=0.01)

    dosed.draw("Lungs", K, J, slice(1, 4))
    volume, mean = lungs(dosed, client, login("reader"), left)
    assert [one["structure"] for one in (volume, mean)] == ["Lungs", "Lungs"]
    assert (volume["verdict"], volume["value"], volume["group"]) == ("pass", 0, "each")
    assert (mean["value"], mean["members"]) == (pytest.approx(gray(1, 4), abs=0.01), [])
