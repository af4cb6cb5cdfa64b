"""The worked example of docs/readers.md: a reader study by the client, from design to report."""

from __future__ import annotations

from typing import Any

import pytest

from rinkaku_client import Client
from rinkaku_client.problems import Problem
from tests.backend.readings.conftest import make_studies
from tests.client.test_analyses import worker  # noqa: F401
from workers.cpu import analyse_readings  # noqa: F401  the worker knows the job


def read_all(reader: Client, place: tuple[str, str], sick: dict[str, bool], skill: float) -> None:
    while (now := reader.readings.mine(place))["next"] is not None:
        case = now["next"]
        opened = reader.readings.open_reading(place, case["id"])
        marks = reader.readings.candidates(place, case["id"]) if opened["ai"] else []
        sure = skill + (50 if sick[opened["case"]] else 0) + 5 * len(marks)
        reader.readings.save_reading(place, case["id"], {"confidence": sure})
        reader.readings.finish_reading(place, case["id"], {"confidence": sure, "marks": marks})


def test_a_reader_study_by_the_client(
    worker: None,  # noqa: F811
    live_server: str,
    login: Any,
    actor: Any,
    project: Any,
) -> None:
    def client(person: Any) -> Client:
        return Client(live_server, login(person)["Authorization"].removeprefix("Bearer "))

    people = [actor("reader", installation=False) for _ in range(2)]
    with client("administrator") as owner, client(people[0]) as first, client(people[1]) as second:
        readers = [{"user_id": one.user_id, "level": "junior"} for one in people]
        made = owner.readings.create(project.id, {"name": "S4", "washout_days": 0, "readers": readers})
        place = (project.id, made["id"])
        studies = make_studies(project.id)
        lesion = {"position_mm": [1.0, 2.0, 3.0], "radius_mm": 5.0}
        owner.readings.set_cases(
            place,
            [
                {"study_id": one, "positive": i < 3, "lesions": [lesion] if i < 3 else []}
                for i, one in enumerate(studies)
            ],
        )
        rows = "\n".join(f"{one},1,2,3,90" for one in studies[:2])
        owner.readings.set_candidates(place, f"study_id,x_mm,y_mm,z_mm,confidence\n{rows}\n")
        design = owner.readings.open(place)
        sick = {one["code"]: one["positive"] for one in design["case_list"]}
        with pytest.raises(Problem, match="do not see"):
            first.readings.design(place)
        read_all(first, place, sick, 20)
        read_all(second, place, sick, 30)
        owner.readings.close(place)
        done = owner.readings.analyse(place, {"threshold": 60})
        assert done["results"]["unblinding_attempts"] == [{"reader": "R1", "kind": "truth", "times": 1}]
        table = owner.readings.table(place, done["id"], "figures-of-merit-estimates")
        assert set(table["reader"]) == {"R1", "R2"}
        assert owner.readings.figure(place, done["id"], "roc").startswith(b"%PDF")
        assert [one["id"] for one in owner.readings.list(project.id)] == [made["id"]]
