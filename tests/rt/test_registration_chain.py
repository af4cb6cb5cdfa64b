"""Chains of registrations between frames of reference."""

from __future__ import annotations

import numpy as np
import pytest

from rt.registration import RigidTransform
from rt.registration_chain import WELL_KNOWN, Linked, find_chain
from tests.factories.registration import matrix_of

TURN = RigidTransform.from_matrix(matrix_of((4.0, -7.0, 11.0), (12.5, -30.0, 8.25)))
TILT = RigidTransform.from_matrix(matrix_of((-9.0, 2.0, 3.0), (-4.0, 6.0, 25.0)))


def shift(x: float) -> RigidTransform:
    return RigidTransform.from_matrix(matrix_of((0, 0, 0), (x, 0, 0)))


def into(registered: str, **frames: RigidTransform) -> Linked:
    """A registration into a frame."""
    return {registered: RigidTransform.identity(), **frames}


def way(registrations: list[Linked], source: str, target: str) -> list[tuple[int, str, str]] | None:
    found = find_chain(registrations, source, target)
    return found and [(step.number, step.source, step.target) for step in found.steps]


@pytest.mark.parametrize("turned", [False, True])
def test_a_chain_over_two_registrations_is_one_after_the_other(turned: bool) -> None:
    """From A to B in one, from B to C in another, whichever way each is written."""
    first = into("A", B=TURN.inverse()) if turned else into("B", A=TURN)
    second = into("B", C=TILT.inverse()) if turned else into("C", B=TILT)
    found = find_chain([first, second], "A", "C")
    assert found is not None
    assert [(one.number, one.source, one.target) for one in found.steps] == [(0, "A", "B"), (1, "B", "C")]
    expected = TILT.matrix @ TURN.matrix
    assert np.abs(found.transform.matrix - expected).max() < 1e-9
    back = find_chain([first, second], "C", "A")
    assert back is not None
    assert np.abs(back.transform.matrix - np.linalg.inv(expected)).max() < 1e-9
    assert (found.others, back.others) == ((), ())


def test_two_frames_of_one_registration_are_linked_over_its_registered_one() -> None:
    found = find_chain([into("A", B=TURN, C=TILT)], "B", "C")
    assert found is not None
    assert len(found.steps) == 1
    assert np.abs(found.transform.matrix - np.linalg.inv(TILT.matrix) @ TURN.matrix).max() < 1e-9


def test_a_direct_registration_counts_before_a_newer_chain() -> None:
    registrations = [into("B", A=shift(1)), into("C", B=shift(1)), into("C", A=shift(9))]
    assert way(registrations, "A", "C") == [(2, "A", "C")]
    found = find_chain(registrations, "A", "C")
    assert found is not None
    assert found.others == ()


def test_of_each_link_the_newest_counts_and_what_the_older_says_is_kept() -> None:
    registrations = [
        into("B", A=shift(1)),
        into("C", B=shift(2)),
        into("C", B=shift(5)),
        into("B", A=shift(9)),
    ]
    found = find_chain(registrations, "A", "C")
    assert found is not None
    assert found.transform.translation_mm[0] == pytest.approx(3)
    assert sorted(one.translation_mm[0] for one in found.others) == pytest.approx([6, 11])


def test_of_two_ways_as_short_the_one_with_the_newer_oldest_counts_and_the_other_is_kept() -> None:
    """Over X by 0 and 3, over Y by 1 and 2."""
    registrations = [
        into("X", A=shift(1)), into("Y", A=shift(1)), into("C", Y=shift(1)), into("C", X=shift(5)),
    ]  # fmt: skip
    assert way(registrations, "A", "C") == [(1, "A", "Y"), (2, "Y", "C")]
    found = find_chain(registrations, "A", "C")
    assert found is not None
    assert [one.translation_mm[0] for one in found.others] == pytest.approx([6])


def test_a_chain_does_not_lead_over_the_frame_of_a_device() -> None:
    device = f"{WELL_KNOWN}3.1"
    one, other = (
        {device: RigidTransform.identity(), "A": TURN},
        {device: RigidTransform.identity(), "C": TILT},
    )
    assert find_chain([one, other], "A", "C") is None
    assert way([one], "A", device) == [(0, "A", device)]
    assert way([one], device, "A") == [(0, device, "A")]
    assert way([{**one, "C": TILT}], "A", "C") == [(0, "A", "C")], "one registration says both"


def test_nothing_links_what_no_registration_names() -> None:
    registrations = [into("A", B=TURN), into("C", D=TURN)]
    for source, target in (("A", "C"), ("A", "Z"), ("", "A"), ("A", ""), ("A", "A")):
        assert find_chain(registrations, source, target) is None


def test_a_circle_ends() -> None:
    registrations = [into("B", A=TURN), into("C", B=TURN), into("A", C=TURN), into("D", C=TILT)]
    assert way(registrations, "A", "D") == [(2, "A", "C"), (3, "C", "D")]
