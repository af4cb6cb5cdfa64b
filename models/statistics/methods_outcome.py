"""How an outcome was predicted from columns of a cohort, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.statistics.units import plural_en, word_ja

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
_MODELS: dict[tuple[str, str], tuple[str, str, list[str]]] = {
    ("binary", "elastic-net"): (
        "logistic regression with elastic-net penalty", "elastic net罰則付きロジスティック回帰", ["elastic"],
    ),
    ("binary", "random-forest"): ("random forest", "ランダムフォレスト", ["forest"]),
    ("binary", "gradient-boosting"): ("gradient boosting", "勾配ブースティング", ["boosting"]),
    ("survival", "elastic-net"): (
        "Cox regression with elastic-net penalty", "elastic net罰則付きCox回帰", ["coxnet"],
    ),
    ("survival", "random-forest"): ("random survival forest", "ランダムサバイバルフォレスト", ["rsf"]),
    ("survival", "gradient-boosting"): (
        "gradient boosting of the Cox loss", "Cox損失による勾配ブースティング", ["boosting"],
    ),
}  # fmt: skip
GROUPS_JA = {"clinical": "臨床変数", "radiomics": "特徴量", "both": "臨床変数と特徴量"}
ADJUSTMENTS: dict[str, tuple[str, str, list[str]]] = {
    "holm": (", p adjusted by Holm's method", "p値はHolm法で補正した。", ["holm"]),
    "bh": (
        ", p adjusted by Benjamini and Hochberg's method",
        "p値はBenjamini-Hochberg法で補正した。",
        ["bh"],
    ),
    "none": ("", "", []),
}


def outcome_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    config, cohort, endpoint = result["config"], result["cohort"], result["endpoint"]
    groups = "; ".join(
        f"{name}, {len(columns)} columns" for name, columns in result["columns"]["groups"].items()
    )
    models = ", ".join(_MODELS[endpoint["kind"], name][0] for name in config["models"])
    sentences = [
        f"The {endpoint['kind']} endpoint '{endpoint['name']}' was predicted in {cohort['patients']} "
        f"training "
        f"patients ({cohort['events']} with the event"
        + (
            f", {cohort['competing']} with a competing event, taken as censored"
            if cohort["competing"]
            else ""
        )
        + f"); {cohort['test_patients']} patients ({cohort['test_events']} with the event) were locked for "
        f"testing. The outcome was not known in {cohort['unknown']}.",
        f"Groups of columns ({groups}) were learnt from by {models}.",
        _missing_en(result),
        f"Within each training fold, of two columns with an absolute Pearson correlation above "
        f"{config['max_correlation']:g} the one more associated with the outcome was kept, and of the "
        f"features "
        f"the {config['keep']} most associated ones.",
        _learning_en(result),
        _figures_en(result),
        _compared_en(result),
        _found_en(result),
        "How far the model applies to a new patient is told by the Mahalanobis distance with shrunken "
        "covariance.",
        f"The random seed was {config['seed']}.",
    ]
    return sentences, _references(result)


def _missing_en(result: Result) -> str:
    config = result["config"]
    text = {
        "impute": "Missing values were replaced by the median (or most frequent level) of the training "
        "folds.",
        "drop": f"Patients with missing values ({result['cohort']['incomplete']}) were left out.",
        "refuse": "No value was missing.",
    }[config["missing"]]
    icc = f", features of an ICC below {config['min_icc']:g} or unknown" if config["min_icc"] else ""
    return (
        text
        + f" Columns missing in more than {config['max_missing']:.0%} of the patients, constant ones{icc} "
        f"were left out ({len(result['columns']['dropped'])})."
    )


def _learning_en(result: Result) -> str:
    config = result["config"]
    text = (
        f"Nested cross-validation by patients had {config['folds']} outer folds"
        + (f", repeated {config['repeats']} times" if config["repeats"] > 1 else "")
        + f", and {config['inner_folds']} inner folds, in which hyperparameters and the threshold were "
        f"chosen."
    )
    if any(name != "elastic-net" for name in config["models"]):
        text += f" Forests and boosting had {config['trees']} trees."
    if result["endpoint"]["kind"] == "binary" and config["class_weight"] == "balanced":
        text += (
            " Both outcomes weighed the same in learning, and probabilities were put back to the prevalence."
        )
    return text


def _figures_en(result: Result) -> str:
    if result["endpoint"]["kind"] == "binary":
        return (
            "Discrimination is the AUC of out-of-fold predictions with DeLong's 95 % interval; "
            "sensitivity and "
            "specificity are those at Youden's threshold with Wilson's intervals; calibration is told by the "
            "slope, use by decision curves."
        )
    times = ", ".join(f"{one:.3g}" for one in result["models"][0]["predictions"]["times"])
    return (
        "Discrimination is Harrell's C (bootstrap 95 % interval) and Uno's C of out-of-fold predictions; "
        "time-dependent AUC, Brier score, calibration and decision curves were judged at "
        f"{times} {plural_en(result['endpoint']['unit'])}. Patients were of high risk from the median of the "
        f"inner folds "
        "on, and groups were compared by the log-rank test."
    )


def _compared_en(result: Result) -> str:
    if not result["comparisons"]:
        return ""
    test = "DeLong's paired test" if result["endpoint"]["kind"] == "binary" else "a paired bootstrap of C"
    rows = "; ".join(
        f"{one['second']} less {one['first']} ({one['model']}): {one['difference']:.2f}, "
        f"p = {one['p_adjusted']:.3g}"
        for one in result["comparisons"]
    )
    return f"Groups were compared on the same patients by {test}{_adjusted(result, 0)} ({rows})."


def _adjusted(result: Result, language: int) -> str:
    found = ADJUSTMENTS[result["config"]["adjustment"]][language]
    return str(found) if len(result["comparisons"]) > 1 else ""


def headline(figures: Mapping[str, Any]) -> tuple[str, Mapping[str, float]]:
    """The figure by which a prediction is told first, with its interval."""
    for key, name in (("auc", "AUC"), ("harrell_c", "C"), ("concordance", "C")):
        if key in figures:
            return name, figures[key]
    raise KeyError("auc")


def _final(result: Result) -> Mapping[str, Any]:
    chosen = result["chosen"]
    found: Mapping[str, Any] = next(
        one for one in result["models"] if (one["group"], one["model"]) == (chosen["group"], chosen["model"])
    )
    return found


def _found_en(result: Result) -> str:
    chosen, test = result["chosen"], result["test"]
    name, value = headline(_final(result)["figures"])
    how = "set in advance" if chosen["by"] == "configuration" else "the best by cross-validation"
    text = (
        f"The final model ({chosen['group']}, "
        f"{_MODELS[result['endpoint']['kind'], chosen['model']][0]}; {how} "
        f"of {chosen['of']}) had an out-of-fold {name} of {value['value']:.2f} ({value['low']:.2f} to "
        f"{value['high']:.2f})."
    )
    if test is not None and test["figures"] is not None:
        name, value = headline(test["figures"])
        text += f" In the locked patients its {name} was {value['value']:.2f} ({value['low']:.2f} to "
        text += f"{value['high']:.2f})."
    if result["permutation"] is not None:
        found = result["permutation"]
        text += f" Outcomes shuffled {found['permutations']} times gave p = {found['p']:.3g}."
    return text


def _references(result: Result) -> list[str]:
    kind = result["endpoint"]["kind"]
    named = ["nested", "wolf"]
    named += (
        ["delong", "youden", "decision"] if kind == "binary" else ["harrell", "uno", "brier", "decisions"]
    )
    named += ["km", "logrank"] if kind == "survival" else []
    for name in result["config"]["models"]:
        named += _MODELS[kind, name][2]
    several = len(result["comparisons"]) > 1
    return named + (ADJUSTMENTS[result["config"]["adjustment"]][2] if several else [])


def outcome_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    config, cohort, endpoint = result["config"], result["cohort"], result["endpoint"]
    kind = {"binary": "二値", "survival": "生存時間"}[endpoint["kind"]]
    groups = "、".join(
        f"{GROUPS_JA[name]}{len(columns)}列" for name, columns in result["columns"]["groups"].items()
    )
    models = "、".join(_MODELS[endpoint["kind"], name][1] for name in config["models"])
    sentences = [
        f"{kind}エンドポイント「{endpoint['name']}」を、学習用患者{cohort['patients']}例(イベント"
        f"{cohort['events']}件"
        + (f"、競合イベント{cohort['competing']}件は打ち切りとした" if cohort["competing"] else "")
        + f")で予測した。{cohort['test_patients']}例(イベント{cohort['test_events']}件)はテスト用に固定した。"
        f"転帰不明は{cohort['unknown']}例であった。",
        f"列の組({groups})を{models}により学習した。",
        _missing_ja(result),
        f"各学習foldの中で、Pearson相関の絶対値が{config['max_correlation']:g}を超える2列からは転帰との"
        f"関連が強い方を残し、"
        f"特徴量は関連の強い順に{config['keep']}個までを用いた。",
        _learning_ja(result),
        _figures_ja(result),
        _compared_ja(result),
        _found_ja(result),
        "新規患者への適用可能性は、縮小推定した共分散によるMahalanobis距離で示す。",
        f"乱数シードは{config['seed']}とした。",
    ]
    return sentences, _references(result)


def _missing_ja(result: Result) -> str:
    config = result["config"]
    text = {
        "impute": "欠測値は学習foldの中央値(カテゴリは最頻水準)で補完した。",
        "drop": f"欠測のある患者({result['cohort']['incomplete']}例)は除外した。",
        "refuse": "欠測値はなかった。",
    }[config["missing"]]
    icc = f"、ICCが{config['min_icc']:g}未満または不明の特徴量" if config["min_icc"] else ""
    return (
        text + f"欠測が患者の{config['max_missing']:.0%}を超える列、定数の列{icc}は除いた"
        f"({len(result['columns']['dropped'])}列)。"
    )


def _learning_ja(result: Result) -> str:
    config = result["config"]
    text = (
        f"患者単位の入れ子交差検証(外側{config['folds']}分割"
        + (f"、{config['repeats']}回反復" if config["repeats"] > 1 else "")
        + f"、内側{config['inner_folds']}分割)を行い、ハイパーパラメータと閾値は内側の分割で選択した。"
    )
    if any(name != "elastic-net" for name in config["models"]):
        text += f"木の数は{config['trees']}とした。"
    if result["endpoint"]["kind"] == "binary" and config["class_weight"] == "balanced":
        text += "学習では両転帰の重みを等しくし、確率は有病割合に合わせて戻した。"
    return text


def _figures_ja(result: Result) -> str:
    if result["endpoint"]["kind"] == "binary":
        return (
            "識別能はfold外予測のAUC(DeLong法の95 %信頼区間)、感度と特異度はYoudenの閾値での値(Wilson信"
            "頼区間)、"
            "較正は傾き、有用性はdecision curveで示す。"
        )
    unit = word_ja(result["endpoint"]["unit"])
    times = "、".join(f"{one:.3g}" for one in result["models"][0]["predictions"]["times"])
    return (
        "識別能はfold外予測のHarrellのC(ブートストラップ法の95 %信頼区間)とUnoのCで示す。"
        f"時間依存AUC、Brierスコア、較正、decision curveは{times}{unit}の時点で評価した。"
        "内側の分割での中央値以上を高リスクとし、群間はログランク検定で比較した。"
    )


def _compared_ja(result: Result) -> str:
    if not result["comparisons"]:
        return ""
    test = (
        "DeLongの対応のある検定"
        if result["endpoint"]["kind"] == "binary"
        else "Cの対応のあるブートストラップ法"
    )
    rows = "、".join(
        f"{GROUPS_JA[one['second']]} - {GROUPS_JA[one['first']]}({one['model']}): {one['difference']:.2f}、"
        f"p = {one['p_adjusted']:.3g}"
        for one in result["comparisons"]
    )
    return f"列の組は同じ患者で{test}により比較した({rows})。{_adjusted(result, 1)}"


def _found_ja(result: Result) -> str:
    chosen, test = result["chosen"], result["test"]
    name, value = headline(_final(result)["figures"])
    how = "事前に指定" if chosen["by"] == "configuration" else "交差検証で最良"
    text = (
        f"最終モデル({GROUPS_JA[chosen['group']]}、"
        f"{_MODELS[result['endpoint']['kind'], chosen['model']][1]}; "
        f"{chosen['of']}個のうち{how})のfold外{name}は{value['value']:.2f}({value['low']:.2f}〜"
        f"{value['high']:.2f})であった。"
    )
    if test is not None and test["figures"] is not None:
        name, value = headline(test["figures"])
        limits = f"{value['low']:.2f}〜{value['high']:.2f}"
        text += f"固定したテスト患者での{name}は{value['value']:.2f}({limits})であった。"
    if result["permutation"] is not None:
        found = result["permutation"]
        text += f"転帰を{found['permutations']}回並べ替えた検定ではp = {found['p']:.3g}であった。"
    return text
