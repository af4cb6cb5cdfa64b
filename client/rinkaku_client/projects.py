"""Projects of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rinkaku_client.shapes import Me, Project
from rinkaku_client.transport import Transport


class Projects:
    """What one works in, and as what."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def me(self) -> Me:
        """The token's owner, with his roles, and the server's version."""
        found: Me = self._transport.json("GET", "/session")
        return found

    def list(self) -> Sequence[Project]:
        """The caller's projects."""
        return [*self._transport.pages("/projects")]

    def get(self, project_id: str) -> Project:
        """A project."""
        found: Project = self._transport.json("GET", f"/projects/{project_id}")
        return found

    def template(self, project_id: str) -> Sequence[dict[str, Any]]:
        """The structures that the project wants: name, colour, kind, and whether each must be there."""
        return [*self._transport.json("GET", f"/projects/{project_id}/template")["structures"]]
