"""pandas tables of the client."""

from __future__ import annotations

import importlib
import sys

import pandas as pd
import pytest

from backend.kit import db
from backend.training.tables import NetworkVersion
from rinkaku_client import tables
from tests.backend.labels.conftest import NETWORK
from tests.factories.jobs import run_queued


def test_worklist_is_a_table(connect, project, drawn, scene):
    table = tables.worklist(connect("reader"), project.id, modality="CT")
    assert tuple(table.columns) == tables.WORKLIST
    (row,) = table.to_dict("records")
    assert (row["id"], row["patient_id"], row["modalities"]) == (scene.study.id, "P1", "CT")
    assert (row["state"], row["structures.total"], row["structures.approved"]) == ("drafted", 1, 0)
    assert str(table["imported_at"].dt.tz) == "UTC"
    assert table["assignee.display_name"].isna().all()


def test_empty_answer_is_an_empty_table(connect, project):
    reader = connect("reader")
    table = tables.worklist(reader, project.id)
    assert (len(table), tuple(table.columns)) == (0, tables.WORKLIST)
    assert isinstance(table["imported_at"].dtype, pd.DatetimeTZDtype)
    assert len(tables.effort(reader, project.id)) == 0


def test_structures_are_a_table(connect, drawn):
    annotator = connect("annotator")
    annotator.structures.create(drawn.set_id, "Brainstem")
    table = tables.structures(annotator, drawn.set_id).set_index("name")
    assert table.loc["Parotid_L", "head.volume_cc"] == pytest.approx(3 * 8 * 7 * 4.5 / 1000)
    assert (table.loc["Parotid_L", "head.tool"], table.loc["Parotid_L", "state"]) == ("network", "draft")
    assert pd.isna(table.loc["Brainstem", "head.number"])
    assert pd.isna(table.loc["Brainstem", "head.created_at"])
    assert table.loc["Parotid_L", "head.created_at"].tzinfo is not None


def test_effort_of_corrections_is_a_table(connect, project, drawn):
    with db.session_scope() as session:
        session.add(
            NetworkVersion(
                id=NETWORK.version_id, name=NETWORK.name, version=NETWORK.number, title="", origin="shipped",
                manifest={}, structures=[], weights_sha256="", card="",
            )
        )  # fmt: skip
    annotator, reviewer = connect("annotator"), connect("reviewer")
    corrected = drawn.mask.copy()
    corrected[2:5, 6:16, 5:12] = True
    annotator.structures.save(drawn.structure_id, corrected, 1, seconds=30)
    annotator.reviews.submit(drawn.set_id)
    reviewer.reviews.approve(drawn.set_id, seen=reviewer.structures.get(drawn.set_id))
    run_queued("measure")
    (row,) = tables.effort(reviewer, project.id).to_dict("records")
    assert (row["structure"], row["n"], row["seconds"], row["slices"]) == ("Parotid_L", 1, 30, 3)
    assert row["dice"] == pytest.approx(2 * 168 / (168 + 210))


def test_without_pandas_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.delitem(sys.modules, "rinkaku_client.tables")
    with pytest.raises(ImportError, match=r"pip install 'rinkaku-client\[tables\]'"):
        importlib.import_module("rinkaku_client.tables")
