"""How a network of outcome was trained and measured, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.statistics.methods_outcome import headline

Result = Mapping[str, Any]
Said = tuple[list[str], list[str]]
_BASELINES = {
    "clinical": ("clinical variables", "臨床変数"),
    "radiomics": ("features", "特徴量"),
    "combined": ("clinical variables with the network's score", "臨床変数とネットワークのスコア"),
    "network": ("the network", "ネットワーク"),
}


def network_en(result: Result) -> Said:
    """English sentences, and the references that they name."""
    config, patients, endpoint = result["config"], result["patients"], result["endpoint"]
    crop, binary = config["crop"], endpoint["kind"] == "binary"
    levels = "-".join(str(one) for one in config["channels"])
    sentences = [
        f"The {endpoint['kind']} endpoint '{endpoint['name']}' was predicted by a convolutional network in "
        f"{patients['train']} patients ({patients['events']} with the event); {patients['test']} were "
        f"set aside "
        f"for testing and {len(result['left_out'])} left out.",
        f"The {config['network'].upper()} network saw cubes of {crop['size']} voxels of "
        f"{crop['spacing_mm']:g} mm a side around the region ({_region_en(crop)}), with channels for the "
        f"{crop['modality']} image{_window(crop)}"
        + (", the dose" if crop["dose"] else "")
        + " and the region; "
        f"voxels outside the region were {'blanked' if crop['outside'] == 'blank' else 'shown'}.",
        f"It had {len(config['channels'])} levels of {levels} feature maps and dropout of "
        f"{config['dropout']:g}"
        + (f", and {_beside(config)} in its last layer" if config["clinical_in_network"] else "")
        + f", and was trained for at most {config['epochs']} epochs (patience {config['patience']}) in "
        f"batches "
        f"of {config['batch']}, with a learning rate of {config['learning_rate']:g} and weight decay of "
        f"{config['weight_decay']:g}.",
        _augmented_en(config["augmentation"]),
        f"In {config['folds']} folds by patients, {config['members']} networks each learnt from all but "
        f"one part "
        "of the training patients and stopped by that part; their mean was calibrated on the training "
        "patients " + ("(Platt) and read at Youden's threshold." if binary else "and read at their median."),
        _baselines_en(result),
        _figures_en(result),
        "Where the networks look is told by Grad-CAM and by occlusion; how far they apply to a new "
        "patient by "
        "the distance from the training patients in the networks' last layer.",
        f"The random seed was {config['seed']}.",
    ]
    return sentences, _references(result)


def _beside(config: Mapping[str, Any]) -> str:
    return ", ".join(f"'{name}'" for name in config["clinical"])


def _region_en(crop: Mapping[str, Any]) -> str:
    region = crop["region"]
    text = (" or " if region["any_of"] else " and ").join(region["structures"]) or "whole image"
    text += f" without {', '.join(region['without'])}" if region["without"] else ""
    if region["isodose_gy"] is not None:
        text += f", where the dose is at least {region['isodose_gy']:g} Gy"
    return text + (f", margin {region['margin_mm']:g} mm" if region["margin_mm"] else "")


def _window(crop: Mapping[str, Any]) -> str:
    window = crop["window"]
    return f" ({window['low_hu']:g} to {window['high_hu']:g} HU)" if "low_hu" in window else ""


def _augmented_en(how: Mapping[str, Any]) -> str:
    return (
        f"In training, crops were shifted (up to {how['shift_mm']:g} mm), turned (up to "
        f"{how['rotation_deg']:g} "
        f"degrees) and changed in brightness (SD {how['brightness']:g}) and contrast (SD {how['contrast']:g})"
        + (", and left and right were exchanged in half of them." if how["flip"] else ".")
    )


def _baselines_en(result: Result) -> str:
    named = [_BASELINES[name][0] for name in result["models"] if name != "network"]
    if not named:
        return ""
    kind = "logistic" if result["endpoint"]["kind"] == "binary" else "Cox"
    return (
        f"Beside it stand {kind} regressions with elastic-net penalty, in the same folds: {', '.join(named)}."
    )


def _figures_en(result: Result) -> str:
    binary = result["endpoint"]["kind"] == "binary"
    rows = "; ".join(
        f"{_BASELINES[name][0]} {_interval(one, 'to')}" for name, one in result["models"].items()
    )
    text = "Discrimination is told by the " + (
        "AUC with DeLong's 95 % interval" if binary else "concordance with its bootstrap 95 % interval"
    )
    text += f", each patient predicted by what did not learn from that patient: {rows}."
    if result["comparisons"]:
        test = "DeLong's paired test" if binary else "a paired bootstrap"
        tests = "; ".join(
            f"{_BASELINES[one['second']][0]} less {_BASELINES[one['first']][0]} {one['difference']:.2f}, "
            f"p = {one['p']:.3g}"
            for one in result["comparisons"]
        )
        text += f" Models were compared by {test}, not adjusted for their number ({tests})."
    aside = (result["set_aside"] or {}).get("network")
    return text + (f" In the patients set aside: the network {_interval(aside, 'to')}." if aside else "")


def _interval(one: Mapping[str, Any], to: str) -> str:
    name, value = headline(one)
    space = " " if to == "to" else ""
    return f"{name} {value['value']:.2f} ({value['low']:.2f}{space}{to}{space}{value['high']:.2f})"


def _references(result: Result) -> list[str]:
    binary = result["endpoint"]["kind"] == "binary"
    named = ["gradcam", "occlusion", *(("delong", "youden", "platt", "decision") if binary else ("harrell",))]
    named += ["km", "logrank"] if not binary else []
    return named + (["elastic" if binary else "coxnet"] if len(result["models"]) > 1 else [])


def network_ja(result: Result) -> Said:
    """Japanese sentences, and the references that they name."""
    config, patients, endpoint = result["config"], result["patients"], result["endpoint"]
    crop, binary = config["crop"], endpoint["kind"] == "binary"
    levels = "-".join(str(one) for one in config["channels"])
    kind = "二値" if binary else "生存時間"
    sentences = [
        f"{kind}エンドポイント「{endpoint['name']}」を、畳み込みニューラルネットワークにより"
        f"{patients['train']}例"
        f"(イベント{patients['events']}件)で予測した。{patients['test']}例はテスト用に除けておき、"
        f"{len(result['left_out'])}例は除外した。",
        f"{config['network'].upper()}ネットワークの入力は、領域({_region_ja(crop)})を中心とする1辺"
        f"{crop['size']}ボクセル({crop['spacing_mm']:g} mm間隔)の立方体で、チャンネルは{crop['modality']}画像"
        f"{_window(crop).replace(' to ', '〜')}" + ("、線量" if crop["dose"] else "") + "および領域である。"
        f"領域外のボクセルは{'空白とした' if crop['outside'] == 'blank' else '残した'}。",
        f"{len(config['channels'])}段(特徴マップ数{levels})、ドロップアウト{config['dropout']:g}とし"
        + (f"、最終層に{_beside(config)}を加え" if config["clinical_in_network"] else "")
        + f"、最大{config['epochs']}エポック(patience {config['patience']})、バッチ{config['batch']}、学習率"
        f"{config['learning_rate']:g}、重み減衰{config['weight_decay']:g}で学習した。",
        _augmented_ja(config["augmentation"]),
        f"患者単位の{config['folds']}分割で、学習用患者の1部分を除く全部から学習しその部分で停止するネッ"
        f"トワークを"
        f"{config['members']}個ずつ作り、その平均を学習用患者で較正し"
        + ("(Platt法)、Youdenの閾値で判定した。" if binary else "、その中央値で判定した。"),
        _baselines_ja(result),
        _figures_ja(result),
        "ネットワークの着目部位はGrad-CAMと遮蔽により、新規患者への適用可能性は最終層での学習用患者から"
        "の距離により示す。",
        f"乱数シードは{config['seed']}とした。",
    ]
    return sentences, _references(result)


def _region_ja(crop: Mapping[str, Any]) -> str:
    region = crop["region"]
    text = ("または" if region["any_of"] else "かつ").join(region["structures"]) or "画像全体"
    text += f"、{'、'.join(region['without'])}を除く" if region["without"] else ""
    if region["isodose_gy"] is not None:
        text += f"、線量{region['isodose_gy']:g} Gy以上"
    return text + (f"、マージン{region['margin_mm']:g} mm" if region["margin_mm"] else "")


def _augmented_ja(how: Mapping[str, Any]) -> str:
    return (
        f"学習中、立方体を平行移動({how['shift_mm']:g} mmまで)、回転({how['rotation_deg']:g}度まで)し、"
        f"明るさ(SD {how['brightness']:g})とコントラスト(SD {how['contrast']:g})を変化させた"
        + ("。半数では左右を入れ替えた。" if how["flip"] else "。")
    )


def _baselines_ja(result: Result) -> str:
    named = [_BASELINES[name][1] for name in result["models"] if name != "network"]
    if not named:
        return ""
    kind = "ロジスティック" if result["endpoint"]["kind"] == "binary" else "Cox"
    return f"比較対象として、同じ分割でelastic net罰則付き{kind}回帰({'、'.join(named)})を学習した。"


def _figures_ja(result: Result) -> str:
    binary = result["endpoint"]["kind"] == "binary"
    rows = "、".join(
        f"{_BASELINES[name][1]} {_interval(one, '〜')}" for name, one in result["models"].items()
    )
    text = "識別能は、その患者から学習していないモデルによる予測の" + (
        "AUC(DeLong法の95 %信頼区間)" if binary else "concordance(ブートストラップ法の95 %信頼区間)"
    )
    text += f"で示す: {rows}。"
    if result["comparisons"]:
        test = "DeLongの対応のある検定" if binary else "対応のあるブートストラップ法"
        tests = "、".join(
            f"{_BASELINES[one['second']][1]} - {_BASELINES[one['first']][1]} {one['difference']:.2f}、"
            f"p = {one['p']:.3g}"
            for one in result["comparisons"]
        )
        text += f"モデル間は{test}(多重性の補正なし)で比較した({tests})。"
    aside = (result["set_aside"] or {}).get("network")
    return text + (f"除けておいた患者でのネットワーク: {_interval(aside, '〜')}。" if aside else "")
