"""Measure the version in use on the locked patients of a training that was measured before."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.studies.tables import Series
from backend.training.gate import evaluation_of
from backend.training.tables import NetworkVersion, Run, Snapshot
from models.evaluation import Score
from models.registry.network import NetworkManifest
from rt.errors import RtError
from workers.runtime import JobContext, job
from workers.training.dataset import materialise
from workers.training.measuring import Measuring, loaded, rows_against


class NothingCommon(RtError):
    """No locked patient who is still here has a structure that both versions draw."""

    slug = "nothing-common"


@job("compare-versions", queue="training")
def compare_versions(context: JobContext) -> dict[str, Any]:
    """Add the rows against the named version to the run; the new version's scores are those that it has."""
    with context.session(read_only=True) as session:
        run = session.get_one(Run, context.parameters["run_id"])
        snapshot = session.get_one(Snapshot, run.snapshot_id)
        made = session.get_one(NetworkVersion, run.version_id)
        rival = session.get_one(NetworkVersion, context.parameters["against"])
        tested = _still_here(session, snapshot)
    structures = NetworkManifest.from_json(made.manifest).structures
    dataset = materialise(context, tested, structures, splits=("test",))
    before = Measuring(context, dataset, networks=1, begun=0.1).scores(loaded(rival))
    rows = rows_against(rival, before, [Score(**score) for score in made.metrics.get("scores", [])])
    if not rows:
        raise NothingCommon("no locked patient has a structure that both versions draw", where=rival.name)
    result: dict[str, Any] = {"evaluation": rows}
    with context.finishing(result) as session:
        row = session.get_one(Run, run.id, with_for_update=True)
        others = [one for one in evaluation_of(row) if one.against != rival.id]
        row.evaluation = [one.model_dump(exclude={"holds_back"}) for one in others] + rows
        jobs.announce(session, "run", run.id, run.project_id)
    return result


def _still_here(session: Session, snapshot: Snapshot) -> Snapshot:
    """The snapshot, in which a scan that was deleted since tests no more; the others keep their numbers."""
    cases = [
        case if session.get(Series, case["series_id"]) is not None else case | {"split": "deleted"}
        for case in snapshot.cases
    ]
    return Snapshot(cases=cases)
