"""What a running job may say about itself: a stage by its slug, with values, and the sentence in English.

The slug and the values are stored and sent, so that a page can say them in the reader's language.
"""

from __future__ import annotations

from typing import Protocol

Value = str | int | float
"""What a sentence is filled with: a name or a number."""

STAGES: dict[str, str] = {
    "assembling": "Putting the slices together",
    "body": "Body",
    "lungs": "Lungs",
    "bones": "Bones",
    "resampling": "Resampling",
    "network": "Network",
    "structure": "{name}",
    "scan": "Writing scan {n} of {total}",
    "loading": "Preparing scan {n} of {total}",
    "first-iterations": "The first iterations",
    "iteration": "Iteration {n}, loss {loss}",
    "evaluation": "Evaluating scan {n} of {total}",
    "verifying": "Checking {n} of {total}",
    "case": "Case {n} of {total}",
}
"""The sentence of each stage."""


class Report(Protocol):
    """Tells how far a job is, 0 to 1, and at which stage."""

    def __call__(self, fraction: float, stage: str | None = None, **values: Value) -> None:
        """Tell it."""


def sentence(stage: str, values: dict[str, Value]) -> str:
    """The stage in English, for those who read the API or the database."""
    return STAGES[stage].format(**values)
