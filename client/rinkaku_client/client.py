"""One person's connection to a Rinkaku server."""

from __future__ import annotations

from typing import Self

from rinkaku_client.analyses import Analyses
from rinkaku_client.cohorts import Cohorts
from rinkaku_client.consensus import Consensuses
from rinkaku_client.doses import Doses
from rinkaku_client.exports import Exports
from rinkaku_client.features import FeatureSets
from rinkaku_client.imports import Imports
from rinkaku_client.jobs import Jobs
from rinkaku_client.projects import Projects
from rinkaku_client.readings import ReaderStudies
from rinkaku_client.reviews import Reviews
from rinkaku_client.structures import Structures
from rinkaku_client.studies import Studies
from rinkaku_client.training import Trainings
from rinkaku_client.transport import Transport


class Client:
    """The API, by what it is about: `projects`, `studies`, `structures`, `reviews`, `jobs`, `imports`, …

    `token` is one of `rinkaku token create` or of the account's page; `url` is where the pages are.  What
    passes (the line, a server that restarts) is tried again `retries` times where that does nothing twice.
    One client serves one thread at a time.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = 60.0, retries: int = 3) -> None:
        self._transport = Transport(url, token, timeout_s, retries)
        self.projects = Projects(self._transport)
        self.studies = Studies(self._transport)
        self.structures = Structures(self._transport)
        self.reviews = Reviews(self._transport)
        self.jobs = Jobs(self._transport)
        self.imports = Imports(self._transport)
        self.exports = Exports(self._transport)
        self.doses = Doses(self._transport)
        self.training = Trainings(self._transport)
        self.cohorts = Cohorts(self._transport)
        self.features = FeatureSets(self._transport)
        self.analyses = Analyses(self._transport)
        self.consensus = Consensuses(self._transport)
        self.readings = ReaderStudies(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._transport.close()
