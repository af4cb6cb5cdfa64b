"""What a running job may say: its stage and lines of its log, each by a slug with values, and in English.

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
    "entry": "{entry}: begins",
    "entry-iteration": "{entry}: iteration {n}, loss {loss}",
    "entry-measuring": "{entry}: measuring patient {n} of {total}",
    "evaluation": "Evaluating scan {n} of {total}",
    "verifying": "Checking {n} of {total}",
    "converting": "Converting the network",
    "case": "Case {n} of {total}",
    "computing": "Computing",
    "figures": "Drawing figures",
    "fold": "Fold {n} of {total}: network {member} of {members} is trained",
}
"""The sentence of each stage."""
LOG_LINES: dict[str, str] = {
    "drawing": "{network} v{version} on {device}, {slices} slices of {rows} × {columns} voxels",
    "unsigned": "nobody of this project signed {network} v{version} off",
    "gpu-full": "the GPU is full: {n} windows at once from here",
    "gpu-left": "the GPU is full even for one window: the processor draws",
    "peer-said": "{problem}",
    "region-not-found": "the network's region is not in this scan: nothing is offered",
    "another-series": "another series of the study suits better and is drawn on",
    "training": "{train} scans train, {watched} are watched, {iterations} iterations",
    "unwatched": "no scan is watched: nothing but the loss shows how the training goes",
    "rehearsing": "rehearsing also on {n} scans that nobody corrected",
    "evaluating": "evaluating on {n} locked test scans",
    "in-use-unmeasured": "{network} v{version}, which is in use, could not be measured: {problem}",
    "comparing": "{entries} ways to draw are compared: {train} scans train, {measured} are measured",
    "entry-done": "{entry}: mean Dice {dice}",
    "entry-kept": "{entry}: done before, kept",
    "entry-failed": "{entry} failed: {problem}",
    "analysing": "{patients} patients are analysed: {train} to learn from, {test} to test on",
    "missing": "missing: {sha256}, named by {rows}",
    "altered": "altered: {sha256}, named by {rows}",
    "error": "{name} at",
    "place": "  {file}:{line} {function}",
}
"""The sentence of each line of a log."""


class Report(Protocol):
    """Tells how far a job is, 0 to 1, and at which stage."""

    def __call__(self, fraction: float, stage: str | None = None, **values: Value) -> None:
        """Tell it."""


def sentence(stage: str, values: dict[str, Value]) -> str:
    """The stage in English, for those who read the API or the database."""
    return STAGES[stage].format(**values)


def log_line(slug: str, values: dict[str, Value]) -> str:
    """The line in English."""
    return LOG_LINES[slug].format(**values)
