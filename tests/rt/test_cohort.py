"""The frozen cohort keeps its promises: one row a patient, no NaN, no time without its event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rt.cohort import CohortTable, Column, Endpoint
from rt.errors import RtError

TABLE = CohortTable(
    patients=("a", "b", "c"),
    roles=("train", "train", "test"),
    clinical=(Column("age", "number", (61.0, None, 48), "a"), Column("sex", "category", ("M", "F", None))),
    features=(Column("stat_mean", "number", (1.5, 2.5, 3.5)),),
    endpoints=(
        Endpoint("local control", "survival", (1, 0, 2), (3.5, 12.0, 8.0)),
        Endpoint("pneumonitis", "binary", (0, 1, None)),
    ),
)


def test_a_table_goes_through_json_unchanged():
    again = CohortTable.from_json(TABLE.to_json())
    assert again == TABLE
    assert again.digest() == TABLE.digest()
    assert replace(TABLE, roles=("test", "train", "test")).digest() != TABLE.digest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patients": ("a", "b", "a")}, "patient stands twice"),
        ({"roles": ("train", "train", "locked")}, "role train or test"),
        ({"features": (Column("age", "number", (1.0, 2.0, 3.0)),)}, "column stands twice"),
        ({"features": (Column("x", "number", (1.0, 2.0)),)}, "2 values for 3 patients"),
        ({"features": (Column("x", "number", (1.0, float("nan"), 2.0)),)}, "None, not NaN"),
        ({"features": (Column("x", "number", (1.0, "2", 2.0)),)}, "'2' is no number"),
        ({"endpoints": (Endpoint("e", "binary", (0, 2, 1)),)}, "0 or 1"),
        (
            {"endpoints": (Endpoint("e", "survival", (0, 1, 1), (1.0, None, 2.0)),)},
            "a time goes with an event",
        ),
        ({"endpoints": (Endpoint("e", "survival", (0, 1, 1), (1.0, 0.0, 2.0)),)}, "not above 0"),
    ],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(RtError, match=said):
        replace(TABLE, **change)


def test_a_name_that_is_not_there_is_said():
    with pytest.raises(RtError, match="stage"):
        TABLE.column("stage")
    with pytest.raises(RtError, match="survival"):
        TABLE.endpoint("survival")
