"""Train, package, evaluate and predict without any server: `python -m models.cli …`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

from models.comparison.config import read_comparison
from models.comparison.run import TABLE, Step, Watcher, run_comparison
from models.data import load_samples
from models.datasets.head_labels import load_head_maps
from models.datasets.openkbp import OPENKBP_CARD, openkbp_manifest
from models.detection.commands import add_detection
from models.dose_maps.commands import add_dose_maps
from models.evaluation import (
    Score,
    choose_thresholds,
    draw_case,
    evaluate,
    predict_case,
    read_case,
    score_case,
    summarise,
)
from models.head_package import HeadMembers, Release, package_heads, picture_heads
from models.inference.segment import Prediction, Segmentation, draw_structures, segment
from models.organ_space.commands import add_organ_space
from models.outcome.commands import add_experiments
from models.preprocessing import CtWindow
from models.registry.members import CHECKPOINT, describe_training, read_members
from models.registry.network import (
    Network,
    NetworkManifest,
    Provenance,
    load_network,
    load_weights,
    read_version,
    second_stage,
)
from models.registry.package import pack_weights, volume_rules, with_weights, write_pictures, write_version
from models.registry.pictures import Shown, draw_picture, picture_cases
from models.registry.provenance import code_sha256
from models.robustness.commands import add_robustness
from models.simulation.commands import add_simulations
from models.statistics.commands import add_statistics
from models.training.ct_lessons import CtLessons
from models.training.head_lessons import HeadLessons
from models.training.journal import journal
from models.training.lesion_lessons import LesionLessons
from models.training.lessons import Lessons
from models.training.loop import Hooks, TrainingConfig, train
from models.training.optic_lessons import OPTIC_SPACING_MM, OpticLessons, optic_start
from models.training.parallel import joined
from rt.errors import RtError
from rt.manifest import Case, DatasetManifest, Split
from rt.resample import read_nifti, write_nifti

RECIPES: dict[str, dict[str, Any]] = {
    "unet3d": {},
    "subpixel_unet3d": {
        "network": "subpixel_unet3d",
        "options": {"channels": (32, 64, 128, 192), "blocks": (1, 1, 1, 1)},
        "learning_rate": 1.5e-3,
        "weight_decay": 5e-2,
        "average_decay": 0.999,
    },
    "heads": {
        "network": "subpixel_unet3d",
        "options": {"channels": (24, 48, 96, 144), "blocks": (1, 1, 1, 1)},
        "batch": 1,
        "average_decay": 0.999,
    },
    "optic": {
        "network": "subpixel_unet3d",
        "options": {"channels": (24, 48, 96, 144), "blocks": (1, 1, 1, 1)},
        "batch": 1,
        "average_decay": 0.999,
        "validate_every": 2000,
    },
    "lesions": {
        "network": "subpixel_unet3d",
        "options": {"channels": (16, 32, 64, 96), "blocks": (1, 1, 1, 1)},
        "batch": 1,
        "average_decay": 0.999,
    },
}
"""What was trained with success: where it differs from TrainingConfig's defaults."""
CT_SPACING_MM = 3.0
SPLITS: tuple[Split, Split] = ("train", "validation")
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="models")
    commands = parser.add_subparsers(required=True)
    fit = commands.add_parser("train", help="train a network from nothing")
    _data(fit).add_argument("--heads", type=Path, help="folder of head label maps: MRI of any contrast")
    part = fit.add_mutually_exclusive_group()
    part.add_argument("--lesions", action="store_true", help="with --heads: tumours instead of anatomy")
    part.add_argument("--optic", action="store_true", help="with --heads: eyes, nerves, chiasm at 1 mm")
    fit.add_argument("--spacing", type=int, default=2, help="mm, of pictures drawn from head label maps")
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument("--recipe", choices=RECIPES, default="unet3d")
    fit.add_argument("--iterations", type=int, default=10_000)
    fit.add_argument("--minutes", type=float)
    fit.add_argument("--start", type=Path, help="a version's folder to start from")
    fit.add_argument("--learning-rate", type=float, help="the recipe's unless given")
    fit.add_argument("--seed", type=int, default=TrainingConfig.seed)
    fit.add_argument("--batch", type=int, help="patches an iteration, the recipe's unless given")
    fit.set_defaults(run=_train)
    contest = commands.add_parser("compare", help="train and measure several architectures side by side")
    contest.add_argument("config", type=Path, help="TOML or JSON: see models/comparison/config.py")
    contest.add_argument("--out", type=Path, required=True, help="results; a second call goes on there")
    contest.set_defaults(run=_compare)
    _add_packaging(commands)
    score = commands.add_parser("evaluate", help="score a version on the validation cases")
    _data(score)
    score.add_argument("--version", type=Path, required=True)
    score.set_defaults(run=_evaluate)
    predict = commands.add_parser("predict", help="draw a version's structures on a NIfTI image")
    predict.add_argument("--version", type=Path, required=True)
    predict.add_argument("--image", type=Path, required=True)
    predict.add_argument("--out", type=Path, required=True)
    predict.set_defaults(run=_predict)
    add_simulations(commands)
    add_robustness(commands)
    add_detection(commands)
    add_organ_space(add_dose_maps(add_experiments(commands)))
    add_statistics(commands)
    arguments = parser.parse_args()
    arguments.run(arguments)


