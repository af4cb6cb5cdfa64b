"""Begin a consensus, list those of a study, give one up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.consensus import repository
from backend.consensus.errors import AlreadyDrawn, AlreadyReading
from backend.consensus.schemas import ConsensusIn
from backend.consensus.service.finding import at_stage, open_task
from backend.consensus.tables import Consensus, Reading
from backend.jobs import service as jobs
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.ids import new_id
from backend.labels import service as labels
from backend.projects import service as projects
from backend.projects.service import PERMISSIONS, Permission
from backend.projects.tables import Role
from backend.studies.tables import Series, Study


def start(session: Session, actor: Actor, study_id: str, body: ConsensusIn) -> Consensus:
    """A set with one structure that the readers draw, each in his own draft.

    Raises
    ------
    InvalidInput
        A series of another study, a reader named twice, or one who may not annotate here.
    AlreadyReading
        When readers draw a structure of this name in the study just now.
    AlreadyDrawn
        When such a contour is there already, and it was not said that this is known.
    """
    study = _study(session, actor, study_id, Permission.REVIEW)
    series = repository.series(session, body.series_id)
    if series is None or series.study_row_id != study.id:
        raise InvalidInput("the series is not one of this study", field="series_id")
    _check_readers(session, actor, study, body.readers)
    repository.lock_study(session, study.id)
    existing = _existing(session, study, body)
    task = _made(session, actor, series, body, study)
    task.existing = existing
    changes = {"readers": body.readers, "structure": body.structure, "despite_contours": len(existing)}
    audit.record(
        session, actor.user_id, "consensus.started", "consensus", task.id,
        project_id=study.project_id, changes=changes,
    )  # fmt: skip
    jobs.announce(session, "structure-set", task.structure_set_id, study.project_id)
    return task


def recent(session: Session, actor: Actor, study_id: str) -> Sequence[Consensus]:
    """The tasks of a study, newest first."""
    return repository.tasks(session, _study(session, actor, study_id, Permission.READ).id)


def cancel(session: Session, actor: Actor, consensus_id: str) -> None:
    """Give up a consensus that is open: what was drawn for it goes, with a record of how much.

    Its set goes too, unless somebody keeps another structure there.
    """
    open_task(session, actor, consensus_id, Permission.REVIEW)
    task = repository.lock_task(session, consensus_id)
    at_stage(task, "open")
    structure = repository.structures(session, [task.structure_id])[task.structure_id]
    finished = [one.reader_id for one in repository.readings(session, task.id) if one.finished_at]
    changes = {"finished": finished, "drafts": repository.drafts_left(session, structure.id)}
    structure.consensus_id = None
    project_id, study_row_id = task.project_id, task.study_row_id
    owner = repository.lock_owner(session, task.structure_set_id)
    alone = repository.is_alone(session, structure)
    session.delete(task)
    session.delete(structure)
    session.flush()
    if alone:
        session.delete(owner)
        session.flush()
    labels.refresh_study(session, study_row_id)
    audit.record(
        session, actor.user_id, "consensus.cancelled", "consensus", consensus_id,
        project_id=project_id, changes=changes,
    )  # fmt: skip
    jobs.announce(session, "study", study_row_id, project_id)


def _study(session: Session, actor: Actor, study_id: str, permission: Permission) -> Study:
    study = repository.study(session, study_id)
    if study is None:
        raise NotFound("there is no such study")
    try:
        projects.require(session, actor, study.project_id, permission)
    except NotFound as hidden:
        raise NotFound("there is no such study") from hidden
    return study


def _check_readers(session: Session, actor: Actor, study: Study, readers: Sequence[str]) -> None:
    twice = [one for one, count in Counter(readers).items() if count > 1]
    if twice:
        raise InvalidInput(f"named twice: {', '.join(twice)}", field="readers")
    able = {
        user.id
        for member, user in projects.list_members(session, actor, study.project_id)
        if user.active and Permission.ANNOTATE in PERMISSIONS[Role(member.role)]
    }
    unable = [one for one in readers if one not in able]
    if unable:
        raise InvalidInput(f"no member who may annotate: {', '.join(unable)}", field="readers")


def _existing(session: Session, study: Study, body: ConsensusIn) -> list[dict[str, str]]:
    for task in repository.tasks(session, study.id):
        if task.state == "open" and task.name.casefold() == body.structure.casefold():
            raise AlreadyReading(f"{task.name} is being read in this study", consensus_id=task.id)
    found = [
        {"set_id": one.id, "label": one.label}
        for one in repository.drawn_named(session, study.id, body.structure)
    ]
    if found and not body.despite_contours:
        names = ", ".join(one["label"] for one in found)
        raise AlreadyDrawn(f"the readers can see {body.structure} in: {names}", labels=names)
    return found


def _made(session: Session, actor: Actor, series: Series, body: ConsensusIn, study: Study) -> Consensus:
    consensus_id = new_id()
    label = labels.free_label(session, series, f"Consensus {body.structure}")
    owner = labels.add_set(session, series, label, "manual")
    structure = labels.add_structure(session, owner, labels.NewStructure(body.structure))
    structure.consensus_id = consensus_id
    task = Consensus(
        id=consensus_id,
        project_id=study.project_id,
        study_row_id=study.id,
        structure_set_id=owner.id,
        structure_id=structure.id,
        name=body.structure,
        tolerance_mm=body.tolerance_mm,
        created_by=actor.user_id,
    )
    session.add(task)
    session.flush()
    session.add_all(
        Reading(consensus_id=task.id, reader_id=reader, position=position)
        for position, reader in enumerate(body.readers, start=1)
    )
    session.flush()
    return task
