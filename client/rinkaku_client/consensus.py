"""Consensus of several readers who draw one structure blindly."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rinkaku_client.masks import Mask, decode_mask, encode_mask
from rinkaku_client.shapes import Revision
from rinkaku_client.transport import Transport

Method = Literal["staple", "majority"]


class Consensuses:
    """Begun, closed, decided and adopted by who may review; drawn and handed in by the readers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, study_id: str) -> Iterator[dict[str, Any]]:
        """The tasks of a study, newest first."""
        return self._transport.pages(f"/studies/{study_id}/consensus")

    def get(self, consensus_id: str) -> dict[str, Any]:
        """A task: its `state` (open, closed, ready), and who of the `readers` has finished."""
        found: dict[str, Any] = self._transport.json("GET", f"/consensus/{consensus_id}")
        return found

    def start(
        self,
        study_id: str,
        series_id: str,
        structure: str,
        readers: Sequence[str],
        *,
        despite_contours: bool = False,
    ) -> dict[str, Any]:
        """Let members (ids) draw a structure blindly; Conflict when contours of that name are visible."""
        body = {
            "series_id": series_id, "structure": structure, "readers": list(readers),
            "despite_contours": despite_contours,
        }  # fmt: skip
        made: dict[str, Any] = self._transport.json("POST", f"/studies/{study_id}/consensus", json=body)
        return made

    def hand_in(self, task: dict[str, Any], mask_kji: Mask, seconds: float = 0.0) -> dict[str, Any]:
        """One's own contour as draft, handed in; an empty mask says that there is nothing to draw."""
        draft = {"base": 0, "mask": base64.b64encode(encode_mask(mask_kji)).decode(), "seconds": seconds}
        self._transport.json("PUT", f"/structures/{task['structure_id']}/draft", json=draft)
        done: dict[str, Any] = self._transport.json(
            "POST", f"/consensus/{task['id']}/finish", json={"empty": not mask_kji.any()}
        )
        return done

    def close(self, consensus_id: str, without: Sequence[str] = ()) -> dict[str, Any]:
        """End the reading; `without` are the ids of exactly those who have not handed in."""
        body = {"without": list(without)}
        done: dict[str, Any] = self._transport.json("POST", f"/consensus/{consensus_id}/close", json=body)
        return done

    def results(self, consensus_id: str) -> dict[str, Any]:
        """`agreement` (pairs, readers, kappa), `staple` and the `regions` of disagreement, largest first."""
        found: dict[str, Any] = self._transport.json("GET", f"/consensus/{consensus_id}/results")
        return found

    def preview(self, consensus_id: str, method: Method = "staple") -> Mask:
        """The mask (k, j, i) as it would be adopted now."""
        path = f"/consensus/{consensus_id}/preview"
        return decode_mask(self._transport.send("GET", path, params={"method": method}).content)

    def decide(self, consensus_id: str, region: int, take: bool | None) -> dict[str, Any]:
        """Take a region in, leave it out, or (None) let the method decide."""
        path = f"/consensus/{consensus_id}/regions/{region}"
        done: dict[str, Any] = self._transport.json("PUT", path, json={"take": take})
        return done

    def adopt(self, consensus_id: str, method: Method, base: int = 0) -> Revision:
        """The consensus as a revision of its structure, made from the head `base`; StaleRevision else."""
        headers = {"If-Match": f'"{base}"'}
        path = f"/consensus/{consensus_id}/adopt"
        made: Revision = self._transport.json("POST", path, json={"method": method}, headers=headers)
        return made
