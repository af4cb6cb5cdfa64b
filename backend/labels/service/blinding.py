"""What is refused while readers of a consensus draw a structure blindly.

A reader draws in his own draft, which only he has ever been able to read; the structure itself has no
revision until the consensus is closed.  So there is nothing that viewer, history, export, DICOMweb or MONAI
Label could show of the others, and here it is seen to that it stays so: nobody saves a revision of the
structure, and no person saves one of the same name elsewhere in the study.
"""

from __future__ import annotations

from typing import NoReturn

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.kit.db import session_scope
from backend.labels import repository
from backend.labels.errors import Blinded, BlindReading
from backend.labels.tables import Structure, StructureSet


def refuse_while_blind(structure: Structure) -> None:
    """Raise BlindReading when readers draw it just now."""
    if structure.consensus_id is not None:
        raise BlindReading(
            f"{structure.name} is being drawn blindly by the readers of a consensus",
            name=structure.name,
            consensus_id=structure.consensus_id,
        )


def refuse_revision(
    session: Session, structure: Structure, owner: StructureSet, author_id: str | None
) -> None:
    """Raise BlindReading for a revision of it, and for a person's of the same name beside it."""
    refuse_while_blind(structure)
    if author_id is not None:
        read = repository.blind_structure(session, owner.study_row_id, structure.name)
        if read is not None:
            refuse_while_blind(read)


def refuse_look(actor: Actor, project_id: str, consensus_id: str, door: str) -> NoReturn:
    """Write down who wanted to see what others drew, and refuse it.

    Only for requests that read: those that write hold SQLite's lock, which the entry would wait for.
    """
    with session_scope() as own:
        audit.record(
            own, actor.user_id, "consensus.look.refused", "consensus", consensus_id,
            project_id=project_id, changes={"door": door},
        )  # fmt: skip
    raise Blinded("what others drew is shown when the consensus is closed; this attempt is on record")
