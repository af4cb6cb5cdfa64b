"""Whether a trained version may be used: held against the version that the project uses when it is asked.

A run measures its new version beside the one that it began from and, where another is in use, beside that
one too; each row of its evaluation names the version whose figures it holds (`against`).  What is in use may
change afterwards: figures against another version then decide nothing, and the comparison is offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.training.schemas import Comparison, EvaluationRow
from backend.training.tables import NetworkVersion, Run


@dataclass(frozen=True)
class Standing:
    """A version beside the one in use."""

    comparison: Comparison
    against: str | None
    """Id of the version whose figures stand in `rows` beside the new one's."""
    rows: list[EvaluationRow]

    @property
    def held(self) -> list[str]:
        """Structures that it draws surely worse than the version in use, by more than the margin."""
        if self.comparison != "compared":
            return []
        return [row.structure for row in self.rows if row.holds_back]


def stand(run: Run, in_use: NetworkVersion | None) -> Standing:
    """How what the run made stands beside the version in use; the base's rows where that is not compared."""
    rows = evaluation_of(run)
    if in_use is None:
        comparison: Comparison = "nothing-in-use"
    elif in_use.id == run.version_id:
        comparison = "in-use"
    else:
        comparison = "compared" if any(row.against == in_use.id for row in rows) else "not-compared"
    against = in_use.id if in_use is not None and comparison == "compared" else run.base_version_id
    return Standing(comparison, against, [row for row in rows if row.against == against])


def evaluation_of(run: Run) -> list[EvaluationRow]:
    """All rows of the run; one that does not say against what it was measured is against the base."""
    return [
        EvaluationRow.model_validate({"against": run.base_version_id} | row) for row in run.evaluation or []
    ]
