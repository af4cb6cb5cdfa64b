"""How subtypes were found, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
_BASES: dict[str, tuple[str, str, list[str]]] = {
    "k-means": (
        "k-means (k-means++ and Ward starts)",
        "k-means法(初期値はk-means++およびWard法)",
        ["plusplus", "ward"],
    ),
    "ward": ("hierarchical clustering (Ward)", "階層的クラスタリング(Ward法)", ["ward"]),
    "pam": ("partitioning around medoids", "PAM(k-medoids)法", ["pam"]),
}
_SCALINGS = {
    "rank": ("transformed to normal scores by rank", "順位に基づく正規スコアに変換した"),
    "z-score": ("scaled to mean 0 and standard deviation 1", "平均0・標準偏差1に標準化した"),
    "robust": ("scaled by median and interquartile range", "中央値と四分位範囲で標準化した"),
}
_REASONS = {
    "missing": ("too often missing", "欠測過多"),
    "constant": ("constant", "定数"),
    "icc-low": ("of low ICC", "ICC低値"),
    "icc-unknown": ("without an ICC", "ICC不明"),
    "redundant": ("redundant", "高相関"),
}


def subtypes_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    config, counts = result["config"], result["counts"]
    left_out = _left_out(result, 0)
    sentences = [
        f"Imaging subtypes were sought among {counts['clustered']} training patients "
        f"({counts['patients']} in the cohort, {counts['test']} of them held out as test patients) "
        f"by consensus clustering (Monti 2003).",
        f"Of {counts['features']} features, {counts['features_used']} were used"
        + (f"; {left_out} were left out" if left_out else "")
        + f" (limits: {_limits_en(config)}).",
        f"Missing values were replaced by the median, and features were {_SCALINGS[config['scaling']][0]}"
        + (f", within each group of '{config['group']}' separately." if config["group"] else "."),
        _components_en(result),
        f"The base method was {_BASES[config['base']][0]} with Euclidean distance for k = "
        f"{config['k_minimum']} to {config['k_maximum']}, on {config['subsamples']} subsamples of "
        f"{config['subsample_share']:.0%} of the patients; final clusters are those of average linkage on "
        "the consensus matrix.",
        _choice_en(config),
        _test_en(result),
        _stability_en(result),
        _described_en(result),
        f"The random seed was {config['seed']}.",
    ]
    return sentences, _references(result)


def _left_out(result: Result, language: int) -> str:
    counted = Counter(one["slug"] for one in result["features"]["left_out"])
    return ", ".join(f"{count} {_REASONS[slug][language]}" for slug, count in sorted(counted.items()))


def _limits_en(config: Mapping[str, Any]) -> str:
    limits = [f"missing in at most {config['feature_missing_maximum']:.0%} of patients"]
    if config["icc_minimum"] is not None:
        kind = f" ({config['icc_kind']})" if config["icc_kind"] else ""
        kept = "kept" if config["icc_unknown"] == "keep" else "left out"
        limits.append(f"ICC{kind} at least {config['icc_minimum']:g}, features of unknown ICC {kept}")
    if config["correlation_maximum"] is not None:
        limits.append(f"absolute Spearman correlation at most {config['correlation_maximum']:g}")
    return "; ".join(limits)


def _components_en(result: Result) -> str:
    share = result["config"]["pca_variance"]
    if share is None:
        return ""
    dimensions = result["counts"]["dimensions"]
    return f"Clustering used the {dimensions} principal components that hold {share:.0%} of the variance."


def _choice_en(config: Mapping[str, Any]) -> str:
    if config["choice"] == "silhouette":
        return "The number of clusters was that of the largest mean silhouette width."
    if config["choice"] == "delta-area":
        return (
            f"The number of clusters was the largest k that added at least {config['delta_area_minimum']:g} "
            "to the area under the consensus CDF (delta area)."
        )
    return (
        "The number of clusters was chosen by the proportion of ambiguous clustering (PAC, consensus between "
        f"{config['pac_low']:g} and {config['pac_high']:g}; Senbabaoglu 2014) relative to its mean in "
        f"{config['pac_simulations']} simulated cohorts without clusters (as in M3C); among k within "
        f"{config['pac_tolerance']:g} of the least, by the largest mean silhouette width."
    )


def _test_en(result: Result) -> str:
    found, config = result["significance"], result["config"]
    verdict = (
        f"{result['k']} significant subtypes were found"
        if result["clusters_found"]
        else f"no significant clusters were found (best candidate: k = {result['k']})"
    )
    return (
        "The share of the sum of squares within clusters (cluster index of SigClust) was compared with that "
        f"of {found['simulations']} random rotations of the cohort, which stand for a single multivariate "
        "normal population of the same covariance (Langsrud 2005), adjusted for all k by the maximum "
        f"statistic: {verdict} (p = {found['p']:.3g}, significance level {config['alpha']:g})."
    )


def _stability_en(result: Result) -> str:
    jaccards = ", ".join(f"{one['cluster']}: {one['jaccard']:.2f}" for one in result["clusters"])
    noise = result["noise"]
    text = (
        f"Stability was the mean Jaccard index over {result['config']['bootstraps']} bootstraps "
        f"(Hennig 2007; cluster {jaccards})"
    )
    if not noise["repeats"]:
        return text + "."
    return (
        text + f" and the adjusted Rand index with clusters of {noise['repeats']} cohorts to which noise of "
        f"variance 1 - ICC was added (ICC of {result['config']['noise_icc']:g} where it is not known; mean "
        f"{noise['mean']:.2f}, lowest {noise['lowest']:.2f})."
    )


def _described_en(result: Result) -> str:
    if not result["clusters_found"]:
        return ""
    return (
        "Features and clinical columns were compared between subtypes by Kruskal-Wallis tests and chi-square "
        "tests (by permutations where an expected count is below five), with Benjamini-Hochberg adjustment; "
        "new patients are given the subtype of the nearest centroid."
    )


def _references(result: Result) -> list[str]:
    config = result["config"]
    named = ["monti", "silhouette", "sigclust", "rotation", "westfall", "hennig", *_BASES[config["base"]][2]]
    named += ["pac", "m3c"] if config["choice"] == "pac" else []
    named += ["koo"] if config["icc_minimum"] is not None else []
    named += ["rand"] if result["noise"]["repeats"] else []
    return named + (["bh", "kruskal"] if result["clusters_found"] else [])


def subtypes_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    config, counts = result["config"], result["counts"]
    left_out = _left_out(result, 1)
    sentences = [
        f"学習用患者{counts['clustered']}例"
        f"(コホート{counts['patients']}例、うちテスト用{counts['test']}例)を対象に、"
        f"コンセンサスクラスタリング(Monti 2003)により画像サブタイプを探索した。",
        f"特徴量{counts['features']}個のうち{counts['features_used']}個を用いた"
        + (f"(除外: {left_out})" if left_out else "")
        + f"。採用基準は{_limits_ja(config)}とした。",
        "欠測値は中央値で補完し、"
        + (f"「{config['group']}」の群ごとに" if config["group"] else "")
        + f"特徴量を{_SCALINGS[config['scaling']][1]}。",
        _components_ja(result),
        f"基本手法は{_BASES[config['base']][1]}(ユークリッド距離)、"
        f"k = {config['k_minimum']}〜{config['k_maximum']}、"
        f"患者の{config['subsample_share']:.0%}を抽出する部分標本を{config['subsamples']}組とし、"
        "最終的なクラスターはコンセンサス行列の群平均法により決定した。",
        _choice_ja(config),
        _test_ja(result),
        _stability_ja(result),
        _described_ja(result),
        f"乱数シードは{config['seed']}とした。",
    ]
    return sentences, _references(result)


def _limits_ja(config: Mapping[str, Any]) -> str:
    limits = [f"欠測が患者の{config['feature_missing_maximum']:.0%}以下"]
    if config["icc_minimum"] is not None:
        kind = f"({config['icc_kind']})" if config["icc_kind"] else ""
        kept = "採用" if config["icc_unknown"] == "keep" else "除外"
        limits.append(f"ICC{kind}が{config['icc_minimum']:g}以上(不明の特徴量は{kept})")
    if config["correlation_maximum"] is not None:
        limits.append(f"Spearman相関の絶対値が{config['correlation_maximum']:g}以下")
    return "、".join(limits)


def _components_ja(result: Result) -> str:
    share = result["config"]["pca_variance"]
    if share is None:
        return ""
    return f"分散の{share:.0%}を説明する主成分{result['counts']['dimensions']}個を用いた。"


def _choice_ja(config: Mapping[str, Any]) -> str:
    if config["choice"] == "silhouette":
        return "クラスター数は平均シルエット幅が最大となるkとした。"
    if config["choice"] == "delta-area":
        least = config["delta_area_minimum"]
        return f"クラスター数は、コンセンサスCDF下面積の増加率が{least:g}以上である最大のkとした。"
    return (
        "クラスター数は、曖昧なクラスタリングの割合(PAC、"
        f"コンセンサス{config['pac_low']:g}〜{config['pac_high']:g}; Senbabaoglu 2014)の、"
        f"クラスターのない模擬コホート{config['pac_simulations']}組の平均に対する比(M3Cに準じる)により選択し、"
        f"最小値との差が{config['pac_tolerance']:g}以内のkの中では平均シルエット幅が最大のものとした。"
    )


def _test_ja(result: Result) -> str:
    found = result["significance"]
    verdict = (
        f"有意なサブタイプを{result['k']}個認めた"
        if result["clusters_found"]
        else f"有意なクラスターは認めなかった(最良の候補はk = {result['k']})"
    )
    return (
        "クラスター内平方和の割合(SigClustのクラスター指標)を、同じ共分散をもつ単一の多変量正規母集団を表す"
        f"コホートの無作為回転{found['simulations']}組(Langsrud 2005)と比較し、"
        f"すべてのkについて最大統計量で補正した。その結果、{verdict}"
        f"(p = {found['p']:.3g}、有意水準{found['alpha']:g})。"
    )


def _stability_ja(result: Result) -> str:
    jaccards = "、".join(f"クラスター{one['cluster']}: {one['jaccard']:.2f}" for one in result["clusters"])
    noise = result["noise"]
    bootstraps = result["config"]["bootstraps"]
    text = f"安定性はブートストラップ{bootstraps}回の平均Jaccard係数(Hennig 2007; {jaccards})で評価した。"
    if not noise["repeats"]:
        return text
    return text + (
        f"また、分散1 - ICCの雑音を加えたコホート{noise['repeats']}組(ICC不明の特徴量は"
        f"{result['config']['noise_icc']:g}とした)のクラスターとの調整Rand指数は平均{noise['mean']:.2f}、"
        f"最小{noise['lowest']:.2f}であった。"
    )


def _described_ja(result: Result) -> str:
    if not result["clusters_found"]:
        return ""
    return (
        "サブタイプ間の特徴量と臨床変数の比較にはKruskal-Wallis検定とカイ二乗検定"
        "(期待度数が5未満を含む場合は並べ替え検定)を用い、Benjamini-Hochberg法で補正した。新規患者は最も近い重心のサブタイプに分類する。"
    )
