"""How a reader study was analysed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
_COVARIANCE = {
    "jackknife": ("the jackknife", "ジャックナイフ法"),
    "delong": (
        "DeLong's method (areas) and the jackknife (shares, time)",
        "DeLong法(面積)とジャックナイフ法(割合・時間)",
    ),
    "bootstrap": (
        "the bootstrap ({bootstraps} resamples of the cases, seed {seed})",
        "ブートストラップ法(症例を{bootstraps}回再標本化、乱数シード{seed})",
    ),
}
_GENERALISE = {
    "readers-and-cases": ("readers and cases as random", "読影者と症例をともに変量効果"),
    "cases": ("readers as fixed and cases as random", "読影者を固定効果、症例を変量効果"),
    "readers": ("readers as random and cases as fixed", "読影者を変量効果、症例を固定効果"),
}


def readers_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    config, study = result["config"], result["study"]
    names = " and ".join(f"'{one}'" for one in study["conditions"])
    sentences = [
        f"{study['readers']} readers read {study['cases']} cases in the conditions {names}, each case "
        f"in each condition; {study['readers_analysed']} readers and {study['cases_analysed']} cases "
        f"({study['positive']} positive) were analysed.",
        _unfinished_en(result),
        f"A case counted as called positive from a confidence of {config['threshold']:g} of 100.",
        _lesions_en(result),
        "Figures of merit were compared by the method of Obuchowski and Rockette with the degrees of "
        f"freedom of Hillis, with {_GENERALISE[config['generalise']][0]}; their covariances over cases were "
        "estimated by " + _COVARIANCE[config["covariance"]][0].format(**config) + ".",
        "The area under the ROC curve is the trapezoid one. Time per case was analysed as its logarithm by "
        "the same method and is given as geometric means and their ratio.",
        _levels(result, "Levels of experience were compared by a pooled t test over readers."),
        f"Intervals are {config['level']:.0%} intervals; p values are two-sided and not adjusted for the "
        "number of figures.",
    ]
    return sentences, _references(result)


def _unfinished_en(result: Result) -> str:
    unfinished = [one for one in result["readers"] if one["read"] < one["expected"]]
    if not unfinished:
        return ""
    listed = "; ".join(f"{one['reader']}, {one['read']} of {one['expected']} readings" for one in unfinished)
    way = {
        "leave-out-readers": "they were left out of the comparison",
        "common-cases": "all were compared on the cases that all who began had read",
    }[result["config"]["incomplete"]]
    return f"Not finished: {listed}; {way}."


def _lesions_en(result: Result) -> str:
    lesions, config = result["study"]["lesions"], result["config"]
    if lesions is None:
        return ""
    return (
        f"A mark was on the nearest of the {lesions} lesions if it lay within its radius and "
        f"{config['tolerance_mm']:g} mm; of several marks on one lesion the highest counted. Lesion-wise "
        f"sensitivity and positive predictive value count marks from a confidence of "
        f"{config['mark_threshold']:g}; the area under the weighted AFROC curve gives the lesions of a case "
        "together the weight 1."
    )


def _levels(result: Result, sentence: str) -> str:
    return sentence if any(one["level_contrasts"] for one in result["figures_of_merit"]) else ""


def readers_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    config, study = result["config"], result["study"]
    names = "と".join(f"「{one}」" for one in study["conditions"])
    sentences = [
        f"{study['readers']}名の読影者が{study['cases']}例を{names}の各条件で読影し、"
        f"{study['readers_analysed']}名・{study['cases_analysed']}例(陽性{study['positive']}例)を解析した。",
        _unfinished_ja(result),
        f"確信度(百点満点)が{config['threshold']:g}以上の症例を陽性と判定した。",
        _lesions_ja(result),
        "性能指標はHillisの自由度を用いたObuchowski-Rockette法により、"
        f"{_GENERALISE[config['generalise']][1]}として比較した。症例間の共分散は"
        + _COVARIANCE[config["covariance"]][1].format(**config)
        + "で推定した。",
        "ROC曲線下面積は台形法による。症例あたりの読影時間は対数に変換して同じ方法で解析し、"
        "幾何平均とその比で示した。",
        _levels(result, "経験による群間差は読影者を単位とする等分散t検定で比較した。"),
        f"区間は{config['level']:.0%}信頼区間、p値は両側で、指標の数による調整は行っていない。",
    ]
    return sentences, _references(result)


def _unfinished_ja(result: Result) -> str:
    unfinished = [one for one in result["readers"] if one["read"] < one["expected"]]
    if not unfinished:
        return ""
    listed = "、".join(f"{one['reader']}({one['expected']}件中{one['read']}件)" for one in unfinished)
    way = {
        "leave-out-readers": "比較から除外した",
        "common-cases": "読影を始めた全員が読影した症例のみで全員を比較した",
    }[result["config"]["incomplete"]]
    return f"読影を完了しなかった読影者: {listed}。{way}。"


def _lesions_ja(result: Result) -> str:
    lesions, config = result["study"]["lesions"], result["config"]
    if lesions is None:
        return ""
    return (
        f"マークは、{lesions}個の病変のうち最も近い病変の半径に{config['tolerance_mm']:g} mmを加えた範囲に"
        "入る場合にその病変を検出したものとし、同じ病変への複数のマークは確信度の最も高いものを採用した。"
        f"病変単位の感度と陽性的中率は確信度{config['mark_threshold']:g}以上のマークで計算した。"
        "重み付きAFROC曲線下面積では同じ症例の病変の重みの和を等しくした。"
    )


def _references(result: Result) -> list[str]:
    config = result["config"]
    named = ["obuchowski", "hillis"]
    if config["covariance"] == "delong":
        named.append("delong")
    if result["study"]["lesions"] is not None:
        named.append("wafroc")
    return named
