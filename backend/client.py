"""A client for scripts: the whole loop from a CT on disk to a promoted network, over the API's HTTP.

    with Client("https://rinkaku.example", token) as rinkaku:
        project = rinkaku.projects()[0]
        studies = rinkaku.import_files(project["id"], [Path("ct.zip")])["studies"]

It imports httpx and `rt` only, nothing of the server.  What the API refuses is raised as `Problem`.  Answers
are the API's JSON, typed as far as scripts need it (docs/contracts.md names every field).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, Self, TypedDict

import httpx

from rt.masks import HEADER, Mask, decode_mask, encode_mask

POLL_S = 1.0
"""Seconds between two looks at a job."""
ENDED = frozenset({"succeeded", "failed", "cancelled"})
OCTETS = {"Content-Type": "application/octet-stream"}
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Project(TypedDict):
    """A project of the caller."""

    id: str
    slug: str
    name: str
    role: str


class StudyRow(TypedDict):
    """A line of the worklist."""

    id: str
    study_instance_uid: str
    patient_id: str
    patient_name: str
    state: str
    ai: str
    imported_at: str


class Series(TypedDict):
    """A series; `volume` is None until its geometry is known to be one grid."""

    id: str
    series_instance_uid: str
    modality: str
    volume: dict[str, Any] | None


class StructureSetRow(TypedDict):
    """A structure set in a study."""

    id: str
    series_id: str
    label: str
    origin: Literal["ai", "import", "manual"]


class Study(StudyRow):
    """A study with what is in it."""

    series: list[Series]
    structure_sets: list[StructureSetRow]


class Revision(TypedDict):
    """One delineation; `number` is what the next save is based on."""

    number: int
    volume_cc: float
    sha256: str
    parent: int


class Structure(TypedDict):
    """A structure with its newest revision."""

    id: str
    name: str
    state: Literal["draft", "submitted", "approved", "returned"]
    head: Revision | None


class StructureSet(StructureSetRow):
    """A structure set with its structures."""

    study_id: str
    structures: list[Structure]


class FileOutcome(TypedDict):
    """What became of a file or of a member of a zip."""

    name: str
    outcome: Literal["stored", "duplicate", "refused"]
    slug: str | None
    detail: str | None


class Imported(TypedDict):
    """What became of an import."""

    studies: list[str]
    stored: int
    duplicate: int
    refused: int
    refusals: list[FileOutcome]
    files: list[FileOutcome]
    """As they were answered one by one; `refusals` is the last word."""


class Job(TypedDict):
    """Work that the server does later."""

    id: str
    kind: str
    state: JobState
    progress: float
    message: str
    study_id: str | None
    error: dict[str, str] | None
    result: dict[str, Any] | None


class NetworkVersion(TypedDict):
    """One set of weights."""

    id: str
    name: str
    version: int
    structures: list[str]


class Network(TypedDict):
    """A network with its versions, newest first."""

    name: str
    versions: list[NetworkVersion]


class Snapshot(TypedDict):
    """A frozen dataset."""

    id: str
    name: str
    hash: str
    cases: dict[str, int]
    structures: list[str]


class Training(TypedDict):
    """How long and how fast to learn; the server's defaults where nothing is said."""

    iterations: NotRequired[int]
    learning_rate: NotRequired[float]


class Run(TypedDict):
    """A training and what came of it."""

    id: str
    state: JobState
    job: Job
    version: NetworkVersion | None
    evaluation: list[dict[str, Any]] | None


class Deployment(TypedDict):
    """A version in use, or once in use, in a project."""

    network: str
    version: NetworkVersion
    active: bool


class Problem(Exception):
    """A refusal of the API (RFC 9457): stable slug, sentence, HTTP status, and further members."""

    def __init__(self, status: int, members: dict[str, Any]) -> None:
        self.status = status
        self.slug = str(members.get("type", "")).rpartition("/")[2] or "http-error"
        self.detail = str(members.get("detail", ""))
        self.members = members
        super().__init__(f"{status} {self.slug}: {self.detail}")


