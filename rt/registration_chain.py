"""The way from one frame of reference to another over several registrations.

A registration links every two of the frames that it names.  Of all ways the shortest counts, of several as
short the one whose oldest registration is the newest; of several registrations between two frames the newest.
A chain leads over no frame of a device or an atlas (PS3.6 Table A-2): two registrations to one may be of
different positions of the patient, "any calculations assuming transitivity via the Well-known Frame of
Reference must be performed with great care" (PS3.3 C.20.2.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rt.registration import RigidTransform

WELL_KNOWN = "1.2.840.10008.1.4."
"""What the UIDs of frames of reference that are nobody's patient begin with."""

Linked = Mapping[str, RigidTransform]
"""Of one registration: from each frame that it names into one of them."""


@dataclass(frozen=True)
class Step:
    """One registration of a chain."""

    number: int
    """Of the registration in the list that was given."""
    source: str
    target: str


@dataclass(frozen=True)
class Chain:
    """How points of one frame come into another."""

    steps: tuple[Step, ...]
    transform: RigidTransform
    others: tuple[RigidTransform, ...]
    """What older registrations of the same frames say, and other ways that are as short."""


@dataclass(frozen=True)
class _Way:
    """The best way from the start to a frame."""

    oldest: int
    steps: tuple[Step, ...]

    @property
    def rank(self) -> tuple[int, tuple[int, ...]]:
        """The smaller, the newer."""
        return self.oldest, tuple(step.number for step in self.steps)


def find_chain(registrations: Sequence[Linked], source: str, target: str) -> Chain | None:
    """The shortest chain between two frames, of registrations given newest first; None without a link."""
    if not source or not target or source == target:
        return None
    there = _ways(registrations, source)
    if target not in there:
        return None
    way = there[target]
    others = (
        *_of_older(registrations, way.steps),
        *_of_detours(registrations, there, _ways(registrations, target), way),
    )
    return Chain(way.steps, _composed(registrations, way.steps), others)


def _ways(registrations: Sequence[Linked], start: str) -> dict[str, _Way]:
    """The best way to each frame that can be reached, layer by layer."""
    found, layer = {start: _Way(-1, ())}, [start]
    while layer:
        reached: dict[str, _Way] = {}
        for number, linked in enumerate(registrations):
            before = [found[frame] for frame in layer if frame in linked and _leads_on(frame, start)]
            if not before:
                continue
            best = min(before, key=lambda way: way.rank)
            at = best.steps[-1].target if best.steps else start
            for frame in linked:
                if frame in found:
                    continue
                way = _Way(max(best.oldest, number), (*best.steps, Step(number, at, frame)))
                if frame not in reached or way.rank < reached[frame].rank:
                    reached[frame] = way
        found |= reached
        layer = sorted(reached)
    return found


def _leads_on(frame: str, start: str) -> bool:
    return frame == start or not frame.startswith(WELL_KNOWN)


def _of_older(registrations: Sequence[Linked], steps: tuple[Step, ...]) -> Iterator[RigidTransform]:
    """The chain with one of its registrations replaced by each other one of the same two frames."""
    for place, step in enumerate(steps):
        for number, linked in enumerate(registrations):
            if number != step.number and step.source in linked and step.target in linked:
                other = Step(number, step.source, step.target)
                yield _composed(registrations, (*steps[:place], other, *steps[place + 1 :]))


def _of_detours(
    registrations: Sequence[Linked], there: Mapping[str, _Way], back: Mapping[str, _Way], way: _Way
) -> Iterator[RigidTransform]:
    """As short ways over other frames."""
    passed = {step.target for step in way.steps}
    for frame in sorted(there.keys() & back.keys() - passed):
        first, second = there[frame].steps, back[frame].steps
        if first and len(first) + len(second) == len(way.steps):
            yield _composed(registrations, second).inverse().after(_composed(registrations, first))


def _composed(registrations: Sequence[Linked], steps: Sequence[Step]) -> RigidTransform:
    composed = RigidTransform.identity()
    for step in steps:
        linked = registrations[step.number]
        composed = linked[step.target].inverse().after(linked[step.source]).after(composed)
    return composed
