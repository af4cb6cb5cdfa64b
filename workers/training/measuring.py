"""Versions measured on the locked patients of a snapshot, one beside the other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from backend.kit.storage import storage
from backend.training.tables import NetworkVersion
from models.evaluation import Score, compare, evaluate
from models.registry.network import Network, NetworkManifest, load_network
from rt.manifest import DatasetManifest
from workers.runtime import JobContext


@dataclass
class Measuring:
    """The scans that test, and how far it is with them."""

    context: JobContext
    dataset: DatasetManifest
    networks: int
    """How many are measured in all."""
    begun: float = 0.8
    """Share of the job that was done before."""
    done: int = 0

    def scores(self, network: Network) -> list[Score]:
        """Scores of one network on all of them."""
        return evaluate(network, self.dataset, self.dataset.split("test"), self._report)

    def _report(self, case: str) -> None:
        self.done += 1
        self.context.check_cancelled()
        total = self.networks * len(self.dataset.split("test"))
        share = (0.98 - self.begun) * self.done / total
        self.context.progress(self.begun + share, "evaluation", n=self.done, total=total)


def loaded(version: NetworkVersion) -> Network:
    """The network of a version; RtError where its weights or manifest cannot be used."""
    return load_network(NetworkManifest.from_json(version.manifest), storage().get(version.weights_sha256))


def rows_against(version: NetworkVersion, before: list[Score], after: list[Score]) -> list[dict[str, Any]]:
    """The comparison as a run keeps it: each row names the version that it is against."""
    return [asdict(row) | {"against": version.id} for row in compare(before, after)]
