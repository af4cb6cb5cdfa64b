"""How a structure is derived from others, as data: an operand, then steps that change what is there so far.

An operand is a structure, which may be derived itself, or an isodose; a margin of its own is applied to it
before it is used.  Lengths are millimetres, sides are the patient's.  Nothing here knows a mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from rt.morphology import LONGEST_MM

SIDES = ("left", "right", "anterior", "posterior", "superior", "inferior")
MOST_STEPS = 20

Id = Annotated[str, Field(min_length=1, max_length=36)]
Mm = Annotated[float, Field(ge=0, le=LONGEST_MM, allow_inf_nan=False)]
Gy = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of an expression; fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Margin(Part):
    """Millimetres by which each side of the patient is moved out (grow) or in (shrink)."""

    direction: Literal["grow", "shrink"]
    left: Mm
    right: Mm
    anterior: Mm
    posterior: Mm
    superior: Mm
    inferior: Mm


class DoseLevel(Part):
    """A dose in gray."""

    unit: Literal["Gy"]
    value: Gy


class PercentLevel(Part):
    """A share of a prescribed dose."""

    unit: Literal["%"]
    value: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
    prescription_gy: Gy


class StructureOperand(Part):
    """The newest revision of a structure of the study."""

    kind: Literal["structure"]
    structure_id: Id
    margin: Margin | None = None


class IsodoseOperand(Part):
    """What gets at least a dose."""

    kind: Literal["isodose"]
    dose_series_id: Id
    level: Annotated[DoseLevel | PercentLevel, Field(discriminator="unit")]
    margin: Margin | None = None


Operand = Annotated[StructureOperand | IsodoseOperand, Field(discriminator="kind")]


class MarginStep(Part):
    """Grow or shrink what is there so far."""

    kind: Literal["margin"]
    margin: Margin


class CombineStep(Part):
    """Unite what is there so far with an operand, intersect it, or take the operand away from it."""

    kind: Literal["union", "intersect", "subtract"]
    operand: Operand


class CropStep(Part):
    """Keep what lies farther than a distance outside an operand, or deeper than it inside."""

    kind: Literal["crop"]
    keep: Literal["outside", "inside"]
    operand: Operand
    mm: Mm


Step = Annotated[MarginStep | CombineStep | CropStep, Field(discriminator="kind")]


class Expression(Part):
    """What a structure is derived from, and how."""

    first: Operand
    steps: Annotated[list[Step], Field(max_length=MOST_STEPS)] = []


def operands(expression: Expression) -> Iterator[StructureOperand | IsodoseOperand]:
    """All operands in the order of their use."""
    yield expression.first
    for step in expression.steps:
        if not isinstance(step, MarginStep):
            yield step.operand


def structure_ids(expression: Expression) -> list[str]:
    """Structures that it is derived from, each once."""
    named = (one.structure_id for one in operands(expression) if isinstance(one, StructureOperand))
    return list(dict.fromkeys(named))


def dose_series_ids(expression: Expression) -> list[str]:
    """Doses that it is derived from, each once."""
    named = (one.dose_series_id for one in operands(expression) if isinstance(one, IsodoseOperand))
    return list(dict.fromkeys(named))


def level_gy(level: DoseLevel | PercentLevel) -> float:
    """The level in gray."""
    match level:
        case DoseLevel():
            return level.value
        case PercentLevel():
            return level.value / 100 * level.prescription_gy
    assert_never(level)


def in_words(expression: Expression, names: Mapping[str, str]) -> str:
    """The expression as an English sentence; `names` are those of the structures by id."""
    said = [_operand_in_words(expression.first, names)]
    said += [_step_in_words(step, names) for step in expression.steps]
    return ", ".join(said)


def _step_in_words(step: MarginStep | CombineStep | CropStep, names: Mapping[str, str]) -> str:
    if isinstance(step, MarginStep):
        return f"then {_margin_in_words(step.margin)}"
    operand = _operand_in_words(step.operand, names)
    if isinstance(step, CropStep):
        return f"more than {step.mm:g} mm {step.keep} {operand}" if step.mm else f"{step.keep} {operand}"
    verbs = {"union": "united with", "intersect": "intersected with", "subtract": "without"}
    return f"{verbs[step.kind]} {operand}"


def _operand_in_words(operand: StructureOperand | IsodoseOperand, names: Mapping[str, str]) -> str:
    match operand:
        case StructureOperand():
            said = names.get(operand.structure_id, "a deleted structure")
        case IsodoseOperand(level=PercentLevel() as level):
            said = f"isodose {level.value:g} % of {level.prescription_gy:g} Gy"
        case IsodoseOperand(level=level):
            said = f"isodose {level.value:g} Gy"
    return said if operand.margin is None else f"{said} {_margin_in_words(operand.margin)}"


def _margin_in_words(margin: Margin) -> str:
    verb = {"grow": "grown by", "shrink": "shrunk by"}[margin.direction]
    mm = {side: getattr(margin, side) for side in SIDES}
    if len(set(mm.values())) == 1:
        return f"{verb} {margin.left:g} mm"
    return f"{verb} " + " ".join(f"{side[0].upper()} {value:g}" for side, value in mm.items()) + " mm"