class Client:
    """One person's connection, by API token (`rinkaku token create`)."""

    def __init__(self, url: str, token: str, timeout_s: float = 60.0) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api", headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def projects(self) -> list[Project]:
        """The caller's projects."""
        return list(self._pages("/projects"))

    def worklist(self, project_id: str, **filters: str) -> Iterator[StudyRow]:
        """Studies of a project, newest first; filters as in the API (`q`, `state`, `ai`, …)."""
        return self._pages(f"/projects/{project_id}/studies", **filters)

    def study(self, study_id: str) -> Study:
        """A study with its series and structure sets."""
        found: Study = self._json("GET", f"/studies/{study_id}")
        return found

    def import_files(self, project_id: str, paths: Iterable[Path]) -> Imported:
        """Send DICOM files or zips; what was refused is named in `refusals`, nothing is raised for it."""
        batch = self._json("POST", f"/projects/{project_id}/imports")["id"]
        files: list[FileOutcome] = []
        for path in paths:
            with path.open("rb") as stream:
                sent = self._json(
                    "PUT", f"/imports/{batch}/files",
                    params={"name": path.name}, content=stream, headers=OCTETS,
                )  # fmt: skip
            files += sent["files"]
        done: Imported = self._json("POST", f"/imports/{batch}/complete") | {"files": files}
        return done

    def jobs(self, **filters: str) -> Iterator[Job]:
        """Jobs of the caller's projects, newest first; filters `state`, `kind`, `study_id`."""
        return self._pages("/jobs", **filters)

    def wait_for_jobs(self, job_ids: Sequence[str], timeout_s: float = 3600.0) -> list[Job]:
        """The jobs once all have ended, however they ended; TimeoutError when that takes too long."""
        deadline = time.monotonic() + timeout_s
        ended: list[Job] = []
        for job_id in job_ids:
            while (job := self._job(job_id))["state"] not in ENDED:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"job {job_id} ({job['kind']}) is still {job['state']}")
                time.sleep(POLL_S)
            ended.append(job)
        return ended

    def wait_for_job(self, job_id: str, timeout_s: float = 3600.0) -> Job:
        """The job once it has ended."""
        return self.wait_for_jobs([job_id], timeout_s)[0]

    def _job(self, job_id: str) -> Job:
        job: Job = self._json("GET", f"/jobs/{job_id}")
        return job

    def presegment(self, study_id: str) -> Job:
        """Let the project's network draw on a study."""
        job: Job = self._json("POST", f"/studies/{study_id}/presegment", json={})
        return job

    def structure_set(self, set_id: str) -> StructureSet:
        """A structure set with its structures."""
        found: StructureSet = self._json("GET", f"/structure-sets/{set_id}")
        return found

    def create_structure_set(self, study_id: str, series_id: str, label: str) -> StructureSet:
        """An empty set to draw in."""
        body = {"series_id": series_id, "label": label}
        made: StructureSet = self._json("POST", f"/studies/{study_id}/structure-sets", json=body)
        return made

    def create_structure(self, set_id: str, name: str) -> Structure:
        """A structure to draw; colour and kind come from the project's template."""
        made: Structure = self._json("POST", f"/structure-sets/{set_id}/structures", json={"name": name})
        return made

    def mask(self, structure_id: str, number: int) -> Mask:
        """The mask (k, j, i) of a revision, on the grid of its series."""
        data = self._send("GET", f"/structures/{structure_id}/revisions/{number}/mask").content
        k, j, i = HEADER.unpack_from(data)[1:4]
        return decode_mask(data, (k, j, i))

    def save_revision(
        self, structure_id: str, mask_kji: Mask, base: int, *, reason: str = "script", seconds: float = 0.0
    ) -> Revision:
        """Save a contour made from revision `base` (0 for the first); Problem 412 when it is not the head."""
        body = {
            "mask": base64.b64encode(encode_mask(mask_kji)).decode(),
            "reason": reason,
            "tool": "script",
            "seconds": seconds,
            "empty": not mask_kji.any(),
        }
        path, if_match = f"/structures/{structure_id}/revisions", {"If-Match": f'"{base}"'}
        saved: Revision = self._json("POST", path, json=body, headers=if_match)
        return saved

    def submit(self, set_id: str, comment: str = "") -> StructureSet:
        """Ask for review of all that is not submitted or approved."""
        return self._review(set_id, "submit", comment)

    def approve(self, set_id: str, comment: str = "") -> StructureSet:
        """Sign all submitted structures; refused for one's own work."""
        return self._review(set_id, "approve", comment)

    def send_back(self, set_id: str, comment: str) -> StructureSet:
        """Return all submitted structures with a comment."""
        return self._review(set_id, "return", comment)

    def _review(self, set_id: str, act: str, comment: str) -> StructureSet:
        done: StructureSet = self._json("POST", f"/structure-sets/{set_id}/{act}", json={"comment": comment})
        return done

    def export(
        self, set_id: str, form: Literal["rtstruct", "seg", "nifti"], profile: str = "generic"
    ) -> bytes:
        """A structure set as a DICOM file, or a zip of NIfTI masks."""
        return self._send(
            "GET", f"/structure-sets/{set_id}/export", params={"format": form, "profile": profile}
        ).content

    def networks(self) -> list[Network]:
        """Networks that the caller may use."""
        return list(self._pages("/networks"))

    def freeze_snapshot(
        self, project_id: str, name: str, *, test_fraction: float = 0.25, validation_fraction: float = 0.15
    ) -> Snapshot:
        """Freeze the approved revisions of a project as a dataset."""
        body = {"name": name, "test_fraction": test_fraction, "validation_fraction": validation_fraction}
        made: Snapshot = self._json("POST", f"/projects/{project_id}/snapshots", json=body)
        return made

    def start_run(
        self, project_id: str, snapshot_id: str, base_version_id: str, training: Training | None = None
    ) -> Run:
        """Train a new version on a snapshot; wait for `run["job"]["id"]`, then look with `run()`."""
        body = {"snapshot_id": snapshot_id, "base_version_id": base_version_id, **(training or {})}
        started: Run = self._json("POST", f"/projects/{project_id}/runs", json=body)
        return started

    def run(self, run_id: str) -> Run:
        """A training with its evaluation."""
        found: Run = self._json("GET", f"/runs/{run_id}")
        return found

    def promote(self, project_id: str, version_id: str) -> Deployment:
        """Use a version in the project."""
        body = {"version_id": version_id}
        made: Deployment = self._json("POST", f"/projects/{project_id}/deployments", json=body)
        return made

    def rollback(self, project_id: str, network: str) -> Deployment:
        """Go back to the version that was in use before."""
        body = {"network": network}
        made: Deployment = self._json("POST", f"/projects/{project_id}/deployments/rollback", json=body)
        return made

    def _pages(self, path: str, **query: str) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self._json("GET", path, params=query | ({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _json(self, method: str, path: str, **options: Any) -> Any:
        return self._send(method, path, **options).json()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._http.request(method, path, **options)
        if answer.is_success:
            return answer
        is_problem = "application/problem+json" in answer.headers.get("content-type", "")
        raise Problem(answer.status_code, answer.json() if is_problem else {})
