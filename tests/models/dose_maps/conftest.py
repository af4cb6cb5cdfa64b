"""One analysis of each kind of outcome, shared by the tests."""

from __future__ import annotations

import pytest

from models.dose_maps import MapConfig, Run, Study, analyse
from tests.models.dose_maps.planted import planted

QUICK = MapConfig(
    folds=3, inner_folds=3, penalties=5, permutations=19, subsamples=6, iterations=150, restarts=2,
    ranks=(1, 2),
)  # fmt: skip


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Study, dict, dict]]:
    results = {}
    for kind in ("continuous", "binary", "survival"):
        study = planted(90, 2.0, kind)
        run = Run(tmp_path_factory.mktemp(kind) / "checkpoint.safetensors")
        results[kind] = (study, *analyse(study, QUICK, run))
    return results
