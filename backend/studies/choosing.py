"""Which series of a study a network draws on when nobody names one.

Of CTs the one with most slices; of MR what `rt.mr_series` prefers.  A series that is still to be assembled
counts, so that a quick T2 does not get the contours meant for the T1 that comes a moment later.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.studies.tables import Instance, Series
from rt.body_region import header_region
from rt.geometry import Grid
from rt.mr_series import Acquisition, MrSeries, choose

BRAIN = "brain"
"""The region of a project's rule that is held against what headers say."""


def says_another_region(series: Series, region: str) -> bool:
    """Whether the headers of a series say that it shows no brain where a rule wants one."""
    return region == BRAIN and header_region(series.body_part, series.description) == "other"


def series_to_draw(session: Session, study_id: str, modality: str) -> Series | None:
    """The series of this modality to draw on, perhaps one without a volume yet; None where none is fit."""
    found = session.scalars(
        select(Series).where(Series.study_row_id == study_id, Series.modality == modality).order_by(Series.id)
    ).all()
    present = [one for one in found if one.volume is not None or not one.warnings]
    if modality != "MR":
        return max((one for one in present if one.volume is not None), key=_slices, default=None)
    by_id = {one.id: one for one in present}
    head = [one for one in present if not says_another_region(one, BRAIN)] or present
    chosen = choose([_described(session, one) for one in head])
    return None if chosen is None else by_id[chosen.id]


def _slices(series: Series) -> int:
    return int((series.volume or {})["grid"]["shape_kji"][0])


def _described(session: Session, series: Series) -> MrSeries:
    of_series = select(Instance.geometry).where(Instance.series_row_id == series.id)
    geometry: dict[str, Any] = session.scalars(of_series.order_by(Instance.id).limit(1)).first() or {}
    count = session.scalar(
        select(func.count()).select_from(Instance).where(Instance.series_row_id == series.id)
    )
    headers = geometry.get("slices", [])
    grid = Grid.from_json(series.volume["grid"]) if series.volume is not None else None
    return MrSeries(
        id=series.id,
        description=series.description,
        image_type=tuple(headers[0]["image_type"]) if headers else (),
        acquisition=Acquisition(**geometry.get("acquisition", {})),
        slices=grid.shape_kji[0] if grid is not None else (count or 0) * max(1, len(headers)),
        extent_mm=None if grid is None else _extent(grid),
        number=series.number or 0,
    )


def _extent(grid: Grid) -> tuple[float, float, float]:
    i, j, k = (n * mm for n, mm in zip(grid.shape_kji[::-1], grid.spacing_ijk_mm, strict=True))
    return (i, j, k)
