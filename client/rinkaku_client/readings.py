"""Reader studies: designed, read, analysed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rinkaku_client.analyses import AnalysisFailed
from rinkaku_client.jobs import Jobs
from rinkaku_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd


class ReaderStudies:
    """The reader studies of a project; a place is (project id, reader study id)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._jobs = Jobs(transport)

    def list(self, project_id: str) -> Iterator[dict[str, Any]]:
        """Reader studies without their truth, newest first."""
        return self._transport.pages(f"/projects/{project_id}/reader-studies")

    def create(self, project_id: str, design: Mapping[str, Any]) -> dict[str, Any]:
        """A draft; the design is `{name, conditions, washout_days, seed, readers: [{user_id, level}]}`."""
        return self._json("POST", f"/projects/{project_id}/reader-studies", dict(design))

    def design(self, place: tuple[str, str]) -> dict[str, Any]:
        """The design with its truth, how far readers are, and attempts to break the blinding."""
        return self._json("GET", f"{_path(place)}/design")

    def change(self, place: tuple[str, str], design: Mapping[str, Any]) -> dict[str, Any]:
        """Another design of a draft."""
        return self._json("PUT", _path(place), dict(design))

    def set_cases(self, place: tuple[str, str], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The cases of a draft: `{study_id, series_id, positive, lesions, candidates}` each."""
        return self._json("PUT", f"{_path(place)}/cases", {"cases": [dict(one) for one in cases]})

    def set_candidates(self, place: tuple[str, str], csv: str | Path) -> dict[str, Any]:
        """The AI's marks, from a file or text `study_id,x_mm,y_mm,z_mm,confidence`."""
        text = csv.read_text("utf-8") if isinstance(csv, Path) else csv
        return self._json("PUT", f"{_path(place)}/candidates", {"csv": text})

    def open(self, place: tuple[str, str]) -> dict[str, Any]:
        """Fix the design and deal out the readings."""
        return self._json("POST", f"{_path(place)}/open")

    def close(self, place: tuple[str, str]) -> dict[str, Any]:
        """End reading."""
        return self._json("POST", f"{_path(place)}/close")

    def delete(self, place: tuple[str, str]) -> None:
        """Forget a study with its readings and analyses."""
        self._transport.send("DELETE", _path(place))

    def mine(self, place: tuple[str, str]) -> dict[str, Any]:
        """Where you stand as a reader, and your `next` or `open` case."""
        return self._json("GET", f"{_path(place)}/mine")

    def open_reading(self, place: tuple[str, str], reading_id: str) -> dict[str, Any]:
        """Start the clock of your next case, or go on after a pause."""
        return self._json("POST", f"{_path(place)}/readings/{reading_id}/open")

    def candidates(self, place: tuple[str, str], reading_id: str) -> Sequence[dict[str, Any]]:
        """The AI's marks of an open case that is read with AI."""
        return [*self._json("GET", f"{_path(place)}/readings/{reading_id}/candidates")["items"]]

    def save_reading(
        self, place: tuple[str, str], reading_id: str, seen: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Keep `{confidence, marks: [{position_mm, confidence}]}` so far."""
        return self._json("PUT", f"{_path(place)}/readings/{reading_id}", dict(seen))

    def pause_reading(self, place: tuple[str, str], reading_id: str) -> dict[str, Any]:
        """Stop the clock."""
        return self._json("POST", f"{_path(place)}/readings/{reading_id}/pause")

    def finish_reading(
        self, place: tuple[str, str], reading_id: str, seen: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Your last word on a case."""
        return self._json("POST", f"{_path(place)}/readings/{reading_id}/finish", dict(seen))

    def analyse(
        self, place: tuple[str, str], config: Mapping[str, Any] | None = None, timeout_s: float = 600.0
    ) -> dict[str, Any]:
        """Freeze what is finished and analyse it; AnalysisFailed says why that cannot be."""
        begun = self._json("POST", f"{_path(place)}/analyses", dict(config or {}))
        job = self._jobs.wait(begun["job"]["id"], timeout_s)
        if job["state"] != "succeeded":
            error = job["error"] or {"slug": job["state"], "detail": f"the job was {job['state']}"}
            raise AnalysisFailed(error["slug"], error["detail"])
        return self.analysis(place, begun["id"])

    def analyses(self, place: tuple[str, str]) -> Iterator[dict[str, Any]]:
        """Analyses without what they found, newest first."""
        return self._transport.pages(f"{_path(place)}/analyses")

    def analysis(self, place: tuple[str, str], analysis_id: str) -> dict[str, Any]:
        """An analysis with its `results`, `methods`, `figures` and `tables`."""
        return self._json("GET", f"{_path(place)}/analyses/{analysis_id}")

    def figure(self, place: tuple[str, str], analysis_id: str, name: str, form: str = "pdf") -> bytes:
        """One of its `figures` as PDF or SVG."""
        path = f"{_path(place)}/analyses/{analysis_id}/figures/{name}"
        return bytes(self._transport.read(path, {"format": form}, None))

    def table(self, place: tuple[str, str], analysis_id: str, name: str) -> pd.DataFrame:
        """One of its `tables`."""
        import pandas as pd

        path = f"{_path(place)}/analyses/{analysis_id}/tables/{name}"
        return pd.read_csv(io.BytesIO(self._transport.send("GET", path).content))

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        sent = {} if body is None else {"json": body}
        found: dict[str, Any] = self._transport.json(method, path, **sent)
        return found


def _path(place: tuple[str, str]) -> str:
    return f"/projects/{place[0]}/reader-studies/{place[1]}"
