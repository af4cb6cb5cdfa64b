"""The review of a structure as a table: which act leads from which state to which.

draft → submitted → approved | returned; a returned one is submitted again, and stays `returned` while it is
being corrected, because it still owes an answer.  A revision after approval or submission reopens the review:
back to draft, the signature stays with the revision it was given for.  Anything not in the table is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a structure stands in review."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"


class Act(StrEnum):
    """What moves it."""

    REVISE = "revise"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"


TRANSITIONS: dict[tuple[State, Act], State] = {
    (State.DRAFT, Act.REVISE): State.DRAFT,
    (State.DRAFT, Act.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Act.REVISE): State.DRAFT,
    (State.SUBMITTED, Act.APPROVE): State.APPROVED,
    (State.SUBMITTED, Act.RETURN): State.RETURNED,
    (State.RETURNED, Act.REVISE): State.RETURNED,
    (State.RETURNED, Act.SUBMIT): State.SUBMITTED,
    (State.APPROVED, Act.REVISE): State.DRAFT,
}
"""Every legal move."""


def next_state(state: State, act: Act) -> State | None:
    """Where the act leads, or None when it is not allowed."""
    return TRANSITIONS.get((state, act))


class StudyState(StrEnum):
    """Where a study stands, for the worklist."""

    NEW = "new"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    PARTLY_APPROVED = "partly-approved"
    APPROVED = "approved"


def study_state(states: Iterable[State]) -> StudyState:
    """What the states of a study's drawn structures add up to: what most needs a person comes first."""
    found = set(states)
    if not found:
        return StudyState.NEW
    if State.RETURNED in found:
        return StudyState.RETURNED
    if State.SUBMITTED in found:
        return StudyState.SUBMITTED
    if State.APPROVED in found:
        return StudyState.APPROVED if found == {State.APPROVED} else StudyState.PARTLY_APPROVED
    return StudyState.DRAFTED
