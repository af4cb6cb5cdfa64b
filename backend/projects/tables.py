"""Projects: the border of what people may see, with roles, wanted structures and automatic rules."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, id_column


class Role(StrEnum):
    """What a member may do; each may do what the ones below may, but approving is not annotating."""

    ADMINISTRATOR = "administrator"
    """Members, rules, training, promotion, and all below."""
    CLINICIAN = "clinician"
    """Imports, corrects, approves, exports."""
    REVIEWER = "reviewer"
    """Approves or returns."""
    ANNOTATOR = "annotator"
    """Imports, corrects, submits."""
    READER = "reader"
    """Looks."""


class DeidentificationMode(StrEnum):
    """Where a project takes out what names its patients."""

    NONE = "none"
    IMPORT = "import"
    """At the door: what names a patient is not kept."""
    EXPORT = "export"
    """In what leaves; people of the project see who it is."""


class Project(Base):
    """A group of patients with its members, template and rules."""

    __tablename__ = "projects"
    __table_args__ = (
        Index(
            "uq_projects_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
            sqlite_where=text("is_default"),
        ),
    )

    id: Mapped[str] = id_column()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    is_default: Mapped[bool] = mapped_column(default=False)
    """Where STOW-RS without a project goes."""
    allow_nifti: Mapped[bool] = mapped_column(default=False)
    rules: Mapped[list[Any]] = mapped_column(default=list)
    """What is drawn after import: see contracts, `Rule`."""
    template: Mapped[list[Any]] = mapped_column(default=list)
    """Wanted structures in order, with colour."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Member(Base):
    """A user's role in a project."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("role IN ('administrator','clinician','reviewer','annotator','reader')", name="role"),
    )

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Deidentification(Base):
    """How a project de-identifies, with the key of its pseudonyms; no row is `none`.

    The key is made once and is in no answer, log or export.  Without it the pseudonyms of the project can no
    longer be made, so what came in later would not join what is here.
    """

    __tablename__ = "deidentifications"
    __table_args__ = (CheckConstraint("mode IN ('none','import','export')", name="mode"),)

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    mode: Mapped[str] = mapped_column(String(16))
    options: Mapped[list[Any]] = mapped_column(default=list)
    """Of PS3.15 E.3, by the names of `rt.dicom.deidentify.Option`."""
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
