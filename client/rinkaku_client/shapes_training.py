"""The API's JSON of networks, frozen datasets, trainings and what corrections cost."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from rinkaku_client.shapes import Job, JobState


class NetworkVersion(TypedDict):
    """One set of weights."""

    id: str
    name: str
    version: int
    origin: Literal["shipped", "trained"]
    modality: Literal["CT", "MR"]
    structures: list[str]
    by_rule: dict[str, Literal["sided", "placed"]]
    card_markdown: str
    sha256: str
    metrics: dict[str, Any]
    run_id: str | None
    created_at: str


class Network(TypedDict):
    """A network with its versions, newest first."""

    name: str
    title: str
    versions: list[NetworkVersion]


class Snapshot(TypedDict):
    """A frozen dataset."""

    id: str
    name: str
    hash: str
    cases: dict[str, int]
    structures: list[str]
    created_at: str


class SnapshotCase(TypedDict):
    """A patient of a frozen dataset; None where he was deleted since."""

    split: Literal["train", "validation", "test"]
    study_id: str | None
    patient_id: str | None
    patient_name: str | None
    structures: list[str]
    sets: list[dict[str, Any]]


class Training(TypedDict):
    """How long and how fast to learn; the server's defaults where nothing is said."""

    iterations: NotRequired[int]
    learning_rate: NotRequired[float]
    rehearsal: NotRequired[float]


class Run(TypedDict):
    """A training and what came of it."""

    id: str
    state: JobState
    job: Job
    snapshot: Snapshot
    base_version: NetworkVersion
    version: NetworkVersion | None
    curves: list[dict[str, Any]]
    evaluation: list[dict[str, Any]] | None
    in_use: NetworkVersion | None
    comparison: Literal["compared", "not-compared", "in-use", "nothing-in-use"] | None
    comparing: Job | None
    created_at: str


class Deployment(TypedDict):
    """A version in use, or once in use, in a project."""

    network: str
    version: NetworkVersion
    promoted_by: str | None
    promoted_at: str
    active: bool


class EffortRow(TypedDict):
    """What it cost on average to get from a network's contour to the approved one."""

    network_version: str
    structure: str
    n: int
    rejected: int
    added_path_length_mm: float | None
    surface_dice: float | None
    dice: float | None
    seconds: float | None
    slices: float | None
