"""Structure sets: contours as bool arrays on the image's grid, saved as revisions that overwrite nothing."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rinkaku_client.geometry import Geometry
from rinkaku_client.masks import Mask, decode_mask, encode_mask
from rinkaku_client.problems import BadAnswer, BadMask, NoVolume
from rinkaku_client.shapes import Revision, Structure, StructureSet
from rinkaku_client.transport import Transport

TOOL = "script"
"""What revisions saved from here name as their tool."""
Operation = Literal["grow", "shrink", "smooth", "fill-holes", "remove-islands", "interpolate"]


@dataclass(frozen=True)
class Contour:
    """The newest revision of a structure."""

    structure: Structure
    mask_kji: Mask
    geometry: Geometry
    revision: int
    """What a save made from it is based on."""

    @property
    def volume_cc(self) -> float:
        """Voxels times their volume."""
        return int(self.mask_kji.sum()) * self.geometry.voxel_mm3 / 1000.0


class Structures:
    """What is drawn on a study."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, set_id: str) -> StructureSet:
        """A structure set with its structures."""
        found: StructureSet = self._transport.json("GET", f"/structure-sets/{set_id}")
        return found

    def geometry(self, structure_set: StructureSet) -> Geometry:
        """The grid that the masks of a set are on: that of its image series."""
        study = self._transport.json("GET", f"/studies/{structure_set['study_id']}")
        for series in study["series"]:
            if series["id"] == structure_set["series_id"] and series["volume"] is not None:
                return Geometry.from_json(series["volume"]["grid"])
        raise NoVolume(f"the images of structure set {structure_set['id']} have no volume")

    def contours(self, set_id: str) -> dict[str, Contour]:
        """All that is drawn in a set, by the structures' names; those without a revision are left out."""
        found = self.get(set_id)
        geometry = self.geometry(found)
        return {
            one["name"]: Contour(
                one, self._mask(one["id"], head["number"], geometry.shape_kji), geometry, head["number"]
            )
            for one in found["structures"]
            if (head := one["head"]) is not None
        }

    def mask(self, structure_id: str, number: int) -> Mask:
        """The mask (k, j, i) of a revision, on the grid of its series."""
        return self._mask(structure_id, number, None)

    def _mask(self, structure_id: str, number: int, shape_kji: tuple[int, int, int] | None) -> Mask:
        answer = self._transport.send("GET", f"/structures/{structure_id}/revisions/{number}/mask")
        try:
            return decode_mask(answer.content, shape_kji)
        except BadMask as error:
            raise BadAnswer(f"revision {number} of structure {structure_id}: {error}") from error

    def revisions(self, structure_id: str) -> Iterator[Revision]:
        """A structure's history, newest first."""
        return self._transport.pages(f"/structures/{structure_id}/revisions")

    def create_set(self, study_id: str, series_id: str, label: str) -> StructureSet:
        """An empty set to draw in."""
        body = {"series_id": series_id, "label": label}
        made: StructureSet = self._transport.json("POST", f"/studies/{study_id}/structure-sets", json=body)
        return made

    def create(self, set_id: str, name: str, **look: str) -> Structure:
        """A structure to draw; `colour` and `kind` are those of the project's template where not given."""
        body = {"name": name, **look}
        made: Structure = self._transport.json("POST", f"/structure-sets/{set_id}/structures", json=body)
        return made

    def derive(self, set_id: str, name: str, expression: dict[str, Any], **look: str) -> Structure:
        """A structure that is computed from others, and again whenever they change.

        `expression` is `{"first": operand, "steps": [step, …]}`: margins in mm, union, intersect, subtract,
        crops and isodoses, as in the API's contracts.
        """
        body = {"name": name, "expression": expression, **look}
        path = f"/structure-sets/{set_id}/derived-structures"
        made: Structure = self._transport.json("POST", path, json=body)
        return made

    def change_derivation(self, structure_id: str, expression: dict[str, Any], base: int) -> Structure:
        """Another derivation, computed at once; StaleRevision when `base` is not the newest."""
        path, headers = f"/structures/{structure_id}/derivation", {"If-Match": f'"{base}"'}
        body = {"expression": expression}
        done: Structure = self._transport.json("PUT", path, json=body, headers=headers)
        return done

    def recompute(self, structure_id: str, base: int) -> Structure:
        """A derived structure from its sources as they are now; StaleRevision as of `change_derivation`."""
        path, headers = f"/structures/{structure_id}/derivation/recompute", {"If-Match": f'"{base}"'}
        done: Structure = self._transport.json("POST", path, headers=headers)
        return done

    def remove_derivation(self, structure_id: str) -> None:
        """The structure stays as it is and follows nothing any more."""
        self._transport.send("DELETE", f"/structures/{structure_id}/derivation")

    def change(self, structure_id: str, **changed: str) -> Structure:
        """Another `name` or `colour`."""
        done: Structure = self._transport.json("PATCH", f"/structures/{structure_id}", json=changed)
        return done

    def delete(self, structure_id: str) -> None:
        """Delete a structure that was never approved."""
        self._transport.send("DELETE", f"/structures/{structure_id}")

    def save(
        self, structure_id: str, mask_kji: Mask, base: int, *, reason: str = "script", seconds: float = 0.0
    ) -> Revision:
        """Save a contour made from revision `base` (0: the first); StaleRevision when it is not the newest.

        An empty mask declares that the structure is absent.
        """
        body = {
            "mask": base64.b64encode(encode_mask(mask_kji)).decode(),
            "reason": reason,
            "tool": TOOL,
            "seconds": seconds,
            "empty": not mask_kji.any(),
        }
        headers = {"If-Match": f'"{base}"', "Idempotency-Key": uuid.uuid4().hex}
        path = f"/structures/{structure_id}/revisions"
        saved: Revision = self._transport.json("POST", path, json=body, headers=headers, repeatable=True)
        return saved

    def restore(self, structure_id: str, number: int, base: int) -> Revision:
        """Revision `number` as the newest one; StaleRevision when `base` is not the newest."""
        path, headers = f"/structures/{structure_id}/revisions/{number}/restore", {"If-Match": f'"{base}"'}
        saved: Revision = self._transport.json("POST", path, headers=headers)
        return saved

    def assess(self, structure_id: str, assessment: Literal["none", "accepted", "rejected"]) -> Structure:
        """What one thinks of a network's contour; rejecting appends an empty revision."""
        body = {"assessment": assessment}
        done: Structure = self._transport.json("PUT", f"/structures/{structure_id}/assessment", json=body)
        return done

    def operate(self, set_id: str, operation: Operation, mask_kji: Mask, **numbers: float) -> Mask:
        """The server's geometry on a mask (`mm`, `keep` or `min_cc` as the operation asks); saves nothing."""
        body: dict[str, Any] = {
            "operation": operation,
            "mask": base64.b64encode(encode_mask(mask_kji)).decode(),
            **numbers,
        }
        done = self._transport.json("POST", f"/structure-sets/{set_id}/operations", json=body)
        shape_kji = (mask_kji.shape[0], mask_kji.shape[1], mask_kji.shape[2])
        return decode_mask(base64.b64decode(done["mask"]), shape_kji)
