"""Draw a network's structures on an image series, check what was drawn, and offer it as revisions.

A structure that a person has touched is never drawn over: the network's proposal is for contours that are
still its own or not there yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.kit.storage import storage
from backend.labels import service as labels
from backend.studies import service as studies
from backend.studies.tables import Series, Study
from backend.training import gains, networks, registry
from backend.training.service import DEFAULT_NETWORKS
from backend.training.tables import NetworkVersion
from backend.webhooks import service as webhooks
from models.inference.plausibility import Finding, shows_region
from models.inference.segment import segment
from models.registry.network import Network, NetworkManifest, load_network
from rt.errors import RtError
from rt.geometry import Grid
from workers.arriving import WAIT_S, is_unchanged, wait_for_volume
from workers.runtime import JobContext, job


class NoNetwork(RtError):
    """No network is there to draw with."""

    slug = "no-network"


class WrongModality(RtError):
    """A network that was asked to draw on images that it does not read."""

    slug = "wrong-modality"


@dataclass(frozen=True)
class _Task:
    series: Series
    study: Study
    version: NetworkVersion
    signed: bool
    """Somebody of the project signed the version off."""


@job("presegment", queue="gpu")
def presegment(context: JobContext) -> dict[str, Any]:
    """Append one revision per structure found; the result says what was drawn, kept and doubted."""
    with context.session(read_only=True) as session:
        task = _task(session, context.parameters)
        left = _left_alone(session, task.series, context.parameters)
    if left is not None:
        return _nothing_drawn(context, left)
    if task.series.volume is None:
        return wait_for_volume(context, task.series)
    image, grid = studies.load_volume(task.series)
    network = _ready_network(context, task, grid)

    def report(fraction: float, stage: str, structure: str) -> None:
        context.progress(0.95 * fraction, stage, name=structure)

    def fallen_back(batch: int) -> None:
        context.log("gpu-full", n=batch) if batch else context.log("gpu-left")

    drawn = segment(network, image, grid, report, fallen_back)
    context.check_cancelled()
    if not shows_region(drawn.masks, drawn.findings, grid, network.manifest):
        return _nothing_drawn(context, "region-not-found")
    result: dict[str, Any] = {"findings": [asdict(finding) for finding in drawn.findings]}
    ready = labels.store_drawn(task.series, drawn.masks)
    with context.finishing(result) as session:
        if is_unchanged(session, task.series):
            result |= _offer(session, task, ready, drawn.findings)
            if drawn.outlook is not None:
                gains.keep(session, task.series, task.version, drawn.outlook)
                gains.rank(session, task.study.project_id)
        else:
            result |= {"drawn": [], "kept": [], "reason": "images-changed"}
            context.again(session, WAIT_S)
    return result


def _ready_network(context: JobContext, task: _Task, grid: Grid) -> Network:
    """The network on its device; the log says what draws on what, and whether nobody signed it off."""
    manifest = NetworkManifest.from_json(task.version.manifest)
    network = load_network(manifest, storage().get(task.version.weights_sha256))
    slices, rows, columns = grid.shape_kji
    context.log(
        "drawing", network=manifest.name, version=manifest.version, device=network.device.type,
        slices=slices, rows=rows, columns=columns,
    )  # fmt: skip
    if not task.signed:
        context.log("unsigned", network=manifest.name, version=manifest.version)
    return network


def _left_alone(session: Session, series: Series, parameters: dict[str, Any]) -> str | None:
    """Why a project's rule, which names a region, does not draw on this series after all."""
    region = parameters.get("region")
    if region is None:
        return None
    if series.modality == "MR":
        best = studies.series_to_draw(session, series.study_row_id, "MR")
        if best is not None and best.id != series.id:
            return "another-series"
    return "region-not-found" if studies.says_another_region(series, region) else None


def _nothing_drawn(context: JobContext, reason: str) -> dict[str, Any]:
    context.log(reason)
    return {"drawn": [], "kept": [], "findings": [], "reason": reason}


def _task(session: Session, parameters: dict[str, Any]) -> _Task:
    series = session.get_one(Series, parameters["series_id"])
    study = session.get_one(Study, series.study_row_id)
    wanted = parameters.get("network_version_id")
    if wanted is not None:
        version: NetworkVersion | None = networks.usable_version(session, study.project_id, wanted)
    else:
        name = parameters.get("network") or DEFAULT_NETWORKS.get(series.modality, "")
        version = networks.version_in_use(session, study.project_id, name)
    if version is None:
        raise NoNetwork("no version of the wanted network is installed")
    if networks.modality_of(version) != series.modality:
        raise WrongModality(f"{version.name} reads {networks.modality_of(version)}, not {series.modality}")
    return _Task(series, study, version, registry.is_signed(session, study.project_id, version.id))


def _offer(
    session: Session, task: _Task, ready: Mapping[str, labels.Drawn], findings: Sequence[Finding]
) -> dict[str, list[str]]:
    structure_set = labels.working_set(session, task.series)
    author = labels.Network(task.version.id, task.version.name, task.version.version)
    offered: dict[str, list[str]] = {"drawn": [], "kept": []}
    for name, drawn in ready.items():
        structure = labels.ensure_structure(session, structure_set, labels.NewStructure(name))
        if labels.is_touched(session, structure):
            offered["kept"].append(name)
            continue
        doubts = [_warning(f) for f in findings if f.structure == name]
        new = labels.NewRevision(
            drawn.on(structure.head),
            structure.head,
            network=author,
            reason=f"drawn by {author.name} v{author.number}",
            tool="network",
            plausibility=doubts,
        )
        labels.append_revision(session, structure, new)
        offered["drawn"].append(name)
    labels.refresh_study(session, task.study.id)
    if offered["drawn"]:
        _tell(session, task, structure_set.id, offered["drawn"])
    return offered


def _tell(session: Session, task: _Task, set_id: str, drawn: list[str]) -> None:
    data = {
        "study_id": task.study.id,
        "study_instance_uid": task.study.study_instance_uid,
        "series_instance_uid": task.series.series_instance_uid,
        "structure_set_id": set_id,
        "structures": drawn,
        "network": {"name": task.version.name, "version": task.version.version},
    }
    webhooks.emit(session, task.study.project_id, "contours.ready", set_id, data)


def _warning(finding: Finding) -> dict[str, Any]:
    said = {name: value for name, value in asdict(finding).items() if name != "structure"}
    return {**said, "severity": "warning"}
