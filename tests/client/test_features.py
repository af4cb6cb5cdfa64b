"""Features by the client: presets, computed, waited for, read as pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rinkaku_client.features import Wanted
from tests.backend.cohorts.test_features import FEW, box, draw
from tests.factories.jobs import run_queued
from tests.factories.patients import send_ct


def test_features_are_computed_and_read_as_tables(connect: Any, project: Any, tmp_path: Path) -> None:
    arrived = {name: send_ct(project, tmp_path, name) for name in "ab"}
    for size, name in ((6, "a"), (9, "b")):
        draw(arrived[name], box(arrived[name], size))
    client = connect("annotator")
    place = (project.id, client.cohorts.create(project.id, "Two")["id"])
    csv = b"ID,age\nID-a,50\nID-b,60\nNobody,70\n"
    seen = client.cohorts.preview(*place, "t.csv", csv)
    assert (seen["issues"], seen["rows"]) == ([], 3)
    client.cohorts.read(*place, "t.csv", csv, seen["dictionary"])
    assert [one["name"] for one in client.features.presets()] == ["ct", "dose", "mr", "pet"]
    wanted = Wanted("CT", "GTV", "CT", "latest", settings=FEW, perturbations=2)
    begun = client.features.compute(place, wanted)
    run_queued("radiomics")
    made = client.features.wait(place, begun["id"], 10)
    assert (made["done"], [one["slug"] for one in made["failed"]]) == (2, ["not-in-store"])
    features = client.features.features(place, begun["id"])
    values = client.features.values(place, begun["id"])
    assert list(values.index) == ["ID-a", "ID-b"]
    assert list(values.columns) == ["structure_id", "revision", *features["name"]]
    assert values["original_stat_mean"].notna().all()
    assert features["icc.perturbation"].max() <= 1
    draw(arrived["b"], box(arrived["b"], 7))
    assert [one["patient_id"] for one in client.features.get(place, begun["id"])["stale"]] == ["ID-b"]
    client.features.recompute(place, begun["id"])
    run_queued("radiomics")
    assert client.features.wait(place, begun["id"], 10)["stale"] == []
    client.features.delete(place, begun["id"])
    assert list(client.features.list(place)) == []
