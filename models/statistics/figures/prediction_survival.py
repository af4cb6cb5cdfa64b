"""Figures of predictions of survival: concordance, risk groups, accuracy over time, calibration, use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from models.statistics.figures.prediction import DRAWN, Named, decision_curve, observed_shares
from models.statistics.figures.style import COLUMN_MM, GREY, colour, dash, sheet, short
from models.statistics.figures.survival import kaplan_meier
from models.statistics.units import plural_en

Draw = Callable[[], Figure]


def survival_prediction_figures(
    models: Sequence[Named], endpoint: Mapping[str, Any], before: str = ""
) -> dict[str, Draw]:
    """Drawings by name, `before` in front of each; those of the highest concordance share axes.

    The risk groups are those of the best one.  What the follow-up could not give is not drawn.
    """
    best = sorted(models, key=lambda one: -_concordance(one)["value"])[:DRAWN]
    if not best:
        return {}
    found: dict[str, Draw] = {"concordance": partial(concordance, models)}
    groups = next(
        ((name, said["risk_groups"]) for name, said in best if "groups" in said["risk_groups"]), None
    )
    if groups is not None:
        found["risk-groups"] = partial(risk_groups_figure, groups, endpoint)
    for name, key, words in (("auc-over-time", "auc", "AUC"), ("brier-over-time", "score", "Brier score")):
        place = "time_auc" if key == "auc" else "brier"
        drawn = [
            (title, said[place]) for title, said in best if "refused" not in said.get(place, {"refused": 1})
        ]
        if drawn:
            found[name] = partial(
                over_time,
                drawn,
                key,
                f"{words} (cumulative/dynamic)" if key == "auc" else words,
                str(endpoint["unit"]),
            )
    if "calibration" in best[0][1]:
        found["calibration"] = partial(calibration_at, best, str(endpoint["unit"]))
        found["decision-curve"] = partial(decision_curve, best)
    return {before + name: draw for name, draw in found.items()}


def _concordance(one: Named) -> Mapping[str, float]:
    """Harrell's C with its interval."""
    said = one[1]
    found: Mapping[str, float] = said["harrell_c"] if "harrell_c" in said else said["concordance"]
    return found


def concordance(models: Sequence[Named]) -> Figure:
    """Harrell's C of each model with its 95 % interval."""
    figure = sheet(COLUMN_MM, 18 + 7 * len(models))
    plot = figure.subplots()
    for row, one in enumerate(models):
        said = _concordance(one)
        plot.plot([said["low"], said["high"]], [row, row], color=colour(0), linewidth=1)
        plot.plot([said["value"]], [row], "s", color=colour(0), ms=4)
    labels = [
        f"{short(one[0], 26)}\n{_concordance(one)['value']:.2f} "
        f"({_concordance(one)['low']:.2f} to {_concordance(one)['high']:.2f})"
        for one in models
    ]
    plot.set_yticks(range(len(models)), labels)
    plot.axvline(0.5, color=GREY, linewidth=0.6, linestyle=dash(1))
    lowest = min(_concordance(one)["low"] for one in models)
    plot.set(xlim=(min(0.4, lowest - 0.02), 1), ylim=(len(models) - 0.5, -0.5), xlabel="Harrell's C")
    return figure


def risk_groups_figure(groups: tuple[str, Mapping[str, Any]], endpoint: Mapping[str, Any]) -> Figure:
    """Kaplan-Meier curves of those predicted at low and at high risk by one model."""
    name, said = groups
    told = {
        "at_risk_times": said["at_risk_times"],
        "config": {"endpoint": endpoint["name"]},
        "cohort": {"unit": endpoint["unit"]},
    }
    grouping = {"column": f"Risk by {name}", "unit": "", "cut": None}
    return kaplan_meier(told, grouping | {"groups": said["groups"], "test": said["test"]})


def over_time(models: Sequence[Named], key: str, label: str, unit: str) -> Figure:
    """A figure of each model at each of the times judged."""
    figure = sheet(COLUMN_MM, 58)
    plot = figure.subplots()
    for index, (name, said) in enumerate(models):
        plot.plot(
            said["time"], said[key], color=colour(index), linestyle=dash(index), marker="os^Dv"[index % 5],
            ms=3, label=short(name, 26),
        )  # fmt: skip
    plot.set(xlabel=f"Time ({plural_en(unit)})", ylabel=label)
    if key == "auc":
        plot.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
        plot.set_ylim(None, 1.02)
    else:
        plot.set_ylim(0, 1.15 * max(max(said[key]) for _, said in models))
    plot.legend(loc="best")
    return figure


def calibration_at(models: Sequence[Named], unit: str) -> Figure:
    """Observed (Kaplan-Meier) against predicted share with the event at one time, by quarters."""
    figure, plot = observed_shares([(name, said["calibration"]["curve"], "") for name, said in models])
    time = f"{models[0][1]['calibration']['time']:.3g}"
    plot.set(
        xlabel=f"Predicted share with the event at {time} {plural_en(unit)}",
        ylabel="Observed share (Kaplan-Meier)",
    )
    return figure