def _add_packaging(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    package = commands.add_parser("package", help="make a version: thresholds, figures, card")
    _data(package)
    package.add_argument(
        "members", type=Path, nargs="+", help="folders that `train` wrote, or versions; several: an ensemble"
    )
    package.add_argument("--cache", type=Path, required=True, help="where prepared cases lie or shall lie")
    package.add_argument("--history", required=True, help="how it was trained, for the card")
    package.add_argument("--name", default="head-neck-oar")
    package.add_argument("--title", default="Head-and-neck organs at risk on CT")
    package.add_argument("--number", type=int, default=1)
    package.add_argument("--out", type=Path, required=True)
    package.set_defaults(run=_package)
    picture = commands.add_parser(
        "picture", help="add pictures of the best, median and worst case to a version"
    )
    _data(picture).add_argument("--heads", type=Path, help="folder of head label maps")
    picture.add_argument("--version", type=Path, required=True, help="its metrics tell which cases these are")
    picture.add_argument("--cache", type=Path, help="with --heads")
    picture.add_argument("--example", type=Path, help="NIfTI of a scan whose truth is unknown")
    picture.add_argument("--example-name", default="a real scan", help="for the card, with its licence")
    picture.set_defaults(run=_picture)
    heads = commands.add_parser("package-heads", help="make a version of the head network")
    heads.add_argument("members", type=Path, nargs="+", help="folders that `train --heads` wrote")
    heads.add_argument("--heads", type=Path, required=True)
    heads.add_argument("--lesions", type=Path, help="folder that `train --heads --lesions` wrote")
    heads.add_argument("--optic", type=Path, help="folder that `train --heads --optic` wrote")
    heads.add_argument("--number", type=int, default=1)
    heads.add_argument("--cache", type=Path, required=True)
    heads.add_argument("--history", required=True, help="how it was trained, for the card")
    heads.add_argument("--out", type=Path, required=True)
    heads.set_defaults(run=_package_heads)


def _data(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--manifest", type=Path)
    source.add_argument("--openkbp", type=Path)
    return source


def _manifest(arguments: argparse.Namespace) -> DatasetManifest:
    if arguments.openkbp:
        return openkbp_manifest(arguments.openkbp)
    return DatasetManifest.read(arguments.manifest)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _train(arguments: argparse.Namespace) -> None:
    config = replace(
        TrainingConfig(),
        iterations=arguments.iterations,
        max_minutes=arguments.minutes,
        seed=arguments.seed,
        positive_weight=(3.0, 1.2) if arguments.start else TrainingConfig.positive_weight,
        **RECIPES[arguments.recipe] | _given(arguments, "learning_rate", "batch"),
    )
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    describe_training(out, config)

    start = load_weights(*read_version(arguments.start)[:2]) if arguments.start else None
    if start is not None and arguments.optic:
        start = second_stage(start) or optic_start(start)
    with joined() as team:
        hooks = Hooks(journal(out), team=team)
        train(config, _lessons(arguments, config.patch), out / CHECKPOINT, hooks, start)


def _compare(arguments: argparse.Namespace) -> None:
    def tell(entry: str, fraction: float, step: Step) -> None:
        _say(f"{fraction:.0%} {entry}: {step}")

    try:
        run_comparison(read_comparison(arguments.config), arguments.out, Watcher(tell))
    except (RtError, OSError) as error:
        sys.exit(f"{arguments.config}: {error}")
    sys.stdout.write((arguments.out / TABLE).read_text())


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def _lessons(arguments: argparse.Namespace, patch: int) -> Lessons:
    cache = arguments.out / "cache"
    if arguments.optic:
        return OpticLessons(*load_head_maps(arguments.heads, cache), OPTIC_SPACING_MM, patch)
    if arguments.heads:
        kind = LesionLessons if arguments.lesions else HeadLessons
        return kind(*load_head_maps(arguments.heads, cache), arguments.spacing, patch)
    manifest = _manifest(arguments)
    samples, watched = (load_samples(manifest, manifest.split(part), CT_SPACING_MM, cache) for part in SPLITS)
    lessons = CtLessons(manifest.structures, samples, watched, CtWindow(), patch)
    if arguments.start is None:
        lessons.require_all()
    return lessons


def _package(arguments: argparse.Namespace) -> None:
    manifest, config = _manifest(arguments), TrainingConfig()
    member = read_members(arguments.members)
    packed = pack_weights(member.weights)
    version = NetworkManifest(
        name=arguments.name,
        version=arguments.number,
        title=arguments.title,
        architecture=member.architecture,
        options=member.options,
        structures=manifest.structures,
        spacing_mm=CT_SPACING_MM,
        patch=config.patch,
        weights_sha256="",
        window=CtWindow(),
        provenance=_provenance(arguments, manifest),
    )
    version = with_weights(version, packed)
    network, validation, predictions = load_network(version, packed), manifest.split("validation"), {}
    for case in validation:
        predictions[case.id] = predict_case(network, manifest, case)
        _say(case.id)
    found = choose_thresholds(manifest, predictions, THRESHOLDS)
    thresholds = {name: max(row, key=lambda t: row[t]) for name, row in found.items() if row}
    _say(f"thresholds {thresholds}")
    samples = load_samples(manifest, manifest.split("train"), CT_SPACING_MM, arguments.cache)
    rules = volume_rules(manifest.structures, samples, CT_SPACING_MM, thresholds)
    version = NetworkManifest.from_json(
        version.to_json() | {"rules": {name: asdict(rule) for name, rule in rules.items()}}
    )
    scored = (score_case(version, manifest, case, predictions[case.id]) for case in validation)
    scores = list(chain.from_iterable(scored))
    metrics = summarise(scores) | {"evaluated_on": manifest.digest()}
    text = replace(OPENKBP_CARD, split=f"{OPENKBP_CARD.split} Training: {arguments.history}")
    write_version(arguments.out, version, packed, metrics, text)
    if arguments.openkbp:
        write_pictures(
            arguments.out, picture_cases(manifest, scores, _drawing(version, manifest, predictions))
        )
    _say(f"mean Dice {metrics['mean_dice']:.3f}")


def _provenance(arguments: argparse.Namespace, manifest: DatasetManifest) -> Provenance:
    name = "OpenKBP" if arguments.openkbp else arguments.manifest.stem
    return Provenance(name, manifest.digest(), code_sha256=code_sha256())


def _drawing(
    version: NetworkManifest, manifest: DatasetManifest, predictions: dict[str, Prediction]
) -> Callable[[Case], Segmentation]:
    return lambda case: draw_structures(version, predictions[case.id], read_case(manifest, case)[1])


def _picture(arguments: argparse.Namespace) -> None:
    network = _network(arguments.version)
    metrics = json.loads((arguments.version / "metrics.json").read_text())
    scores = [Score(**score) for score in metrics["scores"]]
    if arguments.heads:
        pictures = picture_heads(network, load_head_maps(arguments.heads, arguments.cache)[1], scores)
    else:
        manifest = _manifest(arguments)
        pictures = picture_cases(manifest, scores, lambda case: draw_case(network, manifest, case))
    if arguments.example:
        image, grid = read_nifti(arguments.example)
        shown = Shown(image, grid, {}, segment(network, image, grid).masks)
        pictures.append(draw_picture("example", arguments.example_name, None, shown))
    write_pictures(arguments.version, pictures)


def _package_heads(arguments: argparse.Namespace) -> None:
    maps = load_head_maps(arguments.heads, arguments.cache)
    tumours, optic = (read_members([p]) if p else None for p in (arguments.lesions, arguments.optic))
    members = HeadMembers(read_members(arguments.members), tumours, optic)
    release = Release(arguments.out, arguments.history, arguments.number)
    mean = package_heads(members, maps, release, _say)
    _say(f"mean Dice {mean:.3f}")


def _network(folder: Path) -> Network:
    manifest, weights, _ = read_version(folder)
    return load_network(manifest, weights)


def _evaluate(arguments: argparse.Namespace) -> None:
    manifest = _manifest(arguments)
    metrics = summarise(evaluate(_network(arguments.version), manifest, manifest.split("validation"), _say))
    sys.stdout.write(json.dumps({k: v for k, v in metrics.items() if k != "scores"}, indent=1) + "\n")


def _predict(arguments: argparse.Namespace) -> None:
    image, grid = read_nifti(arguments.image)
    drawn = segment(
        _network(arguments.version),
        image,
        grid,
        lambda done, stage, name: _say(f"{done:.0%} {name or stage}"),
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, mask in drawn.masks.items():
        write_nifti(arguments.out / f"{name}.nii.gz", mask, grid)
    for finding in drawn.findings:
        _say(f"{finding.structure}: {finding.slug}: {finding.detail}")


if __name__ == "__main__":
    main()
