"""A planned dose over the image: colour wash, isodose lines, and histograms that follow the brush."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Structure, StructureSet
from backend.projects.tables import Project
from backend.studies import service as studies
from backend.studies.tables import Series
from rt.dose import Dose
from rt.dvh import dvh_of_mask
from rt.phantom import phantom_dicom
from tests.e2e.conftest import PHANTOM, Person
from tests.factories.patients import send
from tests.factories.plans import brachy_plan, photon_plan

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
    """Mean dose of a saved structure, by the server's engine on the stored volumes."""
    with session_scope(read_only=True) as session:
        of_study = select(Series).filter_by(study_row_id=study_id)
        _, image = studies.load_volume(session.scalars(of_study.filter_by(modality="CT")).one())
        dose, grid = studies.load_volume(session.scalars(of_study.filter_by(modality="RTDOSE")).one())
        mask = labels.head_mask(session, session.scalars(select(Structure).filter_by(name=name)).one(), image)
    return dvh_of_mask(mask, image, Dose(dose.astype("f4"), grid)).mean_gy


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
    expect(page.get_by_test_id("dose-strip")).to_contain_text("Plan SIB 70/56: 70 Gy")
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


NAMES = {"Dmin": "min", "Dmean": "mean", "Dmax": "max", "D98%": "D98", "D95%": "D95", "D50%": "D50"}
NAMES |= {"D2%": "D2", "D0.03cc": "D0.03cc"}
"""What the table beside the curves calls the server's metrics."""


