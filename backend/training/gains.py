"""The worklist's order by expected gain: what each prediction said, made into a number for each study.

The formula is in `rt.acquisition`.  A worker keeps an outlook with each prediction; the studies of the
project are ranked anew then, and when an approved contour was measured, for a new correction makes those
like it less urgent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.studies.tables import Series
from backend.training import repository
from backend.training.tables import NetworkVersion, ScanOutlook
from rt.acquisition import Gain, Outlook, expected_gains


@dataclass(frozen=True)
class _Ranked:
    study_id: str
    outlook: Outlook


def keep(session: Session, series: Series, version: NetworkVersion, outlook: Outlook) -> None:
    """Keep what the version's look at the series says, in place of an earlier look."""
    row = session.get(ScanOutlook, series.id) or ScanOutlook(series_row_id=series.id)
    row.network, row.network_version_id = version.name, version.id
    row.expected_dice = dict(outlook.expected_dice)
    row.doubted = sorted(outlook.doubted)
    row.descriptor = list(outlook.descriptor)
    session.add(row)
    session.flush()


def rank(session: Session, project_id: str) -> None:
    """Give every study of the project its gain; none to those that are corrected or not predicted.

    Scans are ranked beside those that the same network looked at; of a study with several the highest counts.
    """
    corrected = repository.corrected_studies(session, project_id)
    groups: dict[tuple[str, int], list[_Ranked]] = defaultdict(list)
    for study_id, row in repository.outlooks(session, project_id):
        seen = Outlook(row.expected_dice, frozenset(row.doubted), tuple(row.descriptor))
        groups[row.network, len(seen.descriptor)].append(_Ranked(study_id, seen))
    best: dict[str, Gain] = {}
    for group in groups.values():
        done = [one.outlook.descriptor for one in group if one.study_id in corrected]
        open_ones = [one for one in group if one.study_id not in corrected]
        gains = expected_gains([one.outlook for one in open_ones], done)
        for one, gain in zip(open_ones, gains, strict=True):
            if one.study_id not in best or gain.value > best[one.study_id].value:
                best[one.study_id] = gain
    for study in repository.studies_of(session, project_id):
        found = best.get(study.id)
        study.expected_gain = -1.0 if found is None else round(found.value, 4)
        study.gain_reason = None if found is None else _said(found)


def _said(gain: Gain) -> dict[str, Any]:
    distance = None if gain.distance is None else round(gain.distance, 2)
    return {"reason": gain.reason, "structures": list(gain.structures), "distance": distance}
