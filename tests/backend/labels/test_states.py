"""Every pair of state and act, and what states add up to."""

from __future__ import annotations

import itertools

import pytest

from backend.labels.states import TRANSITIONS, Act, State, StudyState, next_state, study_state

EXPECTED = """
            revise      submit      approve     return
draft       draft       submitted   -           -
submitted   draft       -           approved    returned
approved    draft       -           -           -
returned    returned    submitted   -           -
"""


def _table() -> dict[tuple[str, str], str]:
    head, *rows = (line.split() for line in EXPECTED.strip().splitlines())
    return {(row[0], act): to for row in rows for act, to in zip(head, row[1:], strict=True)}


@pytest.mark.parametrize(("state", "act"), list(itertools.product(State, Act)))
def test_every_pair_leads_where_the_table_says(state: State, act: Act) -> None:
    expected = _table()[state, act]
    assert next_state(state, act) == (None if expected == "-" else State(expected))


def test_the_table_has_no_other_pairs() -> None:
    assert len(TRANSITIONS) == sum(to != "-" for to in _table().values())


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "new"),
        (["draft"], "drafted"),
        (["draft", "approved"], "partly-approved"),
        (["approved", "approved"], "approved"),
        (["approved", "submitted"], "submitted"),
        (["draft", "submitted"], "submitted"),
        (["returned", "submitted", "approved"], "returned"),
    ],
)
def test_a_study_is_where_most_is_owed(states: list[str], expected: str) -> None:
    assert study_state(State(state) for state in states) == StudyState(expected)
