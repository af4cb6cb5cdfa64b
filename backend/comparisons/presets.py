"""The architectures that can be compared: `presets.json` beside this file, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from backend.comparisons.schemas import Preset


@cache
def presets() -> dict[str, Preset]:
    """The presets by name, in the order of the file."""
    read = TypeAdapter(list[Preset]).validate_json((Path(__file__).parent / "presets.json").read_bytes())
    return {preset.name: preset for preset in read}
