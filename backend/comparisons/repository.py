"""Rows of comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.comparisons.tables import Comparison
from backend.kit.pagination import Part


def comparisons(session: Session, project_id: str, part: Part) -> Sequence[Comparison]:
    """Newest first."""
    query = select(Comparison).where(Comparison.project_id == project_id)
    if part.before is not None:
        query = query.where(Comparison.id < part.before)
    return session.scalars(query.order_by(Comparison.id.desc()).limit(part.limit)).all()


def comparison(session: Session, comparison_id: str) -> Comparison | None:
    """One comparison."""
    return session.get(Comparison, comparison_id)
