"""The models of one interface: learnt by scikit-learn and scikit-survival, kept and applied as plain JSON.

`learn` returns a core of numbers only; `score` and `survival_at` apply it, in cross-validation as for a new
patient, so that what was measured is what is used.  Nothing is pickled.  A binary score is a log odds, a
survival score a log relative hazard (of a forest: the log of its expected number of events).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.outcomes_data import Matrix, Target, Vector

Core = dict[str, Any]
Parameters = dict[str, float]
GRIDS: dict[str, tuple[Parameters, ...]] = {
    "elastic-net": tuple(
        {"l1_ratio": ratio, "strength": strength}
        for strength in (0.3, 0.1, 0.03, 0.01, 0.003)
        for ratio in (1.0, 0.5)
    ),
    "random-forest": ({"min_leaf": 15.0}, {"min_leaf": 5.0}),
    "gradient-boosting": ({"depth": 1.0}, {"depth": 2.0}),
}
"""Hyperparameters tried in the inner folds, the simplest first; `strength` is the penalty a patient."""
RATE, SUBSAMPLE = 0.05, 0.8
SMALL = 1e-6


def learn(
    name: str, x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    """Core of the model, from standardised columns; `settings`: configuration and times to predict."""
    config, times = settings
    kind = "binary" if target.time is None else "survival"
    return LEARNERS[kind, name](x, target, parameters, (config, times))


def score(core: Core, x: Matrix) -> Vector:
    """Shape (n,): log odds, or log relative hazard."""
    if core["kind"] == "linear":
        return np.asarray(core["intercept"] + x @ np.asarray(core["coefficients"], float))
    leaves = [np.asarray(tree["value"], float)[_leaves(tree, x)] for tree in core["trees"]]
    if core["kind"] == "boosting":
        return np.asarray(core["start"] + core["rate"] * np.sum(leaves, axis=0))
    mean = np.mean(leaves, axis=0)
    if "times" in core:
        return np.asarray(np.log(np.maximum(mean, SMALL)))
    inside = np.clip(mean, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inside / (1 - inside)) + core["shift"])


def survival_at(core: Core, x: Matrix) -> Matrix:
    """Shape (n, times): predicted share without the event at the core's times."""
    if core["kind"] == "forest":
        curves = [np.asarray(tree["survival"], float)[_leaves(tree, x)] for tree in core["trees"]]
        return np.asarray(np.mean(curves, axis=0))
    relative = np.exp(np.clip(score(core, x), -50, 50))
    return np.exp(-np.outer(relative, np.asarray(core["hazard"], float)))


def importance(core: Core, count: int) -> Vector:
    """Shape (columns,), sum 1: share of the absolute coefficients, or of the splits; 0 throughout if none."""
    if core["kind"] == "linear":
        raw = np.abs(np.asarray(core["coefficients"], float))
    else:
        used = [one for tree in core["trees"] for one in tree["feature"] if one >= 0]
        raw = np.bincount(np.asarray(used, int), minlength=count).astype(float)
    return np.asarray(raw / raw.sum()) if raw.sum() > 0 else np.zeros(count)


def _leaves(tree: dict[str, Any], x: Matrix) -> npt.NDArray[np.intp]:
    """Shape (n,): the leaf that each patient falls into."""
    feature, threshold = np.asarray(tree["feature"], int), np.asarray(tree["threshold"], float)
    left, right = np.asarray(tree["left"], int), np.asarray(tree["right"], int)
    single = np.asarray(x, np.float32)  # trees were grown on single precision
    node = np.zeros(len(x), np.intp)
    rows = np.arange(len(x))
    while (inner := feature[node] >= 0).any():
        at = node[inner]
        goes_left = single[rows[inner], feature[at]] <= threshold[at]
        node[inner] = np.where(goes_left, left[at], right[at])
    return node


def _tree(fitted: Any, value: Any, **more: Any) -> dict[str, Any]:
    tree = fitted.tree_
    leaf = tree.children_left < 0
    return {
        "feature": np.where(leaf, -1, tree.feature).tolist(),
        "threshold": np.where(leaf, 0.0, tree.threshold).tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "value": np.asarray(value, float).tolist(),
        **more,
    }


def _balanced(event: npt.NDArray[np.bool_], config: OutcomeConfig) -> Vector:
    """Shape (n,): weights under which both outcomes count the same, mean 1; all 1 if that is not asked."""
    if config.class_weight == "none":
        return np.ones(len(event))
    share = event.mean()
    return np.asarray(np.where(event, 0.5 / share, 0.5 / (1 - share)))


def _shift(target: Target, config: OutcomeConfig) -> float:
    """Log odds of the prevalence, where learning was done as if it were one half."""
    share = float(target.event.mean())
    return float(np.log(share / (1 - share))) if config.class_weight == "balanced" else 0.0


