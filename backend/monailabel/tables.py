"""What clients were given: which revisions somebody who says no number has looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, id_column


class GivenLabel(Base):
    """A revision that the client of a token has, since it fetched a label map or saved one."""

    __tablename__ = "given_labels"
    __table_args__ = (UniqueConstraint("token_id", "tag", "structure_id"),)

    id: Mapped[str] = id_column()
    token_id: Mapped[str] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(16))
    """The label map's."""
    structure_id: Mapped[str] = mapped_column(ForeignKey("structures.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
