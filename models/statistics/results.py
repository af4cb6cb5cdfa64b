"""Results are plain JSON: what is not finite is refused where it arises, and here at the latest."""

from __future__ import annotations

import json
from typing import Any

from models.statistics.errors import NotConverged


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """The result with lists for tuples; NotConverged, with the name, where a number is not finite."""
    try:
        read: dict[str, Any] = json.loads(json.dumps(result, allow_nan=False))
    except ValueError as error:
        raise NotConverged("a number of the result is not finite", where=_not_finite(result, "")) from error
    return read


def _not_finite(value: Any, name: str) -> str | None:
    if isinstance(value, float) and not abs(value) < float("inf"):
        return name
    inside = value.items() if isinstance(value, dict) else enumerate(value) if _is_list(value) else ()
    for key, one in inside:
        found = _not_finite(one, f"{name}.{key}".lstrip("."))
        if found is not None:
            return found
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
