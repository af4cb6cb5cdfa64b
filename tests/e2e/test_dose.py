"""A planned dose over the image: colour wash, isodose lines, and histograms that follow the brush."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy import ndimage
from sqlalchemy import select

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Structure, StructureSet
from backend.studies import service as studies
from backend.studies.tables import Series
from tests.e2e.conftest import PHANTOM, Person

pytestmark = pytest.mark.browser

ActorMaker = Callable[..., Actor]
ORGANS = ("Brainstem", "Parotid_L", "Parotid_R")
PLANES = ("axial", "sagittal", "coronal")


def coloured(page: Page, plane: str) -> int:
    """Pixels that the dose covers in a plane."""
    canvas = page.locator(f"[data-plane={plane}] canvas[data-layer=dose]")
    count = canvas.evaluate(
        """canvas => {
            const { width, height } = canvas;
            const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
            return pixels.filter((value, at) => at % 4 === 3 && value > 0).length;
        }"""
    )
    return int(count)


def wait_until(page: Page, reached: Callable[[], bool]) -> None:
    """Until a picture is drawn; views draw with the next frame."""
    for _ in range(100):
        if reached():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the picture never came")


def quantity(page: Page, curve: str, name: str) -> Locator:
    """A cell of the table beside the curves."""
    return page.locator(f'[data-curve="{curve}"] [data-quantity="{name}"]')


def mean_gy(study_id: str, name: str) -> float:
    """Mean dose of a saved structure, by SciPy on the stored volumes."""
    with session_scope(read_only=True) as session:
        of_study = select(Series).filter_by(study_row_id=study_id)
        _, image = studies.load_volume(session.scalars(of_study.filter_by(modality="CT")).one())
        dose, grid = studies.load_volume(session.scalars(of_study.filter_by(modality="RTDOSE")).one())
        mask = labels.head_mask(session, session.scalars(select(Structure).filter_by(name=name)).one(), image)
    voxels_ijk = np.argwhere(mask)[:, ::-1]
    places = grid.to_index(image.to_lps(voxels_ijk))[:, ::-1].T
    ends = np.array(dose.shape)[:, None] - 1
    inside = np.all((places > -0.5) & (places < ends + 0.5), axis=0)
    return float(ndimage.map_coordinates(dose, places[:, inside], order=1, mode="nearest").mean())


def of_study(study_id: str) -> tuple[str, str]:
    """Ids of its one structure set and of its dose."""
    with session_scope(read_only=True) as session:
        image = session.scalars(select(Series).filter_by(study_row_id=study_id, modality="CT")).one()
        dose = session.scalars(select(Series).filter_by(study_row_id=study_id, modality="RTDOSE")).one()
        structures = session.scalars(select(StructureSet).filter_by(series_row_id=image.id)).one()
        return structures.id, dose.id


@pytest.mark.timeout(600)
def test_dose_is_seen_in_all_planes_and_its_histograms_follow_the_brush(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    study_id = bring(1, ORGANS)
    person = sit_down(actor("clinician"))
    viewer, page = person.open_study(), person.page
    viewer.choose("Parotid_R")
    assert [coloured(page, plane) for plane in PLANES] == [0, 0, 0]
    prescribed = page.get_by_label("Prescribed dose in Gy")
    expect(prescribed).to_have_value("70")
    expect(page.get_by_test_id("dose-strip")).to_contain_text("plan SIB 70/56: 70 Gy")
    page.keyboard.press("Shift+D")
    legend = page.get_by_test_id("dose-legend")
    expect(legend).to_contain_text("% of the prescription")
    expect(legend.get_by_role("listitem").filter(has_text="95 %")).to_contain_text("66.5 Gy")
    prescribed.fill("")
    page.keyboard.press("Enter")
    expect(legend).to_contain_text("% of the maximum")
    wait_until(page, lambda: all(coloured(page, plane) > 1000 for plane in PLANES))
    washed = coloured(page, "axial")
    page.get_by_label("No colour wash below").fill("60")
    wait_until(page, lambda: 0 < coloured(page, "axial") < washed)
    page.keyboard.press("Shift+I")
    page.keyboard.press("Shift+D")
    wait_until(page, lambda: 100 < coloured(page, "axial") < washed)
    prescribed.fill("60")
    page.keyboard.press("Enter")
    expect(legend).to_contain_text("% of the prescription")
    expect(legend.get_by_role("listitem").filter(has_text="95 %")).to_contain_text("57.0 Gy")
    page.get_by_role("button", name="Isodoses").click()
    wait_until(page, lambda: coloured(page, "axial") == 0)
    expect(legend).to_have_count(0)

    page.get_by_role("button", name="DVH").click()
    for name in ORGANS:
        expect(quantity(page, f"{name} now", "Dmean")).to_have_text(f"{mean_gy(study_id, name):.2f}")
    expect(page.locator("[data-curve]")).to_have_count(len(ORGANS))
    chart = page.get_by_test_id("dvh-chart")
    expect(chart.locator("polyline")).to_have_count(len(ORGANS))
    chart.hover()
    expect(page.get_by_test_id("dvh-read-out")).to_contain_text("of the volume")

    before = quantity(page, "Parotid_R now", "Dmean").inner_text()
    viewer.stroke(across=0.15)
    expect(quantity(page, "Parotid_R now", "Dmean")).not_to_have_text(before)
    expect(quantity(page, "Parotid_R saved", "Dmean")).to_have_text(before)
    expect(chart.locator("polyline")).to_have_count(len(ORGANS) + 1)
    drawn = quantity(page, "Parotid_R now", "Dmean").inner_text()
    page.keyboard.press("Control+z")
    expect(quantity(page, "Parotid_R now", "Dmean")).to_have_text(before)
    expect(page.locator('[data-curve="Parotid_R saved"]')).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(quantity(page, "Parotid_R now", "Dmean")).to_have_text(drawn)
    viewer.save()
    expect(page.locator('[data-curve="Parotid_R saved"]')).to_have_count(0)
    assert f"{mean_gy(study_id, 'Parotid_R'):.2f}" == drawn


def objective(page: Page, name: str) -> Locator:
    """A line of the score card."""
    return page.locator(f'[data-objective="{name}"]')


WATCH = """([row, cell]) => {
    const shown = document.querySelector(`[data-objective="${row}"] ${cell}`);
    let ended = 0;
    window.addEventListener('pointerup', () => (ended = performance.now()), { capture: true, once: true });
    window.followed = new Promise(resolve =>
        new MutationObserver(() => ended && resolve(performance.now() - ended))
            .observe(shown, { subtree: true, childList: true, characterData: true }));
}"""
"""Measures the milliseconds from the end of a stroke to the new value of an objective."""


@pytest.mark.timeout(600)
def test_objectives_of_a_protocol_follow_the_brush_and_agree_with_the_server(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    study_id = bring(1, (*ORGANS, "SpinalCord"))
    person = sit_down(actor("clinician"))
    viewer, page = person.open_study(), person.page
    viewer.choose("Parotid_R")
    page.keyboard.press("Shift+H")
    page.get_by_role("button", name="Objectives").click()
    expect(page.get_by_test_id("dvh")).to_contain_text("Choose a protocol")
    page.get_by_label("Protocol").select_option(label="Head and neck, QUANTEC")
    parotid = objective(page, "Parotid_R mean")
    value = parotid.locator("[data-quantity=value]")
    expect(value).to_have_text(f"{mean_gy(study_id, 'Parotid_R'):.2f} Gy")
    expect(parotid).to_contain_text("≤ 25 Gy")
    expect(objective(page, "Larynx mean")).to_contain_text("not contoured")
    expect(page.locator("[data-verdict=counting]")).to_have_count(0)

    set_id, dose_id = of_study(study_id)
    answer = page.request.get(
        f"{person.address}/api/structure-sets/{set_id}/objectives?protocol=head-and-neck&dose_series_id={dose_id}"
    ).json()
    told = {f"{one['structure']} {one['metric']}": one["verdict"] for one in answer["items"]}
    lines = page.locator("[data-objective]").all()
    assert {
        line.get_attribute("data-objective"): line.get_attribute("data-verdict") for line in lines
    } == told
    assert {"pass", "unknown"} <= set(told.values())

    viewer.row("SpinalCord").get_by_role("button", name="SpinalCord", exact=True).click()
    marks = page.get_by_test_id("objective-marks")
    expect(marks.locator("path")).to_have_count(1)
    expect(marks).to_contain_text("SpinalCord D0.03cc ≤ 50 Gy")
    viewer.choose("Parotid_R")
    expect(marks.locator("path")).to_have_count(0)  # a mean is no point of a curve

    before = value.inner_text()
    page.evaluate(WATCH, ["Parotid_R mean", "[data-quantity=value]"])
    viewer.stroke(across=0.15)
    assert page.evaluate("window.followed") < 200
    expect(value).to_contain_text(f"saved: {before.removesuffix(' Gy')}")
    page.keyboard.press("Control+z")
    expect(value).to_have_text(before)
    viewer.row("Parotid_R").get_by_role("button", name="Hide").click()
    expect(value).to_have_text(before)

    page.reload()
    viewer.wait()
    page.keyboard.press("Shift+H")
    expect(objective(page, "Parotid_R mean").locator("[data-quantity=value]")).to_have_text(before)
    page.get_by_role("button", name="Values").click()
    expect(quantity(page, "Parotid_L now", "Dmean")).to_be_visible()


@pytest.mark.timeout(600)
def test_dose_of_a_patient_who_lies_prone_feet_first_is_read_where_it_was_given(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    """The dose grid stays upright while rows, columns and slices of the image run the other way."""
    study_id = bring(1, ORGANS, replace(PHANTOM, orientation="FFP"))
    page = sit_down(actor("clinician")).open_study().page
    page.keyboard.press("Shift+H")
    for name in ORGANS:
        expect(quantity(page, f"{name} now", "Dmean")).to_have_text(f"{mean_gy(study_id, name):.2f}")


def test_a_study_without_dose_offers_none(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    study_id = bring(1, ORGANS)
    with session_scope() as session:
        dose = session.scalars(select(Series).filter_by(study_row_id=study_id, modality="RTDOSE")).one()
        dose.volume = None
    person = sit_down(actor("clinician"))
    person.open_study()
    expect(person.page.get_by_test_id("dose-strip")).to_have_count(0)
    person.page.keyboard.press("Shift+D")
    expect(person.page.get_by_text("This study has no dose in the coordinates of this image")).to_be_visible()
