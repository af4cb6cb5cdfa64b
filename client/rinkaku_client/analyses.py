"""Analyses of cohorts: asked for, waited for, read as pandas, and asked about new patients."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from rinkaku_client.geometry import Geometry
from rinkaku_client.jobs import Jobs
from rinkaku_client.problems import RinkakuError
from rinkaku_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd


class AnalysisFailed(RinkakuError):
    """The job of an analysis or of a prediction did not succeed; `slug` says why, for programs."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug, self.detail = slug, detail


@dataclass(frozen=True)
class Asked:
    """What is asked of a cohort."""

    name: str
    kind: Literal["subtypes", "survival", "outcome", "outcome-network"]
    config: Mapping[str, Any]
    """As in docs/analyses.md; what is not said has the server's default."""
    feature_sets: Sequence[str] = ()
    """Ids of those whose features it sees."""


class Analyses:
    """The analyses of a cohort; a place is (project id, cohort id)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._jobs = Jobs(transport)

    def list(self, place: tuple[str, str]) -> Iterator[dict[str, Any]]:
        """Analyses without what they found, newest first."""
        return self._transport.pages(_path(place))

    def get(self, place: tuple[str, str], analysis_id: str) -> dict[str, Any]:
        """An analysis with its `results`, `warnings`, `versions`, and who has changed since (`stale`)."""
        found: dict[str, Any] = self._transport.json("GET", f"{_path(place)}/{analysis_id}")
        return found

    def start(self, place: tuple[str, str], asked: Asked) -> dict[str, Any]:
        """Freeze the cohort as it is now and queue the analysis."""
        body: dict[str, Any] = {"name": asked.name, "kind": asked.kind, "config": dict(asked.config)}
        body["feature_sets"] = [*asked.feature_sets]
        made: dict[str, Any] = self._transport.json("POST", _path(place), json=body)
        return made

    def rerun(self, place: tuple[str, str], analysis_id: str) -> dict[str, Any]:
        """The same question to the cohort as it is now: another analysis."""
        made: dict[str, Any] = self._transport.json("POST", f"{_path(place)}/{analysis_id}/rerun")
        return made

    def delete(self, place: tuple[str, str], analysis_id: str) -> None:
        """Forget an analysis with its predictions."""
        self._transport.send("DELETE", f"{_path(place)}/{analysis_id}")

    def wait(
        self, place: tuple[str, str], begun: Mapping[str, Any], timeout_s: float = 3600.0
    ) -> dict[str, Any]:
        """The analysis once it is done; AnalysisFailed says why it is not, TimeoutError after too long."""
        self._done(begun, timeout_s)
        return self.get(place, begun["id"])

    def table(self, place: tuple[str, str], analysis_id: str, name: str) -> pd.DataFrame:
        """One of its `tables`."""
        import pandas as pd

        answer = self._transport.send("GET", f"{_path(place)}/{analysis_id}/tables/{name}")
        return pd.read_csv(io.BytesIO(answer.content))

    def predict(
        self, place: tuple[str, str], analysis_id: str, patient_id: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What it says of a patient from whom it has not learnt, once it has; AnalysisFailed."""
        path = f"{_path(place)}/{analysis_id}/predictions"
        asked = self._transport.json("POST", path, json={"patient_id": patient_id, "values": dict(values)})
        self._done(asked, 600.0)
        found: dict[str, Any] = next(one for one in self._transport.pages(path) if one["id"] == asked["id"])
        return found

    def predictions(self, place: tuple[str, str], analysis_id: str) -> Iterator[dict[str, Any]]:
        """What it was asked of patients, newest first."""
        return self._transport.pages(f"{_path(place)}/{analysis_id}/predictions")

    def maps(self, place: tuple[str, str], analysis_id: str) -> Sequence[dict[str, Any]]:
        """Maps over patients' images: whose there are, and on which series they lie."""
        return [*self._transport.json("GET", f"{_path(place)}/{analysis_id}/maps")["items"]]

    def map(
        self, place: tuple[str, str], analysis_id: str, of: Mapping[str, Any], geometry: Geometry
    ) -> npt.NDArray[np.float32]:
        """The voxels (k, j, i) of one of `maps`, in its `range`; `geometry` is that of its series."""
        path = f"{_path(place)}/{analysis_id}/maps/{quote(of['patient_id'], safe='')}"
        data = self._transport.read(path, {"kind": of["kind"]}, None)
        voxels: npt.NDArray[np.float32] = np.frombuffer(data, "<f4").reshape(geometry.shape_kji)
        return voxels

    def _done(self, begun: Mapping[str, Any], timeout_s: float) -> None:
        job = self._jobs.wait(begun["job"]["id"], timeout_s)
        if job["state"] != "succeeded":
            error = job["error"] or {"slug": job["state"], "detail": f"the job was {job['state']}"}
            raise AnalysisFailed(error["slug"], error["detail"])


def _path(place: tuple[str, str]) -> str:
    return f"/projects/{place[0]}/cohorts/{place[1]}/analyses"
