"""Structure sets, structures, immutable revisions, derivations, drafts, reviews and what corrections cost.

A revision is never changed or deleted; `structures.head` moves by compare-and-swap.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, BlobName, id_column


class StructureSet(Base):
    """Delineations on one image series."""

    __tablename__ = "structure_sets"
    __table_args__ = (CheckConstraint("origin IN ('ai','import','manual')", name="origin"),)

    id: Mapped[str] = id_column()
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_row_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(16))
    source_instance_id: Mapped[str | None] = mapped_column(String(36))
    """Instance of the imported RTSTRUCT or SEG."""
    registration: Mapped[dict[str, Any] | None]
    """What brought its contours from another frame of reference (studies.schemas, `RegistrationOut`)."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Structure(Base):
    """One structure; the unit of conflict and of review."""

    __tablename__ = "structures"
    __table_args__ = (
        UniqueConstraint("structure_set_id", "number"),
        CheckConstraint("state IN ('draft','submitted','approved','returned')", name="state"),
        CheckConstraint("assessment IN ('none','accepted','corrected','rejected')", name="assessment"),
    )

    id: Mapped[str] = id_column()
    structure_set_id: Mapped[str] = mapped_column(
        ForeignKey("structure_sets.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    """ROI Number (3006,0022) and SEG segment number."""
    name: Mapped[str] = mapped_column(String(64))
    original_name: Mapped[str] = mapped_column(String(64), default="")
    colour: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(16), default="ORGAN")
    """RT ROI Interpreted Type (3006,00A4)."""
    head: Mapped[int] = mapped_column(default=0)
    """Number of the newest revision; 0 when none."""
    state: Mapped[str] = mapped_column(String(16), default="draft")
    assessment: Mapped[str] = mapped_column(String(16), default="none")
    assessed_by: Mapped[str | None] = mapped_column(String(36))
    plausibility: Mapped[list[Any]] = mapped_column(default=list)
    consensus_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """The consensus whose readers draw it blindly just now: each in his own draft, and nobody saves it."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Revision(Base):
    """One delineation of a structure, for ever."""

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("structure_id", "number"),
        UniqueConstraint("structure_id", "parent"),
        UniqueConstraint("structure_id", "idempotency_key"),
    )

    id: Mapped[str] = id_column()
    structure_id: Mapped[str] = mapped_column(ForeignKey("structures.id", ondelete="CASCADE"))
    number: Mapped[int]
    parent: Mapped[int]
    """Number of the revision this one was made from; 0 for the first."""
    sha256: Mapped[str] = mapped_column(BlobName)
    """Blob of the mask (contracts, wire form)."""
    contours_sha256: Mapped[str | None] = mapped_column(BlobName)
    """Blob of the contours it was imported with; slices still equal to those leave with the same points."""
    author_id: Mapped[str | None] = mapped_column(String(36))
    network_version_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """The network that drew it; on a person's revision the one whose contour was corrected."""
    network_name: Mapped[str] = mapped_column(String(64), default="")
    network_number: Mapped[int | None]
    """Name and version of that network, kept here because provenance outlives catalogues."""
    reason: Mapped[str] = mapped_column(String(255), default="")
    tool: Mapped[str] = mapped_column(String(64), default="")
    seconds: Mapped[float] = mapped_column(default=0.0)
    """Time a person spent editing since the parent."""
    volume_cc: Mapped[float]
    slices: Mapped[int]
    changed_voxels: Mapped[int]
    changed_slices: Mapped[int | None]
    """Slices that differ from the parent's; unknown of revisions from before it was counted."""
    derived_from: Mapped[dict[str, Any] | None]
    """Expression, revisions and doses it was computed from (`schemas.DerivedFrom`)."""
    consensus: Mapped[dict[str, Any] | None]
    """Readers' revisions that it is the consensus of, and how it was reached (`schemas.ConsensusOf`)."""
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    body_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Derivation(Base):
    """How a structure is derived from others; it follows them while its head is the revision computed."""

    __tablename__ = "derivations"

    structure_id: Mapped[str] = mapped_column(
        ForeignKey("structures.id", ondelete="CASCADE"), primary_key=True
    )
    expression: Mapped[dict[str, Any]]
    used: Mapped[dict[str, Any]]
    """What it was computed from, or last found to be the same as (`schemas.DerivedFrom`)."""
    computed: Mapped[int]
    """Number of the revision that this gave."""
    problem: Mapped[dict[str, Any] | None]
    """Why it cannot follow: slug, detail, values."""
    defined_by: Mapped[str | None] = mapped_column(String(36))
    defined_at: Mapped[datetime] = mapped_column(default=now)


class DerivationSource(Base):
    """That one structure is derived from another, which may be deleted meanwhile."""

    __tablename__ = "derivation_sources"

    structure_id: Mapped[str] = mapped_column(
        ForeignKey("derivations.structure_id", ondelete="CASCADE"), primary_key=True
    )
    source_id: Mapped[str] = mapped_column(String(36), primary_key=True, index=True)


class Draft(Base):
    """A person's unsaved work on a structure."""

    __tablename__ = "drafts"

    structure_id: Mapped[str] = mapped_column(
        ForeignKey("structures.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    base: Mapped[int]
    """Number of the revision it was begun from."""
    mask: Mapped[bytes] = mapped_column(LargeBinary)
    """Wire form; in the row because drafts are overwritten every few seconds and blobs never."""
    seconds: Mapped[float] = mapped_column(default=0.0)
    saved_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def version(self) -> str:
        """What a client names in If-Match: when it was written, in microseconds since 1970."""
        return str(round(self.saved_at.timestamp() * 1e6))


class Review(Base):
    """A submission, approval or return of one revision; an approval is a signature over its bytes."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("act IN ('submitted','approved','returned')", name="act"),
        Index(None, "structure_id"),
    )

    id: Mapped[str] = id_column()
    structure_id: Mapped[str] = mapped_column(ForeignKey("structures.id", ondelete="CASCADE"))
    structure_name: Mapped[str | None] = mapped_column(String(64))
    """Its name at that time; unknown of acts from before it was kept."""
    revision: Mapped[int]
    sha256: Mapped[str] = mapped_column(BlobName)
    act: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str] = mapped_column(String(36))
    user_name: Mapped[str] = mapped_column(String(128))
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=now)


class Effort(Base):
    """What it cost to bring the AI's contour to a saved revision."""

    __tablename__ = "efforts"
    __table_args__ = (UniqueConstraint("structure_id", "revision"),)

    id: Mapped[str] = id_column()
    structure_id: Mapped[str] = mapped_column(ForeignKey("structures.id", ondelete="CASCADE"))
    revision: Mapped[int]
    network_version_id: Mapped[str] = mapped_column(String(36), index=True)
    added_path_length_mm: Mapped[float]
    surface_dice: Mapped[float]
    """At 3 mm."""
    dice: Mapped[float]
    seconds: Mapped[float]
    """All editing from the AI's contour to this revision."""
    slices: Mapped[int]
    """Slices that differ."""
    at: Mapped[datetime] = mapped_column(default=now)
