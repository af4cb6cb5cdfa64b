"""All tables in one import, for Alembic and for tests."""

from __future__ import annotations

from backend.kit.db import Base

__all__ = ["Base"]
