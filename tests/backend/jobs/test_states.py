"""The transition table, every pair of it."""

from __future__ import annotations

import itertools

import pytest

from backend.jobs.states import FINAL, TRANSITIONS, JobState, allowed

LEGAL = {
    ("queued", "running"), ("queued", "cancelled"),
    ("running", "succeeded"), ("running", "failed"), ("running", "cancelled"), ("running", "queued"),
    ("failed", "queued"), ("cancelled", "queued"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [*itertools.product(JobState, JobState)])
def test_exactly_the_listed_transitions_are_allowed(before, after):
    assert allowed(before, after) == ((before.value, after.value) in LEGAL)


def test_every_state_has_a_row_and_only_final_ones_hold_no_worker():
    assert set(TRANSITIONS) == set(JobState)
    assert all(JobState.RUNNING not in TRANSITIONS[state] for state in FINAL)
