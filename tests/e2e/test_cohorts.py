"""From a table with a mistake in it to curves, a model and a prediction, in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from backend.accounts.actor import Actor
from tests.e2e.conftest import Person
from tests.factories.jobs import run_queued

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
PATIENTS = 60
BAD_ROW = 6
"""As a spreadsheet counts."""


def _table(*, bad: bool) -> bytes:
    """A high marker goes with relapse and with early failure, seven times in eight."""
    lines = ["patient,age,stage,marker,relapse,months,failure"]
    for n in range(PATIENTS):
        age = "sixty" if bad and n == BAD_ROW - 2 else str(50 + n * 7 % 20)
        high = (n % 2 == 1) == (n % 8 > 0)
        relapse, months = ("yes", 3 + n % 9) if high else ("no", 9 + n % 25)
        marker = f"{n % 2 * 3 + n % 5 * 0.3:.1f}"
        lines.append(f"P{n:03},{age},{'I' if n % 3 else 'II'},{marker},{relapse},{months},{int(high)}")
    return ("\n".join(lines) + "\n").encode()


def _drop(page: Page, *, bad: bool) -> None:
    file = {"name": "clinic.csv", "mimeType": "text/csv", "buffer": _table(bad=bad)}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def _cohort(page: Page) -> None:
    """A cohort whose table was refused for a cell, and then taken; a third of the patients are set aside."""
    page.get_by_role("link", name="Cohorts").click()
    page.get_by_role("button", name="New cohort").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Sarcoma")
    dialog.get_by_role("button", name="Create").click()
    _drop(page, bad=True)
    expect(page.get_by_text(f"Row {BAD_ROW}, age:")).to_be_visible()
    store = page.get_by_role("button", name=f"Store {PATIENTS} patients")
    expect(store).to_be_disabled()
    _drop(page, bad=False)
    expect(page.get_by_text(f"Row {BAD_ROW}, age:")).to_have_count(0)
    store.click()
    page.get_by_role("button", name="Fix the split").click()
    dialog.get_by_label("Test patients, %").fill("33")
    dialog.get_by_role("button", name="Fix for good").click()
    expect(page.get_by_text(re.compile(r"40 training.* 20 test"))).to_be_visible()


def _analysis(page: Page, kind: str, endpoint: str) -> None:
    """One that is through."""
    page.get_by_role("button", name="Start analysis").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=kind, exact=False).first.check()
    dialog.get_by_label("Endpoint", exact=True).select_option(endpoint)
    dialog.get_by_role("button", name="Start analysis").click()
    expect(dialog).to_have_count(0)
    run_queued("analyse")


def _figures(page: Page) -> Locator:
    """The printed figures, of which the first has arrived."""
    page.get_by_text(re.compile(r"^Figures: \d+$")).click()
    figures = page.locator("figure img")
    expect(figures.first).to_have_js_property("complete", True)
    assert figures.first.evaluate("image => image.naturalWidth") > 0
    return figures


@pytest.mark.timeout(300)
def test_from_a_table_to_curves_a_model_and_a_prediction(sit_down: SitDown, actor: ActorMaker) -> None:
    page = sit_down(actor("administrator")).page
    _cohort(page)
    page.get_by_role("link", name="Analyses").click()

    _analysis(page, "Survival", "failure")
    expect(page.get_by_role("img", name=re.compile("^Kaplan-Meier")).first).to_be_visible()
    assert _figures(page).count() >= 2

    _analysis(page, "Outcome prediction", "relapse")
    expect(page.get_by_role("img", name=re.compile("^ROC"))).to_have_count(2)  # out of fold, and of the test
    judged = page.get_by_role("region", name="Models side by side").get_by_role("row")
    expect(judged.filter(has_text="Clinical, elastic net")).to_contain_text("Better than chance")
    assert _figures(page).count() >= 3

    asked = page.get_by_role("region", name="Predict for a new patient")
    asked.get_by_label("Patient ID").fill("New-1")
    asked.get_by_label("marker").fill("40")
    asked.get_by_role("button", name="Predict").click()
    expect(asked.get_by_role("button", name="New-1")).to_be_visible()
    run_queued("predict")
    answer = asked.get_by_role("region", name="Prediction of New-1")
    expect(answer.get_by_text(re.compile(r"^Probability of relapse: (0\.[5-9]|1\.)"))).to_be_visible()
    expect(answer.get_by_text("Unlike the patients it has learnt from.")).to_be_visible()
    expect(answer.get_by_text("Beyond the values learnt from")).to_be_visible()
