"""Methods paragraphs say the settings and figures of the result, and no other number."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.outcome.config import OutcomeConfig as NetworkConfig
from models.statistics.errors import AnalysisConfigError
from models.statistics.methods import REFERENCES, methods
from models.statistics.outcomes import analyse as analyse_outcome
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.subtypes import SubtypeConfig, analyse
from models.statistics.survival import Grouping, SurvivalConfig
from models.statistics.survival import analyse as analyse_survival
from rt.cohort import CohortTable, Column, Endpoint
from tests.models.statistics.planted import one_gaussian, table_of, with_clusters
from tests.models.statistics.test_outcomes import planted

QUICK = SubtypeConfig(
    k_maximum=4, subsamples=21, simulations=23, pac_simulations=6, bootstraps=22, noise_repeats=3, seed=77
)
VERSIONS = {"rinkaku": "0.1.7", "numpy": "2.4.6"}


def numbers_of(text: str) -> set[str]:
    """Numbers in a paragraph, without its references, the years of citations and statistical terms."""
    paragraph = text.split("\n\n")[0].partition("Software")[0].partition("使用ソフトウェア")[0]
    paragraph = re.sub(
        r"(Monti|Senbabaoglu|Langsrud|Hennig) \d{4}|M3C|95 %|1 - ICC|2群|5未満|平均0・標準偏差1",
        "",
        paragraph,
    )
    return set(re.findall(r"\d+(?:\.\d+)?(?:e-\d+)?%?", paragraph))


def known_in(value: Any) -> set[str]:
    """Every number of a result in the forms that a paragraph may write it."""
    if isinstance(value, bool):
        return set()
    if isinstance(value, int | float):
        forms = (
            f"{value:g}",
            f"{abs(value):g}",
            f"{value:.0%}",
            f"{value:.3g}",
            f"{value:.2f}",
            f"{value:.1f}",
        )
        return {*forms, str(value)}
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {len_ for one in inside for len_ in known_in(one)} | (
        {str(len(value))} if isinstance(value, list) else set()
    )


def checked(result: dict[str, Any]) -> dict[str, str]:
    """The paragraphs of a result, whose numbers are all of it."""
    said = methods(json.loads(json.dumps(result)), VERSIONS)
    known = known_in(result)
    counts = result.get("features", {}).get("left_out", [])
    known |= {str(sum(one["slug"] == slug for one in counts)) for slug in {one["slug"] for one in counts}}
    for text in said.values():
        assert numbers_of(text) - known == set()
        assert "rinkaku 0.1.7, numpy 2.4.6" in text
        assert "None" not in text and "{" not in text
    assert numbers_of(said["en"]) == numbers_of(said["ja"])
    return said


@pytest.mark.parametrize(
    "settings", [{}, {"choice": "silhouette", "scaling": "z-score"}, {"choice": "delta-area"}]
)
@pytest.mark.parametrize("base", ["k-means", "ward", "pam"])
def test_subtypes_are_described_by_their_settings(base: Any, settings: dict[str, Any]) -> None:
    values, _ = with_clusters(np.random.default_rng(0), (40, 24), 3, 5.0)
    icc = [0.6 if j % 5 == 0 else 0.9 for j in range(24)]
    config = replace(QUICK, base=base, pca_variance=0.9 if settings else None, **settings)
    result = analyse(table_of(values, icc=icc), config)
    said = checked(result)
    assert "40 training patients" in said["en"] and "学習用患者40例" in said["ja"]
    assert "5 of low ICC" in said["en"] and "seed was 77" in said["en"]
    assert REFERENCES["monti"] in said["en"] and REFERENCES["monti"] in said["ja"]
    assert (REFERENCES["pac"] in said["en"]) == (config.choice == "pac")


def test_no_clusters_are_described_as_none() -> None:
    result = analyse(
        table_of(one_gaussian(np.random.default_rng(3), 40, 24)), replace(QUICK, noise_repeats=0)
    )
    said = checked(result | {"clusters_found": False})
    assert "no significant clusters were found" in said["en"]
    assert "有意なクラスターは認めなかった" in said["ja"]
    assert "Kruskal" not in said["en"]


def test_survival_is_described_by_its_settings() -> None:
    rng = np.random.default_rng(1)
    stage = Column("stage", "category", tuple("ab"[i % 2] for i in range(60)))
    age = Column("age", "number", tuple(float(v) for v in rng.normal(60, 9, 60)))
    times = tuple(float(v) for v in rng.exponential(20, 60))
    ending = Endpoint("local control", "survival", tuple(int(v) for v in rng.integers(0, 3, 60)), times)
    patients = tuple(f"P{i}" for i in range(60))
    table = CohortTable(patients, ("train",) * 60, (stage, age), (), (ending,))
    groupings = (Grouping("stage"), Grouping("age", "median"))
    config = SurvivalConfig("local control", groupings, ("age", "stage"), ("age", "stage"), penalty="firth")
    said = checked(analyse_survival(table, config))
    assert "Holm" in said["en"] and "Firth" in said["en"] and REFERENCES["gray"] in said["en"]
    plain = checked(analyse_survival(table, SurvivalConfig("local control")))
    assert "Cox" not in plain["en"] and "Gray" not in plain["en"]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("binary", {"permutations": 2, "adjustment": "bh", "min_icc": 0.9}),
        ("binary", {"groups": ("radiomics",), "missing": "drop", "class_weight": "none"}),
        ("survival", {"models": ("random-forest", "gradient-boosting"), "repeats": 2, "missing": "refuse"}),
    ],
)
def test_outcome_models_are_described_by_their_settings(kind: Any, settings: dict[str, Any]) -> None:
    config = OutcomeConfig("failure", folds=3, inner_folds=2, trees=7, keep=9, seed=77, **settings)
    result = analyse_outcome(planted(4, kind=kind, n=60, test=20), config)
    said = checked(result)
    chosen = result["models"][[one["group"] for one in result["models"]].index(result["chosen"]["group"])]
    assert "60 training patients" in said["en"] and "学習用患者60例" in said["ja"]
    assert "seed was 77" in said["en"] and chosen["group"] in said["en"]
    assert (REFERENCES["delong"] in said["ja"]) == (kind == "binary")
    assert (REFERENCES["rsf"] in said["en"]) == (kind == "survival")
    assert ("shuffled 2 times" in said["en"]) == ("permutations" in settings)


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_networks_of_outcome_are_described_by_their_settings(kind: str) -> None:
    estimate = {"value": 0.734, "low": 0.61, "high": 0.86}
    figure = {"auc" if kind == "binary" else "concordance": estimate}
    crop = {
        "region": {"structures": ["GTV", "CTV"], "without": ["Cord"], "isodose_gy": 50.0, "margin_mm": 6.0}
    }
    told = NetworkConfig.from_json(
        {
            "endpoint": "failure",
            "crop": crop | {"dose": True},
            "clinical": ["age"],
            "clinical_in_network": True,
        }
    ).to_json()
    result = {
        "kind": "outcome-network", "config": told,
        "endpoint": {"name": "failure", "kind": kind, "unit": "month"},
        "patients": {"train": 88, "test": 12, "events": 31}, "left_out": [{"patient": "P1"}],
        "models": {"network": figure, "clinical": figure}, "set_aside": {"network": figure, "clinical": None},
        "comparisons": [{"first": "clinical", "second": "network", "difference": 0.051, "p": 0.0123}],
    }  # fmt: skip
    said = checked(result)
    assert "GTV and CTV without Cord, where the dose is at least 50 Gy, margin 6 mm" in said["en"]
    assert "88例" in said["ja"] and "'age'" in said["ja"] and "set aside: the network" in said["en"]
    assert (REFERENCES["platt"] in said["en"]) == (kind == "binary")
    assert REFERENCES["gradcam"] in said["en"] and REFERENCES["gradcam"] in said["ja"]


def test_a_kind_without_words_is_named() -> None:
    with pytest.raises(AnalysisConfigError, match="kind"):
        methods({"kind": "horoscope"}, VERSIONS)
