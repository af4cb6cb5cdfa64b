"""Feature sets of cohorts: radiomics and dosiomics computed on the server, as pandas."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from rinkaku_client.jobs import ENDED, Jobs
from rinkaku_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """Features of one structure on one kind of image."""

    name: str
    structure: str
    """As it is or was called, or the TG-263 name of it."""
    modality: Literal["CT", "MR", "PT", "RTDOSE"]
    """Of the images that it is drawn on; RTDOSE: the dose on the grid of those images."""
    source: Literal["approved", "latest", "ai"] = "approved"
    preset: str | None = None
    """One of `presets`, or else `settings`."""
    settings: dict[str, Any] | None = None
    perturbations: int = 0
    """Contours disturbed at random a patient, for the ICC."""


class FeatureSets:
    """The feature sets of a cohort; a place is (project id, cohort id)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._jobs = Jobs(transport)

    def presets(self) -> Sequence[dict[str, Any]]:
        """Settings that the server knows: `name`, `settings`."""
        return [*self._transport.json("GET", "/radiomics-presets")["items"]]

    def list(self, place: tuple[str, str]) -> Iterator[dict[str, Any]]:
        """Feature sets, newest first."""
        return self._transport.pages(_path(place))

    def get(self, place: tuple[str, str], set_id: str) -> dict[str, Any]:
        """A feature set with whom it `failed` for, and whose contour changed since (`stale`)."""
        found: dict[str, Any] = self._transport.json("GET", f"{_path(place)}/{set_id}")
        return found

    def compute(self, place: tuple[str, str], wanted: Wanted) -> dict[str, Any]:
        """Queue the features of every patient of the cohort."""
        made: dict[str, Any] = self._transport.json("POST", _path(place), json=asdict(wanted))
        return made

    def recompute(self, place: tuple[str, str], set_id: str) -> dict[str, Any]:
        """Compute again for those only who are stale, failed or new."""
        done: dict[str, Any] = self._transport.json("POST", f"{_path(place)}/{set_id}/recompute")
        return done

    def delete(self, place: tuple[str, str], set_id: str) -> None:
        """Forget a feature set that is not being computed."""
        self._transport.send("DELETE", f"{_path(place)}/{set_id}")

    def wait(self, place: tuple[str, str], set_id: str, timeout_s: float = 36000.0) -> dict[str, Any]:
        """The feature set once none of its jobs waits or runs; TimeoutError after too long.

        `waiting` is above 0 where its jobs were cancelled or failed, `failed` names who cannot be measured.
        """
        deadline = time.monotonic() + timeout_s
        while (found := self.get(place, set_id))["job"]["state"] not in ENDED:
            self._jobs.wait(found["job"]["id"], deadline - time.monotonic())
        return found

    def features(self, place: tuple[str, str], set_id: str) -> pd.DataFrame:
        """One row a feature: image, family, unit, patients without it, ICCs as `icc.KIND`."""
        import pandas as pd

        rows = []
        for one in self._transport.pages(f"{_path(place)}/{set_id}/features", {"limit": 200}):
            row = {name: one[name] for name in ("name", "image", "family", "unit", "missing")}
            rows.append(row | {f"icc.{kind}": value for kind, value in one["icc"].items()})
        return pd.DataFrame(rows)

    def values(self, place: tuple[str, str], set_id: str) -> pd.DataFrame:
        """One row a patient, by PatientID: structure and revision measured, then the features."""
        import pandas as pd

        answer = self._transport.send("GET", f"{_path(place)}/{set_id}/values")
        return pd.read_csv(io.BytesIO(answer.content), dtype={"patient_id": str}, index_col="patient_id")


def _path(place: tuple[str, str]) -> str:
    return f"/projects/{place[0]}/cohorts/{place[1]}/feature-sets"
