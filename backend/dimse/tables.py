"""Who is called how on the DICOM network: titles that lead into projects, peers, and what they were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, id_column


class DicomTitle(Base):
    """An AE title under which Rinkaku answers; what is sent to it goes into its project."""

    __tablename__ = "dicom_titles"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(16), unique=True)
    callers: Mapped[list[Any]] = mapped_column(default=list)
    """[{title, address}] of those who may call; one of the two may be null.  Empty: whoever can reach us."""
    allow_query: Mapped[bool] = mapped_column(default=False)
    """C-FIND, C-GET and C-MOVE are answered, to named callers only."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class DicomPeer(Base):
    """A PACS or TPS that objects of a project may be sent to."""

    __tablename__ = "dicom_peers"
    __table_args__ = (
        UniqueConstraint("project_id", "title"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
    )

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    commitment: Mapped[bool] = mapped_column(default=False)
    """It is asked to commit itself to keep what it was sent."""
    tls: Mapped[bool] = mapped_column(default=False)
    """It is called by TLS."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class DicomDelivery(Base):
    """A structure set on its way to a peer, and the receipt: which instances, with what status, when."""

    __tablename__ = "dicom_deliveries"
    __table_args__ = (Index(None, "structure_set_id", "id"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    structure_set_id: Mapped[str] = mapped_column(String(36))
    """No foreign key: the receipt outlives what was sent."""
    peer_title: Mapped[str] = mapped_column(String(16))
    calling_title: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[str | None] = mapped_column(String(36))
    instances: Mapped[list[Any]] = mapped_column(default=list)
    """[{modality, sop_class_uid, sop_instance_uid, status, comment, at, committed}]; null: not known yet."""
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(255), default="")
    """What went wrong last."""
    commitment_uid: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Transaction UID (0008,1195) of the storage commitment that the peer is asked for."""
    created_by: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
