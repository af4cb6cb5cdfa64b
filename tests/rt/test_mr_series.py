"""Of the MR series of a study the one that a network for brains is to draw on."""

from __future__ import annotations

import dataclasses

import pytest

from rt.body_region import header_region
from rt.mr_series import Acquisition, MrSeries, choose, kind_of, names_agent, why_unfit

EXTENT = (230.0, 230.0, 160.0)


def series(description: str = "", slices: int = 30, **changes: object) -> MrSeries:
    plain = MrSeries(description, description, ("ORIGINAL", "PRIMARY", "M"), Acquisition(), slices, EXTENT)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("t1_mprage_sag_p2_iso_Gd", "t1-enhanced"), ("3D T1 +C", "t1-enhanced"),
        ("AX T1 POST", "t1-enhanced"),
        ("造影T1", "t1-enhanced"), ("T1 SE km", "t1-enhanced"), ("BRAVO CE", "t1-enhanced"),
        ("t1_mprage", "t1"), ("T1 pre contrast", "t1"), ("T1 without Gd", "t1"), ("造影前 T1", "t1"),
        ("T1 FLAIR", "t1"), ("T2 FLAIR", "flair"), ("t2_tirm_tra_dark-fluid", "flair"),
        ("t2_tse_tra", "t2"), ("SWI", "other"),
    ],
)  # fmt: skip
def test_words_tell_the_contrast(description: str, kind: str) -> None:
    assert kind_of(series(description)) == kind


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        (Acquisition(False, 500, 10), "t1"), (Acquisition(True, 500, 10), "t1-enhanced"),
        (Acquisition(True, 9000, 120, 2500), "flair"), (Acquisition(True, 4000, 100), "t2"),
        (Acquisition(), "other"),
    ],
)  # fmt: skip
def test_times_and_agent_tell_it_where_words_do_not(times: Acquisition, kind: str) -> None:
    assert kind_of(series("Axial", acquisition=times)) == kind


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (series("AAHScout"), "localizer"), (series("3-pl loc"), "localizer"),
        (series("T1", image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), "localizer"),
        (series("ep2d_diff_ADC"), "derived"), (series("T1 Gd SUB"), "derived"), (series("T1 MIP"), "derived"),
        (series("x", image_type=("DERIVED", "PRIMARY", "DIFFUSION", "ADC")), "derived"),
        (series("DWI b1000"), "diffusion"), (series("x", acquisition=Acquisition(b_value=1000)), "diffusion"),
        (series("TOF 3D"), "angiography"), (series("T1 Gd", slices=5), "few-slices"),
        (series("T1 Gd", extent_mm=(230.0, 230.0, 45.0)), "small-extent"),
        (series("T1 Gd MPR", image_type=("DERIVED", "SECONDARY", "MPR")), None), (series(), None),
    ],
)  # fmt: skip
def test_what_is_no_picture_of_a_whole_head_is_not_drawn_on(found: MrSeries, why: str | None) -> None:
    assert why_unfit(found) == why


def test_enhanced_t1_comes_first_and_among_equals_the_finest_as_measured() -> None:
    study = [
        series("loc", slices=5), series("T2", slices=200), series("FLAIR"), series("ADC"), series("DWI"),
        series("T1", slices=200), series("T1 Gd tra"), series("T1 Gd 3D", slices=180),
        series("T1 Gd 3D MPR", slices=220, image_type=("DERIVED", "SECONDARY")),
    ]  # fmt: skip
    order = []
    while (best := choose(study)) is not None:
        order.append(best.id)
        study.remove(best)
    assert order == ["T1 Gd 3D", "T1 Gd tra", "T1 Gd 3D MPR", "T1", "FLAIR", "T2"]


@pytest.mark.parametrize(
    ("value", "given"), [("Gadavist 7ml", True), ("None", False), ("", False), ("なし", False)]
)
def test_an_agent_that_says_no_is_none(value: str, given: bool) -> None:
    assert names_agent(value) is given


@pytest.mark.parametrize(
    ("body_part", "description", "region"),
    [
        ("BRAIN", "T1", "brain"), ("HEAD", "", "brain"), ("", "頭部 MRI", "brain"),
        ("", "T1_Brain_3D", "brain"),
        ("KNEE", "", "other"), ("LSPINE", "t2_tse_sag", "other"), ("", "骨盤", "other"),
        ("ABDOMEN", "Leber", "other"),
        ("ABDOMEN", "Brain T1", None), ("", "t1_mprage", None), ("NECK", "", None),
    ],
)  # fmt: skip
def test_headers_tell_the_region_or_leave_it_to_the_image(
    body_part: str, description: str, region: str | None
) -> None:
    assert header_region(body_part, description) == region
