"""Entity tags (RFC 9110 §8.8.3): the version a client has seen, quoted."""

from __future__ import annotations

import re

from backend.kit.errors import InvalidInput, PreconditionRequired


def etag(version: str | int) -> str:
    """A strong entity tag for a version."""
    return f'"{version}"'


def required_version(if_match: str | None) -> str:
    """The version named in If-Match, without its quotes.

    Raises
    ------
    PreconditionRequired
        When the header is missing.
    InvalidInput
        When it is not one strong entity tag.
    """
    if if_match is None:
        raise PreconditionRequired("name the version you changed in If-Match")
    found = re.fullmatch(r'"([^"\s]{1,64})"', if_match.strip())
    if found is None:
        raise InvalidInput("If-Match is not one quoted entity tag", field="If-Match")
    return found[1]


def matches(if_none_match: str | None, version: str | int) -> bool:
    """True when the client already has this version, so that 304 is the answer."""
    if if_none_match is None:
        return False
    offered = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in offered or etag(version) in offered
