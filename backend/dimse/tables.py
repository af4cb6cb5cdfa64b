"""Who is called how on the DICOM network: titles that lead into projects, and peers to send to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
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
    created_at: Mapped[datetime] = mapped_column(default=now)
