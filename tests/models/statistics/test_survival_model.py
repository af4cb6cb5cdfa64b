"""A Cox model stored as JSON predicts what lifelines does, and refuses by name what it cannot say."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from models.statistics import survival_model
from models.statistics.errors import MissingValues, OtherModel
from models.statistics.survival import SurvivalConfig, analyse
from tests.models.statistics.cohorts import three_groups


def test_a_new_patient_has_the_curve_that_lifelines_gives() -> None:
    table = three_groups()
    rng = np.random.default_rng(2)
    known = table.endpoints[0]
    loose = replace(known, times=tuple(one + 0.001 * rng.random() for one in known.times))
    table = replace(table, endpoints=(loose,))
    config = SurvivalConfig("first", multivariable=("group", "x"), times=(1.5, 5.5, 12.5))
    result = analyse(table, config)
    model = json.loads(json.dumps(result["model"], allow_nan=False))
    frame = pd.DataFrame(
        {
            "time": loose.times, "event": [one == 1 for one in loose.events], "x": table.column("x").values,
            "b": [float(one == "b") for one in table.column("group").values],
            "c": [float(one == "c") for one in table.column("group").values],
        }
    )  # fmt: skip
    fitted = CoxPHFitter().fit(frame, "time", "event")
    for group, x in (("a", 0.5), ("c", -1.0)):
        said = survival_model.predict(model, {"group": group, "x": x})
        row = pd.DataFrame({"x": [x], "b": [0.0], "c": [float(group == "c")]})
        curve = fitted.predict_survival_function(row).iloc[:, 0]
        wanted = [curve[curve.index <= time].iloc[-1] for time in (1.5, 5.5, 12.5)]
        assert said["survival"]["time"] == [1.5, 5.5, 12.5]
        assert said["survival"]["share"] == pytest.approx(wanted, abs=1e-5)
        assert said["risk"] == pytest.approx(float(fitted.predict_log_partial_hazard(row).iloc[0]), abs=1e-4)
        assert said["cause_specific"] is True
        assert said["applicability"]["inside"] is True
    far = survival_model.predict(model, {"group": "b", "x": 40.0})
    assert far["applicability"]["inside"] is False
    assert [one["column"] for one in far["outside"]] == ["x"]


def test_what_a_cox_model_cannot_say_is_named() -> None:
    model = analyse(three_groups(), SurvivalConfig("first", multivariable=("group", "x")))["model"]
    for values, error, said in (
        ({"group": "a"}, OtherModel, "x"),
        ({"group": "a", "x": None}, MissingValues, "x"),
        ({"group": "d", "x": 0.0}, MissingValues, "nobody whom it learnt from had 'd'"),
        ({"group": "a", "x": "much"}, OtherModel, "no number"),
    ):
        with pytest.raises(error, match=said):
            survival_model.predict(model, values)
    with pytest.raises(OtherModel):
        survival_model.predict({"format": "other"}, {})
    assert analyse(three_groups(), SurvivalConfig("first", univariable=("x",)))["model"] is None
