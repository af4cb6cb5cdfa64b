"""Subtypes on the command line, without any server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from models.cli import main
from tests.models.statistics.planted import table_of, with_clusters

QUICK = {"k_maximum": 4, "subsamples": 20, "simulations": 20, "pac_simulations": 5, "bootstraps": 20}


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, config: object) -> Path:
    table = table_of(with_clusters(np.random.default_rng(0), (40, 24), 3, 5.0)[0])
    (folder / "table.json").write_text(table.to_json())
    (folder / "config.json").write_text(json.dumps(config))
    out = folder / "out"
    paths = [str(folder / "table.json"), str(folder / "config.json"), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["models", "subtypes", *paths])
    main()
    return out


def test_subtypes_writes_result_figures_and_methods(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(monkeypatch, tmp_path, QUICK)
    result = json.loads((out / "result.json").read_text())
    assert result["clusters_found"] and capsys.readouterr().out.startswith(f"{result['k']} subtypes, p ")
    assert {"heat-map.svg", "heat-map.pdf", "methods.en.txt", "methods.ja.txt"} <= {
        p.name for p in out.iterdir()
    }
    assert "numpy " in (out / "methods.en.txt").read_text()


@pytest.mark.parametrize(
    ("config", "said"), [({"bas": 1}, "bad-analysis-config"), ([], "bad-analysis-config")]
)
def test_what_cannot_be_done_is_said_by_its_slug(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: object, said: str
) -> None:
    with pytest.raises(SystemExit, match=said):
        run(monkeypatch, tmp_path, config)
