"""How survival was analysed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.statistics.units import plural_en, word_ja

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
FOLLOWED_JA = "追跡期間の中央値(逆Kaplan-Meier法)は{value:.1f}{unit}であった。"
_PEOPLE = {"all": ("all", "全"), "train": ("training", "学習用"), "test": ("test", "テスト用")}
_ADJUSTMENTS: dict[str, tuple[str, str, list[str]]] = {
    "holm": ("Holm's method", "Holm法", ["holm"]),
    "bh": ("Benjamini and Hochberg's method", "Benjamini-Hochberg法", ["bh"]),
    "none": ("", "", []),
}


def survival_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    config, cohort = result["config"], result["cohort"]
    sentences = [
        f"The endpoint '{config['endpoint']}' was analysed in {_PEOPLE[config['patients']][0]} patients with "
        f"known follow-up (n = {cohort['patients']}, {cohort['events']} events"
        + (f", {cohort['competing']} competing events" if cohort["competing"] else "")
        + f"; not known in {cohort['unknown']})."
        + _follow_up(
            {**cohort, "unit": plural_en(cohort["unit"])},
            "Median follow-up by reverse Kaplan-Meier was {value:.1f} {unit}.",
        ),
        "Survival curves are Kaplan-Meier estimates with log-log 95 % intervals.",
        _groupings_en(result),
        _models_en(result),
        _competing_en(result),
        _adjusted_en(result),
        _refused(result, "Not answered: {listed}."),
    ]
    return sentences, _references(result)


def _follow_up(cohort: Mapping[str, Any], sentence: str) -> str:
    value = cohort["median_follow_up"]["value"]
    return "" if value is None else " " + sentence.format(value=value, unit=cohort["unit"])


def _cuts(result: Result) -> set[str]:
    return {one["cut"]["kind"] for one in result["groupings"] if one["cut"]}


def _groupings_en(result: Result) -> str:
    if not result["groupings"]:
        return ""
    names = ", ".join(f"'{one['column']}'" for one in result["groupings"])
    text = f"Groups by {names} were compared by log-rank tests."
    if "median" in _cuts(result):
        text += " Numbers were divided at their median."
    if "optimal" in _cuts(result):
        cuts = [one["cut"] for one in result["groupings"] if one["cut"] and one["cut"]["kind"] == "optimal"]
        corrections = sorted({one["correction"] for one in cuts})
        text += f" Optimal cuts were searched for, and their p values pay for it ({'; '.join(corrections)})."
    return text


def _models(result: Result) -> list[Mapping[str, Any]]:
    return [*result["univariable"], *([result["multivariable"]] if result["multivariable"] else [])]


def _models_en(result: Result) -> str:
    if not _models(result):
        return ""
    config = result["config"]
    penalty = {
        "none": "",
        "firth": " with Firth's penalty",
        "ridge": f" with a ridge penalty of {config['ridge']:g}",
    }
    text = f"Cox models{penalty[config['penalty']]} used Efron's handling of ties"
    text += f"; univariable models: {len(result['univariable'])}" if result["univariable"] else ""
    if result["multivariable"]:
        model = result["multivariable"]
        columns = ", ".join(f"'{name}'" for name in model["columns"])
        text += f"; the multivariable model held {columns} (n = {model['n']}, {model['events']} events)"
    return text + ". Proportional hazards were tested by scaled Schoenfeld residuals."


def _competing_en(result: Result) -> str:
    if not result["competing"]:
        return ""
    text = "Cumulative incidence was estimated by Aalen and Johansen's method"
    text += " and compared by Gray's test." if result["groupings"] else "."
    if not _models(result):
        return text
    return (
        text + " Hazard ratios are cause-specific; Fine and Gray's subdistribution hazards stand beside them."
    )


def _adjusted_en(result: Result) -> str:
    name = _ADJUSTMENTS[result["config"]["adjustment"]][0]
    return f"p values of several questions were adjusted by {name}." if name and _several(result) else ""


def _several(result: Result) -> bool:
    return max(len(result["groupings"]), len(result["univariable"])) > 1


def _refused(result: Result, sentence: str) -> str:
    listed = ", ".join(f"{one['where']} ({one['slug']})" for one in result["refused"])
    return sentence.format(listed=listed) if listed else ""


def _references(result: Result) -> list[str]:
    named = ["km"]
    named += ["follow"] if result["cohort"]["median_follow_up"]["value"] is not None else []
    named += ["logrank"] if result["groupings"] else []
    named += ["maximal"] if "optimal" in _cuts(result) else []
    named += ["cox", "efron", "schoenfeld"] if _models(result) else []
    named += ["firth"] if _models(result) and result["config"]["penalty"] == "firth" else []
    if result["competing"]:
        named += [
            "aalen",
            *(["gray"] if result["groupings"] else []),
            *(["finegray"] if _models(result) else []),
        ]
    return named + (_ADJUSTMENTS[result["config"]["adjustment"]][2] if _several(result) else [])


def survival_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    config, cohort = result["config"], result["cohort"]
    unit = word_ja(cohort["unit"])
    sentences = [
        f"エンドポイント「{config['endpoint']}」を、追跡情報のある{_PEOPLE[config['patients']][1]}患者で"
        f"解析した"
        f"(n = {cohort['patients']}、イベント{cohort['events']}件"
        + (f"、競合イベント{cohort['competing']}件" if cohort["competing"] else "")
        + f"、不明{cohort['unknown']}例)。",
        _follow_up({**cohort, "unit": unit}, FOLLOWED_JA).strip(),
        "生存曲線はKaplan-Meier法(二重対数変換による95 %信頼区間)により推定した。",
        _groupings_ja(result),
        _models_ja(result),
        _competing_ja(result),
        _adjusted_ja(result),
        _refused(result, "解析できなかった項目: {listed}。"),
    ]
    return sentences, _references(result)


def _groupings_ja(result: Result) -> str:
    if not result["groupings"]:
        return ""
    names = "".join(f"「{one['column']}」" for one in result["groupings"])
    text = f"{names}による群間の比較にはログランク検定を用いた。"
    if "median" in _cuts(result):
        text += "数値は中央値で2群に分けた。"
    if "optimal" in _cuts(result):
        text += (
            "最適なカットオフを探索し、その多重性をp値に反映した(最大選択ログランク統計量の並べ替え検定)。"
        )
    return text


def _models_ja(result: Result) -> str:
    if not _models(result):
        return ""
    config = result["config"]
    penalty = {"none": "", "firth": "Firthの罰則付き", "ridge": f"リッジ罰則(重み{config['ridge']:g})付き"}
    text = f"{penalty[config['penalty']]}Cox比例ハザードモデル(同順位はEfron法)を用いた"
    text += f"(単変量{len(result['univariable'])}件)" if result["univariable"] else ""
    if result["multivariable"]:
        model = result["multivariable"]
        columns = "".join(f"「{name}」" for name in model["columns"])
        text += f"。多変量モデルには{columns}を含めた(n = {model['n']}、イベント{model['events']}件)"
    return text + "。比例ハザード性はスケール化Schoenfeld残差により検定した。"


def _competing_ja(result: Result) -> str:
    if not result["competing"]:
        return ""
    text = "累積発生率はAalen-Johansen法で推定した。"
    text += "群間はGray検定で比較した。" if result["groupings"] else ""
    if not _models(result):
        return text
    return text + "ハザード比は原因別ハザードとして求め、Fine-Grayの部分分布ハザードを併記した。"


def _adjusted_ja(result: Result) -> str:
    name = _ADJUSTMENTS[result["config"]["adjustment"]][1]
    return f"複数の検定のp値は{name}で補正した。" if name and _several(result) else ""
