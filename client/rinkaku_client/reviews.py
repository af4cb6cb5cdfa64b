"""Submitting, approving and returning contours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rinkaku_client.shapes import Review, StructureSet
from rinkaku_client.transport import Transport


class Reviews:
    """Acts of review on structure sets.

    Each act is on the structures named, or on all that it can be done to.  `seen` is the set as one looked at
    it: where a structure has another revision or name by now, the act is refused as Stale.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, set_id: str) -> Iterator[Review]:
        """Every submission, approval and return, newest first."""
        return self._transport.pages(f"/structure-sets/{set_id}/reviews")

    def submit(
        self,
        set_id: str,
        comment: str = "",
        *,
        structure_ids: Sequence[str] | None = None,
        seen: StructureSet | None = None,
    ) -> StructureSet:
        """Ask for review of what is not submitted or approved."""
        return self._act(set_id, "submit", comment, structure_ids, seen)

    def approve(
        self,
        set_id: str,
        comment: str = "",
        *,
        seen: StructureSet,
        structure_ids: Sequence[str] | None = None,
    ) -> StructureSet:
        """Sign what is submitted of `seen`, as it was looked at; OwnWork for what one drew or submitted.

        Without `structure_ids` it is all that was submitted when one looked.
        """
        if structure_ids is None:
            waiting = [one for one in seen["structures"] if one["state"] == "submitted"]
            structure_ids = [one["id"] for one in waiting if not one["unknown"]] or None
        return self._act(set_id, "approve", comment, structure_ids, seen)

    def send_back(
        self,
        set_id: str,
        comment: str,
        *,
        structure_ids: Sequence[str] | None = None,
        seen: StructureSet | None = None,
    ) -> StructureSet:
        """Return what is submitted, with a comment that says why."""
        return self._act(set_id, "return", comment, structure_ids, seen)

    def _act(
        self,
        set_id: str,
        act: Literal["submit", "approve", "return"],
        comment: str,
        structure_ids: Sequence[str] | None,
        seen: StructureSet | None,
    ) -> StructureSet:
        body: dict[str, Any] = {"comment": comment}
        if structure_ids is not None:
            body["structure_ids"] = [*structure_ids]
        if seen is not None:
            chosen = [
                one for one in seen["structures"] if structure_ids is None or one["id"] in structure_ids
            ]
            body["revisions"] = {one["id"]: one["head"]["number"] for one in chosen if one["head"]}
            body["names"] = {one["id"]: one["name"] for one in chosen}
        done: StructureSet = self._transport.json("POST", f"/structure-sets/{set_id}/{act}", json=body)
        return done
