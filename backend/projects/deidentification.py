"""How a project de-identifies: its setting, its key, and what other features do with both.

The key is made when the setting is first made and stays the same, so that pseudonyms do; nobody is told it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.kit.errors import InvalidInput
from backend.projects.schemas import DeidentificationIn, DeidentificationOut
from backend.projects.service import Permission, require
from backend.projects.tables import Deidentification, DeidentificationMode
from rt.dicom.deidentify import (
    EDITION,
    KEY_BYTES,
    Deidentified,
    Option,
    Profile,
    Pseudonyms,
    deidentify,
    identity,
    structure_name,
)
from rt.errors import DeidentificationError


@dataclass(frozen=True)
class Deidentifier:
    """A project's profile and pseudonyms at work."""

    profile: Profile
    pseudonyms: Pseudonyms

    def file(self, data: bytes) -> Deidentified:
        """A stored or written DICOM file without what names its patient; DeidentificationError."""
        return deidentify(data, self.profile, self.pseudonyms)

    def patient(self, patient_id: str, study_instance_uid: str) -> str:
        """The pseudonym of a patient, as the files of the study have it."""
        return self.pseudonyms.patient(identity(patient_id, study_instance_uid))

    def uid(self, original: str) -> str:
        """The UID as the project's files have it."""
        return original if self.profile.has(Option.UIDS) else self.pseudonyms.uid(original)

    def structure(self, name: str) -> str:
        """A structure's name that is the same in all cases: TG-263, or one that tells nothing."""
        return structure_name(name, self.pseudonyms.short("structure", name))

    def file_name(self, name: str) -> str:
        """What a file is called where its own name may name a patient."""
        return "file-" + self.pseudonyms.short("file", name)

    def described(self) -> dict[str, Any]:
        """What an export says was done to it."""
        return {
            "table": f"{EDITION} E.1-1",
            "options": [option.value for option in Option if self.profile.has(option)],
            "codes": [value for value, _ in self.profile.codes],
            "temporal_information": self.profile.temporal_information,
        }


def deidentifier(session: Session, project_id: str, mode: DeidentificationMode) -> Deidentifier | None:
    """What to de-identify with where a project does so; None where it does not."""
    row = session.get(Deidentification, project_id)
    if row is None or row.mode != mode:
        return None
    return Deidentifier(_profile(row.options), Pseudonyms(row.key))


def get_deidentification(session: Session, actor: Actor, project_id: str) -> DeidentificationOut:
    """The project's setting."""
    require(session, actor, project_id, Permission.READ)
    return _told(session.get(Deidentification, project_id))


def set_deidentification(
    session: Session, actor: Actor, project_id: str, wanted: DeidentificationIn
) -> DeidentificationOut:
    """Set where and how the project de-identifies, from now on; what is stored stays as it is."""
    require(session, actor, project_id, Permission.ADMINISTER)
    options = [option.value for option in Option if option in wanted.options]
    _profile(options)
    row = session.get(Deidentification, project_id, with_for_update=True)
    if row is None:
        row = Deidentification(project_id=project_id, key=secrets.token_bytes(KEY_BYTES))
        session.add(row)
    row.mode, row.options = wanted.mode, options
    session.flush()
    record(
        session, actor.user_id, "projects.deidentification.changed", "project", project_id,
        project_id=project_id, changes={"mode": row.mode, "options": options},
    )  # fmt: skip
    return _told(row)


def _profile(options: Sequence[str]) -> Profile:
    try:
        return Profile(frozenset(Option(option) for option in options))
    except DeidentificationError as error:
        raise InvalidInput(error.detail, field="options") from error


def _told(row: Deidentification | None) -> DeidentificationOut:
    return DeidentificationOut.model_validate(
        {
            "mode": DeidentificationMode.NONE if row is None else row.mode,
            "options": [o for o in Option if o in (Profile().options if row is None else row.options)],
            "edition": EDITION,
            "changed_at": None if row is None else row.changed_at,
        }
    )
