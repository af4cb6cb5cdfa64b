"""Protocol templates: the data files in `protocols/`, read and checked once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from backend.dose.errors import NoSuchProtocol
from backend.dose.schemas import Protocol

FOLDER = Path(__file__).parent / "protocols"


@cache
def protocols() -> dict[str, Protocol]:
    """All protocols by id, in the order of their ids; a file that is not one stops the reading."""
    found = [Protocol.model_validate_json(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))]
    return {protocol.id: protocol for protocol in found}


def protocol_of(protocol_id: str) -> Protocol:
    """A protocol; NoSuchProtocol names those there are."""
    found = protocols().get(protocol_id)
    if found is None:
        raise NoSuchProtocol("no protocol of this id is installed", installed=sorted(protocols()))
    return found
