"""Doses, histograms and plan objectives.  The voxels of a dose are those of its series (`Studies.volume`)."""

from __future__ import annotations

from collections.abc import Sequence

from rinkaku_client.shapes_dose import Dose, Dvh, ObjectiveResult, Protocol, TreatmentPlan
from rinkaku_client.transport import Transport


class Doses:
    """What a plan gives to what is drawn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, study_id: str) -> Sequence[Dose]:
        """The dose distributions of a study."""
        return [*self._transport.json("GET", f"/studies/{study_id}/doses")["items"]]

    def plans(self, study_id: str) -> Sequence[TreatmentPlan]:
        """The treatment plans of a study, each with the doses that were computed for it."""
        return [*self._transport.json("GET", f"/studies/{study_id}/plans")["items"]]

    def dvh(self, structure_id: str, number: int, dose_series_id: str, metrics: Sequence[str] = ()) -> Dvh:
        """The histogram of a revision in a dose; metrics as `mean`, `D95`, `D0.03cc`, `V20Gy`, `V20Gycc`.

        Slices still as they were imported count by what their contours enclose, others by their voxels.
        """
        query = {"dose_series_id": dose_series_id} | ({"metrics": ",".join(metrics)} if metrics else {})
        path = f"/structures/{structure_id}/revisions/{number}/dvh"
        found: Dvh = self._transport.json("GET", path, params=query)
        return found

    def protocols(self) -> Sequence[Protocol]:
        """The templates of plan objectives that the server knows."""
        return [*self._transport.json("GET", "/dose/protocols")["items"]]

    def objectives(self, set_id: str, protocol: str, dose_series_id: str) -> Sequence[ObjectiveResult]:
        """A protocol's objectives for the newest revisions of a set."""
        query = {"protocol": protocol, "dose_series_id": dose_series_id}
        card = self._transport.json("GET", f"/structure-sets/{set_id}/objectives", params=query)
        return [*card["items"]]