def _quiet(fit: Callable[[], Any]) -> tuple[Any, bool]:
    """What was fitted, and whether it found an end; other warnings say nothing to a reader."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        fitted = fit()
    return fitted, not any(issubclass(one.category, ConvergenceWarning) for one in heard)


def _logistic(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    config = settings[0]
    model = LogisticRegression(
        C=1 / (parameters["strength"] * len(x)),
        l1_ratio=parameters["l1_ratio"],
        solver="saga",
        max_iter=4000,
        random_state=config.seed,
    )
    weight = _balanced(target.event, config)
    fitted, converged = _quiet(lambda: model.fit(x, target.event.astype(int), sample_weight=weight))
    return {
        "kind": "linear",
        "intercept": float(fitted.intercept_[0]) + _shift(target, config),
        "coefficients": fitted.coef_[0].tolist(),
        "converged": converged,
    }


def _forest(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    config = settings[0]
    model = RandomForestClassifier(
        config.trees, min_samples_leaf=_leaf_size(parameters, len(x)), random_state=config.seed
    )
    model.fit(x, target.event.astype(int), sample_weight=_balanced(target.event, config))
    trees = [
        _tree(one, one.tree_.value[:, 0, 1] / one.tree_.value[:, 0].sum(axis=1)) for one in model.estimators_
    ]
    return {"kind": "forest", "trees": trees, "shift": _shift(target, config), "converged": True}


def _leaf_size(parameters: Parameters, count: int) -> int:
    return max(1, min(int(parameters["min_leaf"]), count // 4))


def _boosting(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    config = settings[0]
    model = GradientBoostingClassifier(
        n_estimators=config.trees,
        learning_rate=RATE,
        max_depth=int(parameters["depth"]),
        subsample=SUBSAMPLE,
        random_state=config.seed,
    )
    weight = _balanced(target.event, config)
    model.fit(x, target.event.astype(int), sample_weight=weight)
    share = float(np.average(target.event, weights=weight))
    start = float(np.log(share / (1 - share)))
    trees = [_tree(one, one.tree_.value[:, 0, 0]) for one in model.estimators_[:, 0]]
    shift = start + _shift(target, config)
    return {"kind": "boosting", "trees": trees, "rate": RATE, "start": shift, "converged": True}


def _structured(target: Target) -> Any:
    return Surv.from_arrays(target.event, target.time)


def _with_hazard(core: Core, x: Matrix, target: Target, times: Vector) -> Core:
    """The core with Breslow's baseline cumulative hazard at the times."""
    time = np.asarray(target.time, float)
    relative = np.exp(np.clip(score(core, x), -50, 50))
    moments = np.unique(time[target.event])
    gone = np.array([(target.event & (time == one)).sum() for one in moments])
    risk = np.array([relative[time >= one].sum() for one in moments])
    hazard = np.concatenate([[0.0], np.cumsum(gone / risk)])
    at = hazard[np.searchsorted(moments, times, side="right")]
    return core | {"times": times.tolist(), "hazard": at.tolist()}


def _coxnet(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    model = CoxnetSurvivalAnalysis(
        l1_ratio=parameters["l1_ratio"], alphas=[parameters["strength"]], tol=1e-7, max_iter=50_000
    )
    try:
        fitted, converged = _quiet(lambda: model.fit(x, _structured(target)))
        coefficients = fitted.coef_[:, 0].tolist()
    except ArithmeticError:
        coefficients, converged = [0.0] * x.shape[1], False
    core = {"kind": "linear", "intercept": 0.0, "coefficients": coefficients, "converged": converged}
    return _with_hazard(core, x, target, settings[1])


def _survival_boosting(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    config, times = settings
    model = GradientBoostingSurvivalAnalysis(
        n_estimators=config.trees,
        learning_rate=RATE,
        max_depth=int(parameters["depth"]),
        subsample=SUBSAMPLE,
        random_state=config.seed,
    )
    fitted, _ = _quiet(lambda: model.fit(x, _structured(target)))
    trees = [_tree(one, one.tree_.value[:, 0, 0]) for one in fitted.estimators_[:, 0]]
    core = {"kind": "boosting", "trees": trees, "rate": RATE, "start": 0.0, "converged": True}
    return _with_hazard(core, x, target, times)


def _survival_forest(
    x: Matrix, target: Target, parameters: Parameters, settings: tuple[OutcomeConfig, Vector]
) -> Core:
    config, times = settings
    model = RandomSurvivalForest(
        config.trees, min_samples_leaf=_leaf_size(parameters, len(x)), random_state=config.seed
    )
    fitted, _ = _quiet(lambda: model.fit(x, _structured(target)))
    events = np.isin(fitted.unique_times_, np.asarray(target.time)[target.event])
    at = np.searchsorted(fitted.unique_times_, times, side="right") - 1
    trees = []
    for one in fitted.estimators_:
        hazard, survival = one.tree_.value[:, :, 0], one.tree_.value[:, :, 1]
        shares = np.where(at >= 0, survival[:, np.maximum(at, 0)], 1.0)
        trees.append(_tree(one, hazard[:, events].sum(axis=1), survival=shares.tolist()))
    return {"kind": "forest", "trees": trees, "times": times.tolist(), "converged": True}


LEARNERS: dict[tuple[str, str], Callable[..., Core]] = {
    ("binary", "elastic-net"): _logistic,
    ("binary", "random-forest"): _forest,
    ("binary", "gradient-boosting"): _boosting,
    ("survival", "elastic-net"): _coxnet,
    ("survival", "random-forest"): _survival_forest,
    ("survival", "gradient-boosting"): _survival_boosting,
}
