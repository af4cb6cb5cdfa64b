"""What de-identification did not let pass, and what a project's administrators decide about it.

Of an object in which an identifier was found again nothing is kept but that it was so.  One whose pixels may
show text is kept de-identified and out of sight until an administrator has looked at it and lets it in, or
throws it away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import NotFound
from backend.kit.pagination import Part
from backend.kit.storage import storage
from backend.projects.deidentification import Deidentifier, deidentifier
from backend.projects.service import Permission, require
from backend.projects.tables import DeidentificationMode
from backend.studies.door import Checked, check_bytes
from backend.studies.errors import AlreadyDecided
from backend.studies.intake import Admitted, Target, add_instance
from backend.studies.settling import settle
from backend.studies.tables import QuarantinedFile
from rt.errors import DeidentificationError, PixelsMayIdentify


def at_import(project_id: str) -> Deidentifier | None:
    """What the project de-identifies with whatever comes in; None where it does not."""
    with session_scope(read_only=True) as session:
        return deidentifier(session, project_id, DeidentificationMode.IMPORT)


def without_identity(
    chosen: Deidentifier | None, project_id: str, checked: Checked, sha256: str
) -> tuple[Checked, str]:
    """The instance to store in place of one that came, and the hash to know it by when it comes again.

    They are the ones given where the project does not de-identify at import.  DeidentificationError for what
    must not be stored; it is then in quarantine.
    """
    if chosen is None:
        return checked, sha256
    try:
        done = chosen.file(checked.instance.data)
    except DeidentificationError as error:
        hold(project_id, "import", checked.instance.modality, error)
        raise
    digest = hashlib.sha256(done.data).hexdigest()
    if done.pixels_to_see is not None and not _was_released(project_id, digest):
        doubt = PixelsMayIdentify(done.pixels_to_see)
        hold(project_id, "import", checked.instance.modality, doubt, done.data)
        raise doubt
    return check_bytes(done.data), digest


def hold(
    project_id: str, stage: str, modality: str, error: DeidentificationError, data: bytes | None = None
) -> None:
    """Note why an object did not pass; `data` is its de-identified file, where only pixels are in doubt."""
    sha256 = None if data is None else storage().put(data)
    with session_scope() as session:
        if sha256 is not None and _of_hash(session, project_id, sha256):
            return
        held = QuarantinedFile(
            project_id=project_id,
            stage=stage,
            slug=error.slug,
            detail=str(error)[:256],
            modality=modality[:16],
            state="refused" if sha256 is None else "held",
            sha256=sha256,
        )
        session.add(held)
        session.flush()
        record(
            session, None, "studies.quarantine.held", "quarantined-file", held.id,
            project_id=project_id, changes={"slug": error.slug, "stage": stage},
        )  # fmt: skip


def _of_hash(session: Session, project_id: str, sha256: str) -> Sequence[QuarantinedFile]:
    statement = select(QuarantinedFile).where(
        QuarantinedFile.project_id == project_id, QuarantinedFile.sha256 == sha256
    )
    return session.scalars(statement).all()


def _was_released(project_id: str, sha256: str) -> bool:
    with session_scope(read_only=True) as session:
        return any(row.state == "released" for row in _of_hash(session, project_id, sha256))


def list_quarantine(session: Session, actor: Actor, project_id: str, part: Part) -> Sequence[QuarantinedFile]:
    """The project's quarantine, newest first, for who administers it."""
    require(session, actor, project_id, Permission.ADMINISTER)
    statement = select(QuarantinedFile).where(QuarantinedFile.project_id == project_id)
    if part.before is not None:
        statement = statement.where(QuarantinedFile.id < part.before)
    return session.scalars(statement.order_by(QuarantinedFile.id.desc()).limit(part.limit)).all()


def quarantined_file(actor: Actor, quarantined_id: str) -> bytes:
    """The de-identified file of an object that is held; that somebody looked is in the audit trail."""
    with session_scope() as session:
        held = _held(session, actor, quarantined_id)
        _record(session, actor, held, "studies.quarantine.viewed")
    return storage().get(held.sha256 or "")


def release(actor: Actor, quarantined_id: str) -> QuarantinedFile:
    """Let an object in, as its administrator's decision that its pixels name no one."""
    with session_scope(read_only=True) as session:
        held = _held(session, actor, quarantined_id)
    checked = check_bytes(storage().get(held.sha256 or ""))
    with session_scope() as session:
        decided = _decide(session, actor, quarantined_id, "released")
    try:
        admitted = Admitted(held.id, checked, held.sha256 or "")
        arrival = add_instance(Target(held.project_id, actor.user_id), admitted)
    except BaseException:
        _take_back(quarantined_id)
        raise
    if arrival.study_row_id is not None and arrival.series_row_id is not None:
        settle([arrival.study_row_id], {arrival.series_row_id: 1})  # others of its series may be held too
    return decided


def _take_back(quarantined_id: str) -> None:
    """What the door refuses waits again."""
    with session_scope() as session:
        held = session.get_one(QuarantinedFile, quarantined_id)
        held.state, held.decided_by, held.decided_at = "held", None, None


def discard(session: Session, actor: Actor, quarantined_id: str) -> QuarantinedFile:
    """Throw an object away; its file goes with the next sweep."""
    discarded = _decide(session, actor, quarantined_id, "discarded")
    discarded.sha256 = None
    return discarded


def _held(session: Session, actor: Actor, quarantined_id: str, *, lock: bool = False) -> QuarantinedFile:
    held = session.get(QuarantinedFile, quarantined_id, with_for_update=lock)
    if held is None:
        raise NotFound("there is no such file in quarantine")
    require(session, actor, held.project_id, Permission.ADMINISTER)
    if held.state != "held":
        raise AlreadyDecided(f"it is {held.state}", state=held.state)
    return held


def _decide(session: Session, actor: Actor, quarantined_id: str, state: str) -> QuarantinedFile:
    decided = _held(session, actor, quarantined_id, lock=True)
    decided.state, decided.decided_by, decided.decided_at = state, actor.user_id, now()
    _record(session, actor, decided, f"studies.quarantine.{state}")
    return decided


def _record(session: Session, actor: Actor, held: QuarantinedFile, action: str) -> None:
    record(
        session, actor.user_id, action, "quarantined-file", held.id,
        project_id=held.project_id, changes={"sha256": held.sha256},
    )  # fmt: skip
