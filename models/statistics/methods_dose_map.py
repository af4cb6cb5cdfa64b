"""How a dose-outcome map was made, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
_OUTCOMES = {
    "continuous": ("a continuous", "連続"),
    "binary": ("a binary", "2値"),
    "survival": ("a survival", "生存時間"),
}
_LOSSES = {
    "continuous": ("squared error", "二乗誤差"),
    "binary": ("logistic loss", "ロジスティック損失"),
    "survival": ("Cox partial likelihood (Breslow ties)", "Coxの部分尤度(タイはBreslow法)"),
}
_FIGURES = {"r2": "R²", "auc": "AUC", "harrell-c": "Harrell's C"}
_INTERVALS = {
    "r2": ("a bootstrap over patients", "患者のブートストラップ"),
    "auc": ("DeLong's method", "DeLong法"),
    "harrell-c": ("a bootstrap over patients", "患者のブートストラップ"),
}


def _numbers(result: Result) -> dict[str, Any]:
    config, organ = result["config"], result["organ"]
    own = {one["model"]: one for one in result["judged"]["models"]}
    return {
        "n": result["outcome"]["patients"],
        "blocks": organ["blocks"],
        "l1": f"{config['l1_share']:g}",
        "folds": config["folds"],
        "inner": config["inner_folds"],
        "penalties": config["penalties"],
        "ranks": ", ".join(str(one) for one in config["ranks"]),
        "starts": config["restarts"],
        "figure": _FIGURES[result["judged"]["figure"]],
        "value": f"{own['map']['value']:.2f}",
        "low": f"{own['map']['low']:.2f}",
        "high": f"{own['map']['high']:.2f}",
        "seed": config["seed"],
        "terms": ", ".join(organ["clinical"]),
    }


def dose_map_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    s, kind, config = _numbers(result), result["outcome"]["kind"], result["config"]
    terms = f" and clinical terms ({s['terms']}), which were not penalised" if s["terms"] else ""
    solver = (
        "The map was penalised by its total variation over the six neighbours of each voxel "
        "within the organ "
        f"and by its l1 norm (share {s['l1']}); the convex problem was solved by primal-dual splitting."
        if config["solver"] == "tv"
        else f"The map was a sum of outer products (rank one of {s['ranks']}) with a fused "
        f"lasso on each factor "
        f"(share of l1 {s['l1']}), fitted by alternating proximal steps from {s['starts']} starts."
    )
    how = _INTERVALS[result["judged"]["figure"]][0]
    sentences = [
        f"A map of voxel-wise sensitivity to dose was estimated from {s['n']} patients for "
        f"{_OUTCOMES[kind][0]} "
        f"outcome: its linear predictor is the sum over voxels of dose times map{terms}; the loss was the "
        f"{_LOSSES[kind][0]}.",
        f"Doses in the organ's common space ({s['blocks']} blocks of voxels) were centred and kept in Gy.",
        solver,
        f"The penalty{'' if config['solver'] == 'tv' else ' and the rank'} was chosen among "
        f"{s['penalties']} by "
        f"nested cross-validation of patients ({s['folds']} outer and {s['inner']} inner folds)"
        f"; out of fold, the "
        f"{s['figure']} was {s['value']} ({s['low']} to {s['high']}; interval by {how}), and it "
        f"was compared "
        "on the same patients with the mean dose, gEUD, a ridge regression on the DVH"
        + (" and clinical terms alone." if s["terms"] else "."),
        _tested(result, 0),
        _steady(result, 0),
        "Doses of neighbouring voxels are nearly collinear: the map cannot tell apart places "
        "that get the same "
        f"dose in all plans. The random seed was {s['seed']}.",
    ]
    return sentences, _references(result)


def dose_map_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    s, kind, config = _numbers(result), result["outcome"]["kind"], result["config"]
    terms = f"と臨床変数({s['terms']}、罰則なし)" if s["terms"] else ""
    solver = (
        f"マップには臓器内の6近傍の全変動とL1ノルム(割合{s['l1']})の罰則を課し、凸問題を"
        f"主双対分割法で解いた。"
        if config["solver"] == "tv"
        else f"マップは外積の和(ランクは{s['ranks']}のいずれか)とし、各因子にfused lasso(L1の"
        f"割合{s['l1']})を課して、"
        f"{s['starts']}通りの初期値から交互近接法で当てはめた。"
    )
    how = _INTERVALS[result["judged"]["figure"]][1]
    sentences = [
        f"患者{s['n']}例の{_OUTCOMES[kind][1]}転帰について、ボクセルごとの線量感受性マップを推定した。"
        f"線形予測子は線量とマップの積の総和{terms}からなり、損失は{_LOSSES[kind][1]}とした。",
        f"線量は臓器の共通空間(ボクセルブロック{s['blocks']}個)で中心化し、単位はGyのままとした。",
        solver,
        f"罰則{'' if config['solver'] == 'tv' else 'とランク'}は"
        f"{s['penalties']}通りから患者単位の入れ子交差検証"
        f"(外側{s['folds']}分割、内側{s['inner']}分割)で選択した。学習に用いなかった患者での"
        f"{s['figure']}は{s['value']}"
        f"({s['low']}〜{s['high']}、{how})であり、同じ患者で平均線量、gEUD、DVHのリッジ回帰"
        + ("および臨床変数のみのモデルと比較した。" if s["terms"] else "と比較した。"),
        _tested(result, 1),
        _steady(result, 1),
        "隣り合うボクセルの線量はほぼ共線であり、すべての計画で同じ線量を受ける部位をマップは区別できない。"
        f"乱数シードは{s['seed']}とした。",
    ]
    return sentences, _references(result)


def _tested(result: Result, language: int) -> str:
    said, alpha = result["significance"], result["config"]["alpha"]
    if said is None:
        return ""
    wide = f"{result['config']['smoothing_mm']:g}"
    any_p, voxels = f"{said['any_p']:.3g}", said["voxels"]
    if language:
        return (
            "臨床変数で調整した線量に対して転帰と臨床変数の組を並べ替え(Winkler 2014)、"
            "最大統計量により臓器全体で多重性を調整した。"
            f"平滑化(半値全幅{wide} mm)した線量と転帰の関連は"
            f"並べ替え{said['any_permutations']}回でp = {any_p}、"
            f"マップは並べ替え{said['permutations']}回で判定し、"
            f"有意水準{alpha:g}で{voxels}ボクセルが有意であった。"
        )
    return (
        "Outcomes and clinical terms, kept together, were permuted against doses adjusted for "
        "the clinical terms "
        f"(Winkler 2014), with the maximum statistic for family-wise control over the organ "
        f"after smoothing "
        f"(full width at half maximum {wide} mm): any relation of dose and outcome, p = {any_p} "
        f"({said['any_permutations']} permutations); the map itself by {said['permutations']} "
        f"permutations, "
        f"{voxels} voxels significant at {alpha:g}, none where the first test is not."
    )


def _steady(result: Result, language: int) -> str:
    said = result["stability"]
    if said is None:
        return ""
    share, bound = f"{said['threshold']:g}", f"{said['false_bound']:.3g}"
    if language:
        return (
            f"患者の半数ずつの部分標本{said['subsamples']}組での選択頻度を求め(Shah 2013)、"
            f"閾値{share}での偽選択数の上限"
            f"(Meinshausen 2010)は{bound}ブロックであったが、この上限はボクセルの交換可能性を仮定する。"
        )
    return (
        f"Selection frequencies come from {said['subsamples']} halves of the patients in "
        f"complementary pairs (Shah "
        f"2013); at a threshold of {share} the bound on falsely selected blocks is {bound} "
        f"(Meinshausen 2010), "
        "which supposes that voxels are exchangeable."
    )


def _references(result: Result) -> list[str]:
    named = ["condat"] if result["config"]["solver"] == "tv" else ["zhou"]
    named += ["fused", "niemierko"]
    named += ["winkler"] if result["significance"] is not None else []
    named += ["shah", "stability"] if result["stability"] is not None else []
    return named + (["delong"] if result["judged"]["figure"] == "auc" else [])
