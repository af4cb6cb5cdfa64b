"""How far each feature can be trusted: ICC over the patients of a set, by what the contours differ in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.tables import Extraction, FeatureRow
from rt.errors import IccUndefined
from rt.radiomics import icc


def agreement(session: Session, rows: Sequence[FeatureRow]) -> dict[str, dict[str, list[float]]]:
    """{kind: {feature: [ICC, lower, upper limit]}} of what else was extracted; undefined ones are left out.

    Contours disturbed and readers are others for each patient, ICC(1,1); network and person are the same two,
    ICC(2,1).  Patients count who have the feature for as many contours as the fewest of them have.
    """
    done = [one for one in rows if one.extraction_id]
    ids = {one.extraction_id for one in done if one.extraction_id}
    ids |= {other for one in done for others in one.others.values() for other in others}
    extracted = repository.extractions(session, ids)
    found: dict[str, dict[str, list[float]]] = {}
    for kind in sorted({kind for one in done for kind, others in one.others.items() if others}):
        rated = [[one.extraction_id, *one.others[kind]] for one in done if one.others.get(kind)]
        contours = min(len(ratings) for ratings in rated)
        table = [[extracted[one] for one in ratings[:contours] if one in extracted] for ratings in rated]
        found[kind] = _by_feature(kind, [ratings for ratings in table if len(ratings) == contours])
    return {kind: by_name for kind, by_name in found.items() if by_name}


def _by_feature(kind: str, table: list[list[Extraction]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for ratings in table for name in ratings[0].values)
    by_name: dict[str, list[float]] = {}
    for name in names:
        values = [[one.values[name] for one in ratings] for ratings in table if _have(ratings, name)]
        try:
            found = icc(np.asarray(values, dtype=np.float64).T)
        except IccUndefined:
            continue
        one = found.icc2 if kind == "ai" else found.icc1
        if np.isfinite([one.value, one.low, one.high]).all():
            by_name[name] = [one.value, one.low, one.high]
    return by_name


def _have(ratings: list[Extraction], name: str) -> bool:
    return all(name in one.values for one in ratings)
