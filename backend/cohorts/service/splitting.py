"""Who trains and who tests: decided once, by patient, from a seed and the PatientIDs alone.

All patients of the cohort get a part, also those whom the filter leaves out now: another filter never moves
anybody.  Within a stratum the order is that of hashes, so that nobody's choice of rows decides.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.cohorts.errors import NoSuchColumn, SplitFixed, TooFewToSplit
from backend.cohorts.schemas import FilterIn, SplitIn
from backend.cohorts.service.cohorts import find
from backend.cohorts.service.features import judge_again
from backend.cohorts.service.members import check_condition, load_members
from backend.cohorts.tables import Cohort
from backend.kit.clock import now
from backend.projects.service import Permission


def fix_split(session: Session, actor: Actor, place: tuple[str, str], body: SplitIn) -> Cohort:
    """Give every patient a part for good; SplitFixed where that was done before."""
    cohort = find(session, actor, place, Permission.IMPORT, lock=True)
    if cohort.split is not None:
        raise SplitFixed("who trains and who tests was fixed before, and stays")
    members = load_members(session, cohort)
    strata: dict[str, int | None] = {}
    if body.stratify is not None:
        endpoint = next((one for one in members.endpoints if one.name == body.stratify), None)
        if endpoint is None:
            raise NoSuchColumn(f"the cohort has no endpoint {body.stratify!r}", field="stratify")
        strata = endpoint.events
    ids = [one.patient_id for one in members.patients]
    if len(ids) < 2:
        raise TooFewToSplit("a split needs two patients at least")
    testing = choose_test(ids, strata, body.test_fraction, body.seed)
    for patient in members.patients:
        patient.role = "test" if patient.patient_id in testing else "train"
    cohort.split = body.model_dump() | {"fixed_at": now().isoformat(), "fixed_by": actor.user_id}
    session.flush()
    judge_again(session, actor, cohort)
    changes = {"seed": body.seed, "test": len(testing), "patients": len(ids)}
    audit.record(
        session, actor.user_id, "cohorts.split.fixed", "cohort", cohort.id, cohort.project_id, changes
    )
    return cohort


def choose_test(
    patients: Sequence[str], strata: dict[str, int | None], fraction: float, seed: int
) -> set[str]:
    """The patients that test: at least one, never all; of each stratum its share by largest remainder.

    Who has no value of the endpoint is a stratum of its own.
    """
    groups: dict[int | None, list[str]] = defaultdict(list)
    for patient in patients:
        groups[strata.get(patient)].append(patient)
    wanted = min(len(patients) - 1, max(1, round(fraction * len(patients))))
    exact = {key: wanted * len(group) / len(patients) for key, group in groups.items()}
    counts = {key: int(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (counts[key] - exact[key], -len(groups[key]), str(key)))
    for key in by_remainder[: wanted - sum(counts.values())]:
        counts[key] += 1

    def drawn(patient: str) -> str:
        return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()

    return {one for key, group in groups.items() for one in sorted(group, key=drawn)[: counts[key]]}


def set_filter(session: Session, actor: Actor, place: tuple[str, str], body: FilterIn) -> Cohort:
    """Let only those patients be seen for whom all conditions hold; nobody's part changes."""
    cohort = find(session, actor, place, Permission.IMPORT, lock=True)
    members = load_members(session, cohort)
    for condition in body.conditions:
        check_condition(members, condition)
    cohort.conditions = [one.model_dump() for one in body.conditions]
    changes = {"conditions": len(body.conditions)}
    audit.record(
        session, actor.user_id, "cohorts.filter.set", "cohort", cohort.id, cohort.project_id, changes
    )
    return cohort
