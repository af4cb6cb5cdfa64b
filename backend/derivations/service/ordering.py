"""Which derived structure comes after which; one that would come after itself is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter

from sqlalchemy.orm import Session

from backend.derivations import repository
from backend.derivations.errors import DerivationCycle


def in_order(session: Session, study_id: str) -> list[str]:
    """Ids of the derived structures of a study, each after those that it is derived from."""
    derived = repository.derived_of_study(session, study_id)
    graph: dict[str, set[str]] = {structure_id: set() for structure_id in derived}
    for structure_id, source_id in repository.edges(session, study_id):
        if source_id in graph:
            graph[structure_id].add(source_id)
    return list(TopologicalSorter(graph).static_order())


def check_acyclic(session: Session, study_id: str, structure_id: str, source_ids: Collection[str]) -> None:
    """DerivationCycle when one of the sources is the structure itself, or derived from it."""
    sources: dict[str, list[str]] = {}
    for derived, source in repository.edges(session, study_id):
        sources.setdefault(derived, []).append(source)
    sources[structure_id] = list(source_ids)
    circle = _circle(structure_id, sources)
    if circle:
        names = repository.names(session, circle)
        path = " → ".join(names.get(one, one) for one in circle)
        raise DerivationCycle(f"it would be derived from itself: {path}", name=path, field="expression")


def _circle(start: str, sources: Mapping[str, Collection[str]]) -> list[str]:
    """A way along sources from a structure back to it; empty where there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for source in sources.get(way[-1], ()):
            if source == start:
                return [*way, start]
            if source not in seen:
                seen.add(source)
                ways.append([*way, source])
    return []
