"""Structure sets and training sets as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from rinkaku_client.shapes import Job, TrainingSet
from rinkaku_client.transport import OnProgress, Transport

Form = Literal["rtstruct", "seg", "nifti"]


class Exports:
    """The way out; files are streamed, and appear under their name when they are whole."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def save(
        self,
        set_id: str,
        form: Form,
        target: Path | str,
        *,
        profile: str = "generic",
        progress: OnProgress | None = None,
    ) -> Path:
        """A structure set as a DICOM file, or a zip of NIfTI masks; into a folder under the server's name."""
        query = {"format": form, "profile": profile}
        path = f"/structure-sets/{set_id}/export"
        return self._transport.download(path, query, Path(target), progress)

    def report(
        self, set_id: str, form: Literal["rtstruct", "seg"], profile: str = "generic"
    ) -> dict[str, Any]:
        """What the file says when it is read again: volume, Dice, Hausdorff distance of each structure."""
        query = {"format": form, "profile": profile}
        said: dict[str, Any] = self._transport.json(
            "GET", f"/structure-sets/{set_id}/export/report", params=query
        )
        return said

    def profiles(self) -> list[dict[str, Any]]:
        """The systems that an RTSTRUCT can be written for."""
        return [*self._transport.pages("/export-profiles")]

    def request_training_set(self, project_id: str, wanted: TrainingSet) -> Job:
        """The job that writes the project's cases as one zip."""
        job: Job = self._transport.json("POST", f"/projects/{project_id}/exports", json=wanted)
        return job

    def save_training_set(self, job_id: str, target: Path | str, progress: OnProgress | None = None) -> Path:
        """The zip of a job that has succeeded; into a folder under the server's name."""
        return self._transport.download(f"/exports/{job_id}/file", {}, Path(target), progress)
