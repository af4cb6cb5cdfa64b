"""Nobody who trained ever tests, nobody who tests ever trains."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.training.splits import SplitHistory, patient_key, split_patients

people = st.sets(st.text("abcdef0123456789", min_size=4, max_size=8), min_size=2, max_size=40)


@given(people, st.floats(0.05, 0.9), st.floats(0, 0.5))
def test_first_snapshot_has_training_and_locked_test_patients(
    patients: set[str], test: float, validation: float
) -> None:
    roles = split_patients(patients, SplitHistory(frozenset(), frozenset()), test, validation)
    assert set(roles) == patients
    assert {"train", "test"} <= set(roles.values())


@given(people, people, st.floats(0.05, 0.9))
def test_roles_never_change_sides_as_patients_arrive(first: set[str], more: set[str], test: float) -> None:
    before = split_patients(first, SplitHistory(frozenset(), frozenset()), test, 0.2)
    locked = frozenset(p for p, role in before.items() if role == "test")
    trained = frozenset(first) - locked
    after = split_patients(first | more, SplitHistory(locked, trained), test, 0.2)
    assert all((after[p] == "test") == (p in locked) for p in first)


def test_a_patient_sent_again_keeps_their_key_and_nameless_scans_are_patients_of_their_own() -> None:
    assert patient_key("HN-001", "row-1") == patient_key("HN-001", "row-2")
    assert len({patient_key("HN-001", "row-1"), patient_key("", "row-1"), patient_key("", "row-2")}) == 3