@pytest.mark.timeout(600)
def test_figures_of_saved_revisions_are_those_of_the_server(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    """Organs, a cord two voxels wide and targets with steep flanks: the page counts, the server counts."""
    names = (*ORGANS, "SpinalCord", "PTV70", "PTV56")
    study_id = bring(1, names)
    person = sit_down(actor("clinician"))
    page = person.open_study().page
    page.keyboard.press("Shift+H")
    set_id, dose_id = of_study(study_id)
    structures = page.request.get(f"{person.address}/api/structure-sets/{set_id}").json()["structures"]
    assert len(structures) == len(names)
    for one in structures:
        answer = page.request.get(
            f"{person.address}/api/structures/{one['id']}/revisions/{one['head']['number']}/dvh",
            params={"dose_series_id": dose_id, "delineation": "voxels", "metrics": ",".join(NAMES.values())},
        ).json()
        told = {value["metric"]: value["value"] for value in answer["values"]}
        for shown, metric in NAMES.items():
            cell = quantity(page, f"{one['name']} now", shown)
            expect(cell).not_to_have_text("")
            assert float(cell.inner_text()) == pytest.approx(told[metric], abs=0.02), (one["name"], metric)


def objective(page: Page, name: str) -> Locator:
    """A line of the score card."""
    return page.locator(f'[data-objective="{name}"]')


def assert_agree(shown: str, told: dict[str, Any]) -> None:
    """Whether the page's value, of a group one of its lines, is the server's to two hundredths."""
    values = [float(line.split()[0]) for line in shown.splitlines() if line[:1].isdigit()]
    assert min(abs(value - told["value"]) for value in values) < 0.02, (shown, told)


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
    glands = objective(page, "Parotid_L, Parotid_R mean")
    value = glands.locator("[data-quantity=value]")
    expect(page.locator("[data-verdict=counting]")).to_have_count(0)
    expect(glands).to_contain_text("≤ 20 Gy in at least one")
    expect(glands).to_contain_text("or ≤ 25 Gy all together")
    better = min(mean_gy(study_id, name) for name in ("Parotid_L", "Parotid_R"))
    expect(value).to_contain_text(f"{better:.2f} Gy")
    expect(objective(page, "Larynx mean")).to_have_count(0)
    page.get_by_role("button", name="Not contoured (").click()
    expect(objective(page, "Larynx mean")).to_contain_text("not contoured")

    set_id, dose_id = of_study(study_id)
    answer = page.request.get(
        f"{person.address}/api/structure-sets/{set_id}/objectives?protocol=head-and-neck&dose_series_id={dose_id}"
        "&delineation=voxels"
    ).json()
    told = {f"{one['structure']} {one['metric']}": one for one in answer["items"]}
    lines = {str(one.get_attribute("data-objective")): one for one in page.locator("[data-objective]").all()}
    assert lines.keys() == told.keys()
    for name, line in lines.items():
        assert line.get_attribute("data-verdict") == told[name]["verdict"], name
        if told[name]["value"] is not None:
            assert_agree(line.locator("[data-quantity=value]").inner_text(), told[name])
    assert {"pass", "unknown"} <= {one["verdict"] for one in told.values()}
    page.get_by_test_id("tally").get_by_role("button", name="Pass").click()
    passed = sum(one["verdict"] == "pass" for one in told.values())
    expect(page.locator("[data-objective]")).to_have_count(passed)
    page.get_by_test_id("tally").get_by_role("button", name="Pass").click()

    viewer.row("SpinalCord").get_by_role("button", name="SpinalCord", exact=True).click()
    marks = page.get_by_test_id("objective-marks")
    expect(marks.locator("path")).to_have_count(1)
    expect(marks).to_contain_text("SpinalCord D0.03cc ≤ 50 Gy")
    viewer.choose("Parotid_R")
    expect(marks.locator("path")).to_have_count(0)  # a mean is no point of a curve

    before = str(value.text_content())
    page.evaluate(WATCH, ["Parotid_L, Parotid_R mean", "[data-quantity=value]"])
    viewer.stroke(across=0.15)
    assert page.evaluate("window.followed") < 200
    expect(value).not_to_have_text(before)
    page.keyboard.press("Control+z")
    expect(value).to_have_text(before)
    viewer.choose("SpinalCord")
    cord = objective(page, "SpinalCord D0.03cc").locator("[data-quantity=value]")
    saved = cord.inner_text()
    viewer.stroke(across=0.15)
    expect(cord).to_contain_text(f"saved: {saved.removesuffix(' Gy')}")
    page.keyboard.press("Control+z")
    expect(cord).to_have_text(saved)
    viewer.row("Parotid_R").get_by_role("button", name="Hide").click()
    expect(value).to_have_text(before)

    page.reload()
    viewer.wait()
    page.keyboard.press("Shift+H")
    expect(value).to_have_text(before)
    page.get_by_role("button", name="Values").click()
    expect(quantity(page, "Parotid_L now", "Dmean")).to_be_visible()


@pytest.mark.timeout(600)
def test_plan_is_shown_from_the_legend_of_its_dose(
    sit_down: Callable[[Actor], Person],
    actor: ActorMaker,
    bring: Callable[..., str],
    project: Project,
    tmp_path: Path,
) -> None:
    """The generated patient's plan, and beside it one with beams and one of brachytherapy."""
    bring(1, ORGANS)
    ct = phantom_dicom(1, PHANTOM, ORGANS)[0]
    send(project, tmp_path / "plans", [photon_plan(ct), brachy_plan(ct)])
    page = sit_down(actor("clinician")).open_study().page
    page.keyboard.press("Shift+D")
    page.get_by_test_id("dose-legend").get_by_role("button", name="Plan").click()
    shown = page.get_by_role("dialog", name="Treatment plan").get_by_test_id("plan")
    expect(shown).to_have_count(3)
    first, others = shown.nth(0), [shown.nth(1), shown.nth(2)]
    for text in (
        "SIB 70/56",
        "Not approved",
        "of the dose shown",
        "Fractions: 35",
        "35 × 2.00 Gy",
        "no beams",
    ):
        expect(first).to_contain_text(text)
    photons = next(one for one in others if "LINAC 2" in one.inner_text())
    brachy = next(one for one in others if "Ring 4 x 7" in one.inner_text())
    for text in ("Approved", "6 MV FFF", "15 MV", "181° → 179° CW", "75.5", "35 × 1.60 Gy", "45 Gy"):
        expect(photons).to_contain_text(text)
    expect(photons.get_by_role("table", name="Beams").locator("tbody tr")).to_have_count(3)
    for text in ("HDR · INTRACAVITARY · Ir-192 · AFTERLOADER", "Tandem and ring", "4200 µGy", "4 × 7.00 Gy"):
        expect(brachy).to_contain_text(text)
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)


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
