"""Doses, histograms, objectives and their tables by the client."""

from __future__ import annotations

import numpy as np
import pytest

from rinkaku_client import tables
from rinkaku_client.problems import InvalidInput
from tests.backend.dose.conftest import LOW_GY, STEP_GY

INSIDE = (slice(1, 4), slice(4, 12), slice(4, 12))


def test_dose_has_voxels_in_gray(connect, dosed):
    reader = connect("reader")
    (dose,) = reader.doses.list(dosed.arrived.study.id)
    assert (dose["series_id"], dose["prescription_gy"]) == (dosed.dose_series_id, 70)
    study = reader.studies.get(dosed.arrived.study.id)
    series = next(one for one in study["series"] if one["id"] == dose["series_id"])
    volume = reader.studies.volume(series)
    assert (volume.unit, volume.geometry.to_json()) == ("Gy", dose["grid"])
    columns = LOW_GY + STEP_GY * np.arange(volume.geometry.shape_kji[2])
    np.testing.assert_allclose(volume.values_kji[0, 0], columns, atol=1e-3)


def test_plan_is_told_with_its_doses(connect, dosed):
    (plan,) = connect("reader").doses.plans(dosed.arrived.study.id)
    assert (plan["plan"]["label"], plan["prescription_gy"]) == ("SIB 70/56", 70)
    assert plan["dose_series_ids"] == [dosed.dose_series_id]


def test_histogram_and_objectives_are_told(connect, dosed):
    drawn = dosed.draw("Larynx", *INSIDE)
    reader = connect("reader")
    dvh = reader.doses.dvh(drawn.structure_id, 1, dosed.dose_series_id, ["mean", "V30Gy"])
    assert [(one["metric"], one["unit"]) for one in dvh["values"]] == [("mean", "Gy"), ("V30Gy", "%")]
    assert dvh["values"][0]["value"] == pytest.approx(dvh["mean_gy"])
    assert dvh["curve"]["volume_percent"][0] == pytest.approx(100)
    assert len(reader.doses.dvh(drawn.structure_id, 1, dosed.dose_series_id)["values"]) > 2
    with pytest.raises(InvalidInput, match="bad-dose-metric"):
        reader.doses.dvh(drawn.structure_id, 1, dosed.dose_series_id, ["V"])
    protocols = [one["id"] for one in reader.doses.protocols()]
    assert "head-and-neck" in protocols
    results = reader.doses.objectives(drawn.set_id, "head-and-neck", dosed.dose_series_id)
    judged = [one for one in results if one["structure_id"] == drawn.structure_id]
    assert judged and all(one["verdict"] in ("pass", "variation", "fail") for one in judged)
    (glands,) = [one for one in results if one["group"] != "each"]
    assert [one["structure"] for one in glands["members"]] == ["Parotid_L", "Parotid_R"]
    assert (glands["verdict"], glands["reason"]) == ("unknown", "not-contoured")
    table = tables.objectives(reader, drawn.set_id, "head-and-neck", dosed.dose_series_id)
    assert list(table["verdict"]) == [one["verdict"] for one in results]


def test_table_of_histograms_has_a_row_a_metric_and_says_what_has_none(connect, dosed):
    drawn = dosed.draw("Parotid_L", *INSIDE)
    annotator = connect("annotator")
    annotator.structures.create(drawn.set_id, "Brainstem")
    absent = annotator.structures.create(drawn.set_id, "Larynx")["id"]
    annotator.structures.save(absent, np.zeros_like(drawn.mask), 0)
    table = tables.dvh_values(annotator, drawn.set_id, dosed.dose_series_id, ["mean", "D95"])
    assert tuple(table.columns) == tables.DVH
    measured = table[table["problem"].isna()]
    assert list(measured["structure"]) == ["Parotid_L"] * 2
    dvh = annotator.doses.dvh(drawn.structure_id, 1, dosed.dose_series_id)
    assert measured.set_index("metric").loc["mean", "value"] == pytest.approx(dvh["mean_gy"])
    (without,) = table[table["problem"].notna()].itertuples()
    assert (without.structure, without.problem) == ("Larynx", "no-dvh")
    with pytest.raises(InvalidInput, match="bad-dose-metric"):
        tables.dvh_values(annotator, drawn.set_id, dosed.dose_series_id, ["V"])
