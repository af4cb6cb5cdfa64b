"""A project with one object of every kind."""

from __future__ import annotations

import pytest

from tests.factories.everything import make_everything


@pytest.fixture
def ids(project, actor, tmp_path) -> dict[str, str]:
    """Path parameters that lead to objects which exist."""
    owner = actor("administrator")
    made = make_everything(project, tmp_path / "sent", owner.user_id)
    return made | {"user_id": owner.user_id, "token_id": "1"}
