"""Networks, frozen datasets, trainings, promotion, and what corrections cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rinkaku_client.shapes import Job
from rinkaku_client.shapes_training import (
    Deployment,
    EffortRow,
    Network,
    Run,
    Snapshot,
    SnapshotCase,
    Training,
)
from rinkaku_client.transport import Transport


class Trainings:
    """From approved contours to a network in use."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def networks(self) -> list[Network]:
        """Networks that the caller may use."""
        return [*self._transport.pages("/networks")]

    def presegment(self, study_id: str, **chosen: str) -> Job:
        """Let the project's network draw on a study, or what `series_id`, `network_version_id` choose."""
        job: Job = self._transport.json("POST", f"/studies/{study_id}/presegment", json=chosen)
        return job

    def snapshots(self, project_id: str) -> Iterator[Snapshot]:
        """Frozen datasets, newest first."""
        return self._transport.pages(f"/projects/{project_id}/snapshots")

    def freeze(
        self, project_id: str, name: str, *, test_fraction: float = 0.25, validation_fraction: float = 0.15
    ) -> Snapshot:
        """Freeze the approved revisions of a project as a dataset."""
        body = {"name": name, "test_fraction": test_fraction, "validation_fraction": validation_fraction}
        made: Snapshot = self._transport.json("POST", f"/projects/{project_id}/snapshots", json=body)
        return made

    def cases(self, project_id: str, snapshot_id: str) -> Sequence[SnapshotCase]:
        """The patients of a frozen dataset."""
        return [*self._transport.pages(f"/projects/{project_id}/snapshots/{snapshot_id}/cases")]

    def runs(self, project_id: str) -> Iterator[Run]:
        """Trainings, newest first."""
        return self._transport.pages(f"/projects/{project_id}/runs")

    def run(self, run_id: str) -> Run:
        """A training with its curves and evaluation."""
        found: Run = self._transport.json("GET", f"/runs/{run_id}")
        return found

    def start(
        self, project_id: str, snapshot_id: str, base_version_id: str, training: Training | None = None
    ) -> Run:
        """Train a new version from an old one; its job is in `job`."""
        body = {"snapshot_id": snapshot_id, "base_version_id": base_version_id, **(training or {})}
        begun: Run = self._transport.json("POST", f"/projects/{project_id}/runs", json=body)
        return begun

    def deployments(self, project_id: str) -> Iterator[Deployment]:
        """Promotions, newest first."""
        return self._transport.pages(f"/projects/{project_id}/deployments")

    def promote(self, project_id: str, version_id: str, override_reason: str | None = None) -> Deployment:
        """Use a version in the project; one that is held back only with a reason, which is audited."""
        body = {"version_id": version_id}
        if override_reason is not None:
            body["override_reason"] = override_reason
        made: Deployment = self._transport.json("POST", f"/projects/{project_id}/deployments", json=body)
        return made

    def rollback(self, project_id: str, network: str) -> Deployment:
        """Go back to the version that was in use before."""
        path, body = f"/projects/{project_id}/deployments/rollback", {"network": network}
        made: Deployment = self._transport.json("POST", path, json=body)
        return made

    def effort(self, project_id: str) -> Iterator[EffortRow]:
        """What corrections cost, per network version and structure."""
        return self._transport.pages(f"/projects/{project_id}/effort")
