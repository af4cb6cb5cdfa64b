"""Acts of review as pages do them: with the revisions that were looked at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi.testclient import TestClient


def looked_at(shown: dict[str, Any], structure_ids: Collection[str] = ()) -> dict[str, dict[str, int]]:
    """`revisions` of a set as it is shown: of these structures, or of all that are submitted."""
    chosen = [
        one
        for one in shown["structures"]
        if one["head"]
        and (
            one["id"] in structure_ids
            if structure_ids
            else one["state"] == "submitted" and not one["unknown"]
        )
    ]
    return {"revisions": {one["id"]: one["head"]["number"] for one in chosen}}


def review(client: TestClient, set_id: str, act: str, headers: dict[str, str], **body: Any) -> Any:
    """The answer to an act; an approval names the heads of what it is about."""
    url = f"/api/structure-sets/{set_id}"
    if act == "approve" and "revisions" not in body:
        shown = client.get(url, headers=headers)
        if shown.is_success:
            body |= looked_at(shown.json(), body.get("structure_ids", ()))
    return client.post(f"{url}/{act}", json=body, headers=headers)
