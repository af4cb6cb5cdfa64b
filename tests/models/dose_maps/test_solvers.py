"""Losses, proximal maps and solvers against independent oracles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import optimize
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from models.dose_maps.convex import Convex
from models.dose_maps.design import Blocks, Design
from models.dose_maps.graph import Graph, differences, transposed
from models.dose_maps.losses import Batch, null_fit
from models.dose_maps.lowrank import LowRank
from models.dose_maps.study import Kind, Study
from tests.models.dose_maps.planted import organ, planted, region

KINDS: tuple[Kind, ...] = ("continuous", "binary", "survival")
CPU = torch.device("cpu")


def batch_of(kind: Kind, n: int = 30) -> Batch:
    draw = np.random.default_rng(3)
    values = {"continuous": draw.normal(size=(2, n)), "binary": draw.integers(0, 2, (2, n))}
    own = values.get(kind, draw.integers(1, 9, (2, n)))
    weights = (draw.random((2, n)) < 0.8).astype(float)
    events = draw.integers(0, 2, (2, n)).astype(float)
    parts = (own.astype(float), events, draw.normal(size=(2, n, 2)), weights)
    return Batch(kind, *(torch.from_numpy(one) for one in parts))


@pytest.mark.parametrize("kind", KINDS)
def test_the_slope_is_that_of_the_loss(kind: Kind) -> None:
    batch = batch_of(kind)
    eta = torch.randn(2, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    _, slope = batch.loss(eta)
    for n in range(0, 30, 3):
        step = torch.zeros_like(eta)
        step[:, n] = 1e-6
        numeric = (batch.loss(eta + step)[0] - batch.loss(eta - step)[0]) / 2e-6
        assert torch.allclose(slope[:, n], numeric, atol=1e-7)


def test_cox_with_ties_and_weights_is_the_sum_over_risk_sets() -> None:
    batch = batch_of("survival")
    eta = torch.linspace(-1, 1, 30, dtype=torch.float64).repeat(2, 1)
    for b in range(2):
        own = 0.0
        for i in range(30):
            if batch.events[b, i] and batch.weights[b, i]:
                risk = (batch.values[b] >= batch.values[b, i]) & (batch.weights[b] > 0)
                own += float(torch.logsumexp(eta[b][risk], 0) - eta[b, i])
        assert float(batch.loss(eta)[0][b]) == pytest.approx(own / float(batch.weights[b].sum()))


def test_differences_and_their_transpose_are_adjoint() -> None:
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64)
    duals = tuple(torch.randn(one.shape, generator=draw, dtype=torch.float64) for one in differences(maps))
    ahead = sum(float((a * b).sum()) for a, b in zip(differences(maps), duals, strict=True))
    k, j, i = duals
    assert ahead == pytest.approx(float((maps * transposed((k, j, i))).sum()))


def test_the_proximal_map_is_the_minimum_that_another_solver_finds() -> None:
    mask = torch.from_numpy(organ()[2:5, 1:5, 1:5].copy())
    graph = Graph.of(mask, 0.3, torch.float64)
    target = torch.randn(1, *mask.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weight = torch.tensor([0.4], dtype=torch.float64)
    found, _ = graph.proximal(target * mask, weight, graph.start(1), 2000)
    shapes = [one.shape for one in graph.edges]
    bounds = torch.cat([(0.4 * 0.7 * one).flatten() for one in graph.edges]).numpy()

    def dual(values: np.ndarray) -> tuple[float, np.ndarray]:
        cut = np.cumsum([int(np.prod(one)) for one in shapes])[:-1]
        parts = zip(np.split(values, cut), shapes, strict=True)
        k, j, i = (torch.from_numpy(v.reshape(s)) for v, s in parts)
        left = target * mask - transposed((k, j, i))
        slope = [-one.flatten().numpy() for one in differences(left)]
        return 0.5 * float(left.square().sum()), np.concatenate(slope)

    ends = list(zip(-bounds, bounds, strict=True))
    solved = optimize.minimize(
        dual, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=ends, options={"ftol": 1e-15}
    )
    objective = float(0.5 * (found - target * mask).square().sum() + 0.4 * graph.penalty(found)[0])
    # strong duality of total variation alone, then soft thresholding
    cut = np.cumsum([int(np.prod(one)) for one in shapes])[:-1]
    parts = zip(np.split(solved.x, cut), shapes, strict=True)
    k, j, i = (torch.from_numpy(v.reshape(s)) for v, s in parts)
    theirs = graph.shrunk(target * mask - transposed((k, j, i)), weight)
    own = float(0.5 * (theirs - target * mask).square().sum() + 0.4 * graph.penalty(theirs)[0])
    assert objective == pytest.approx(own, abs=1e-4)
    assert float((found - theirs).abs().max()) < 1e-3


def small(kind: Kind = "continuous") -> Study:
    """Few voxels and many patients, so that everything has one answer."""
    study = planted(120, 1.0, kind)
    mask = np.zeros_like(study.mask_kji)
    mask[2:4, 2:4, 2:4] = True
    return replace(study, mask_kji=mask, clinical=None)


def solver_of(study: Study, iterations: int = 4000, l1_share: float = 0.3) -> Convex:
    design = Design.of(study, CPU, dtype=torch.float64)
    return Convex(design, Graph.of(design.mask, l1_share, torch.float64), iterations, 1e-12, lambda: None)


@pytest.mark.parametrize("kind", KINDS)
def test_the_convex_map_is_as_good_as_any_that_a_general_solver_finds(kind: Kind) -> None:
    solver = solver_of(small(kind))
    batch, design = solver.design.batch, solver.design
    penalty = 0.3 * solver.highest(batch)
    fit = solver.fit(batch, penalty)
    own = float(solver.objective(batch, penalty, fit))
    c = batch.terms.shape[2]

    def objective(values: np.ndarray) -> float:
        maps, terms = torch.from_numpy(values[c:])[None], torch.from_numpy(values[:c])
        eta = maps @ design.doses.T + batch.terms[0] @ terms
        cost = penalty * solver.graph.penalty(maps.reshape(1, *design.shape))
        return float(batch.loss(eta)[0] + cost)

    start = np.concatenate([fit.terms[0].numpy(), fit.maps[0].numpy()])
    assert objective(start) == pytest.approx(own)
    again = optimize.minimize(objective, np.zeros(len(start)), method="Powell", options={"maxfev": 4000})
    assert own <= float(again.fun) + 1e-6
    closer = optimize.minimize(objective, start, method="Nelder-Mead", options={"maxfev": 1500})
    assert own <= float(closer.fun) + 1e-6


def test_without_a_penalty_it_is_least_squares_and_cox_regression() -> None:
    study = small()
    solver = solver_of(study, 20000)
    fit = solver.fit(solver.design.batch, torch.zeros(1, dtype=torch.float64))
    table = study.doses_nkji[:, study.mask_kji].astype(float)
    table = np.column_stack([np.ones(len(table)), table])
    theirs = table @ np.linalg.lstsq(table, study.outcome.values, rcond=None)[0]
    assert np.abs(fit.eta[0].numpy() - theirs).max() < 0.02

    study = small("survival")
    one = np.zeros_like(study.mask_kji)
    one[2, 2, 2] = True
    study = replace(study, mask_kji=one)
    solver = solver_of(study, 2000)
    fit = solver.fit(solver.design.batch, torch.zeros(1, dtype=torch.float64))
    found = solver.design.map_kji(fit.maps[0])[2, 2, 2]
    outcome = Surv.from_arrays(study.outcome.happened == 1, study.outcome.values)
    dose = study.doses_nkji[:, one].astype(float)
    assert found == pytest.approx(CoxPHSurvivalAnalysis(ties="breslow").fit(dose, outcome).coef_[0], rel=1e-3)


def test_the_highest_penalty_is_where_the_map_becomes_empty() -> None:
    solver = solver_of(planted(60), 1000)
    batch = solver.design.batch
    highest = solver.highest(batch)
    above, below = (solver.fit(batch, share * highest).maps.norm() for share in (1.1, 0.8))
    assert float(above) < 0.01 * float(below)


def test_terms_are_fitted_without_a_penalty() -> None:
    study = planted(80, kind="binary")
    batch = Design.of(study, CPU, dtype=torch.float64).batch
    terms = null_fit(batch, 500)
    slope = batch.loss((batch.terms @ terms[..., None])[..., 0])[1]
    assert float((slope @ batch.terms[0]).abs().max()) < 1e-4


def test_a_low_rank_map_of_clean_data_is_found() -> None:
    study = planted(150, effect=8.0)
    solver = LowRank(Design.of(study, CPU), 1, 0.2, 3, 0, lambda: None)
    fits = solver.path(solver.design.batch, (1.0, 0.3, 0.1, 0.03, 0.01))
    found = solver.design.map_kji(fits[2].maps[0])[study.mask_kji]
    assert np.corrcoef(found, region()[study.mask_kji])[0, 1] > 0.8
    left = [float(solver.design.batch.loss(fit.eta)[0][0]) for fit in fits]
    assert left == sorted(left, reverse=True)


def test_blocks_keep_the_sum_of_dose_times_map() -> None:
    study = planted(20)
    blocks = Blocks.of(study.mask_kji, 40)
    assert blocks.edge > 1 and blocks.mask.sum() <= 40
    values = np.random.default_rng(0).normal(size=blocks.mask.shape)
    spread = blocks.spread(values / blocks.edge**3)
    ahead = (study.doses_nkji[0].astype(float) * spread).sum()
    assert ahead == pytest.approx((blocks.mean(study.doses_nkji[0]) * values).sum(), rel=1e-5)


def test_two_problems_at_once_are_two_problems() -> None:
    study = planted(40, kind="binary")
    solver = solver_of(study, 200)
    weights = torch.ones(2, 40, dtype=torch.float64)
    weights[1, ::3] = 0
    both = solver.design.batch.weighted(weights)
    together = solver.fit(both, torch.tensor([0.02, 0.02], dtype=torch.float64))
    alone = solver.fit(both.rows(slice(1, 2)), torch.tensor([0.02], dtype=torch.float64))
    assert torch.allclose(together.eta[1], alone.eta[0], atol=1e-8)
