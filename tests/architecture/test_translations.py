"""Whatever the server may say by a slug, the pages can say in both languages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import get_args

import pytest

from backend.analyses.schemas import WarningSlug
from backend.cohorts.schemas import IssueSlug
from backend.comparisons.presets import presets
from backend.config import ROOT
from backend.exports.schemas import TrainingSetIn
from backend.jobs.service import KINDS
from backend.jobs.stages import LOG_LINES, STAGES
from backend.kit.errors import AppError
from backend.kit.problems import SLUGS_OF_STATUS
from backend.labels.service.review import RULES
from backend.studies.schemas import ImportSummary
from backend.training.tables import Snapshot
from models.datasets.head_labels import STRUCTURES
from models.head_package import _card as head_card_text
from models.head_package import describe_easy
from models.inference import plausibility
from models.mr_preprocessing import MrScale
from models.registry.card import render_card
from models.registry.network import CloseUp, NetworkManifest
from rt import contours, laterality
from rt.dicom import readback
from rt.errors import RtError
from workers.training.train import _card_text

WORDS = ROOT / "frontend" / "src" / "i18n"
SOURCES = ("backend", "workers", "models", "rt")
FACES_OF_MACHINES = ("backend.dicomweb.errors", "backend.monailabel.errors")
"""Their refusals are for other people's clients and reach no page."""
ACTION = re.compile(
    r"(accounts|analyses|cohorts|consensus|detections|dimse|exports|labels|projects|readings|storage|studies"
    r"|training)"
    r"(\.[a-z-]+)?\.[a-z_]+"
)
NO_ACTIONS = {"info", "warning", "error", "exception", "debug", "ForeignKey"}
"""Calls whose first argument looks like an action of the audit trail and is none."""
FINDINGS = {"GeometryFinding", "_Refused", "Failure", "_doubt"}
"""Made with a slug as first argument; `_warn` has it as the second."""


def keys_of(language: str) -> set[str]:
    """All keys that this language has a phrase for."""
    files = WORDS.glob(f"*.{language}.ts")
    return {key for file in files for key in re.findall(r"^  '([^']+)':", file.read_text(), re.MULTILINE)}


@cache
def trees() -> tuple[ast.Module, ...]:
    """The sources, parsed."""
    files = [file for folder in SOURCES for file in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(ast.parse(file.read_text(), str(file)) for file in files)


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the sources, with the last part of the name called."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                yield name, node


def text_of(node: ast.expr) -> set[str]:
    """The texts that an argument may be."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=first, orelse=second):
            return text_of(first) | text_of(second)
    return set()


def errors_below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from errors_below(below)


def error_slugs() -> set[str]:
    """Of every refusal that a person at a page may meet."""
    for folder in SOURCES:
        for file in (ROOT / folder).rglob("*.py"):
            if re.search(r"^class \w+\(\w+\):\n(?:.*\n){1,4}.*\bslug\b", file.read_text(), re.MULTILINE):
                import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    kinds = [*errors_below(AppError), *errors_below(RtError)]
    own = [kind for kind in kinds if kind.__module__.split(".")[0] in SOURCES]
    return {kind.__dict__.get("slug", "") for kind in own if kind.__module__ not in FACES_OF_MACHINES} - {""}


def finding_slugs() -> set[str]:
    """Of geometry, contours, plausibility and jobs that failed."""
    literals = (
        contours.WarningSlug,
        plausibility.Slug,
        laterality.Slug,
        readback.ProfileSlug,
        IssueSlug,
        WarningSlug,
    )
    found = {slug for literal in literals for slug in get_args(literal)}
    for name, call in calls():
        if name in FINDINGS and call.args:
            found |= text_of(call.args[0])
        if name == "_warn" and len(call.args) > 1:
            found |= text_of(call.args[1])
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                found |= _error_slugs_in(node)
    return found | _constants("backend/studies/settling.py", "LATE")


def _error_slugs_in(node: ast.Dict) -> set[str]:
    named = zip(node.keys, node.values, strict=True)
    return {text for key, value in named if key and text_of(key) == {"error_slug"} for text in text_of(value)}


def _constants(path: str, name: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    assigned = [n for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == name]
    return {text for node in assigned for text in text_of(node.value)}


def keywords(name: str) -> set[str]:
    """Texts given to a keyword of this name in any call."""
    return {
        text
        for _, call in calls()
        for keyword in call.keywords
        if keyword.arg == name
        for text in text_of(keyword.value)
    }


def audited_actions() -> set[str]:
    """What the audit trail may hold: words with a feature before them, and no event of the log or column."""
    others = {id(call.args[0]) for name, call in calls() if name in NO_ACTIONS and call.args}
    nodes = [node for tree in trees() for node in ast.walk(tree) if id(node) not in others]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {f"labels.structure.{rule.done}" for rule in RULES.values()} | set(filter(ACTION.fullmatch, texts))


def audited_objects() -> set[str]:
    """The kinds of object that the audit trail may name."""
    recorded = [call.args[3] for name, call in calls() if name == "record" and len(call.args) > 3]
    return {text for argument in recorded for text in text_of(argument)}


def audited_changes() -> set[str]:
    """The keys of what an act changed: written out beside it, or the fields of a body."""
    found: set[str] = {*ImportSummary.model_fields, *TrainingSetIn.model_fields} - {"refusals"}
    for name, call in calls():
        if name == "record":
            found |= _keys_in([*call.args[6:], *(k.value for k in call.keywords if k.arg == "changes")])
    for node in (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Assign)):
        if any(isinstance(one, ast.Name) and one.id == "changes" for one in ast.walk(node.targets[0])):
            found |= _keys_in([node.value, *getattr(node.value, "elts", ())])
    return found


def _keys_in(nodes: list[ast.expr]) -> set[str]:
    keys = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys if key is not None]
    return {text for key in keys for text in text_of(key)}


def shipped_networks() -> set[str]:
    """Those whose weights come with the product."""
    return {manifest.parts[-3] for manifest in (ROOT / "models" / "weights").glob("*/*/manifest.json")}


def card_of_a_training(rehearsal: float) -> str:
    """The card that a training here writes, with the figures of the shipped network."""
    folder = ROOT / "models" / "weights" / "head-neck-oar" / "1"
    manifest = NetworkManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    splits = [("train", 3), ("validation", 1), ("test", 2)]
    cases = [{"split": split} for split, n in splits for _ in range(n)]
    snapshot = Snapshot(name="May", hash="0" * 64, cases=cases)
    return render_card(
        manifest,
        json.loads((folder / "metrics.json").read_text()),
        _card_text(snapshot, {"rehearsal": rehearsal}),
    )


def card_of_heads(lesions: str) -> str:
    """The card that `package-heads` writes, without figures."""
    manifest = NetworkManifest(
        name="head-mr", version=1, title="Head on MRI of any contrast", architecture="unet3d", options={},
        structures=STRUCTURES, spacing_mm=2.0, patch=64, weights_sha256="", window=MrScale(),
        completion="head", close_up=CloseUp("unet3d", {}, STRUCTURES[-3:], 1.0, 64),
    )  # fmt: skip
    metrics = {"mean_dice": 0.5, "structures": {}, "scores": []}
    text = head_card_text("Trained for an hour.", lesions)
    easy = describe_easy({"Eye_R": {"dice": {"mean": 0.9}}})
    return render_card(manifest, metrics, replace(text, figures=easy))


FAMILIES = {
    "slug": lambda: error_slugs() | finding_slugs() | set(SLUGS_OF_STATUS.values()),
    "stage": lambda: set(STAGES),
    "log": lambda: set(LOG_LINES),
    "jobKind": lambda: set(KINDS),
    "viewer.edit": lambda: keywords("tool"),
    "network": shipped_networks,
    "preset": lambda: set(presets()),
    "action": audited_actions,
    "object": audited_objects,
    "change": audited_changes,
}


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("family", FAMILIES)
def test_both_languages_have_a_phrase_for_every_slug(family: str, language: str) -> None:
    """The list is read from the sources, so a new slug fails here until it is translated."""
    slugs = FAMILIES[family]()
    assert slugs, "nothing was found in the sources: the search is wrong"
    assert sorted(slugs - {key.removeprefix(f"{family}.") for key in keys_of(language)}) == []


def test_phrases_of_stages_and_logs_are_filled_with_what_the_sentence_is() -> None:
    """A page fills its own phrase with the values of the English sentence."""
    phrases = (WORDS / "server.ja.ts").read_text()
    sentences = {f"stage.{slug}": sentence for slug, sentence in STAGES.items()}
    sentences |= {f"log.{slug}": line for slug, line in LOG_LINES.items()}
    for slug, sentence in sentences.items():
        phrase = re.search(rf"'{re.escape(slug)}': '([^']*)'", phrases)
        assert phrase is not None, slug
        assert set(re.findall(r"\{(\w+)\}", phrase[1])) == set(re.findall(r"\{(\w+)\}", sentence)), slug


def test_jobs_log_only_lines_that_there_are() -> None:
    """A line without its sentence would end the job that says it."""
    said = {
        node.args[0].value
        for path in (ROOT / "workers").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("context.log")
        if isinstance(node.args[0], ast.Constant)
    }
    assert {"drawing", "rehearsing"} <= said
    assert sorted(said - LOG_LINES.keys()) == []


CARDS: tuple[Callable[[], str], ...] = (
    lambda: card_of_a_training(1.0),
    lambda: card_of_a_training(0.0),
    lambda: card_of_heads(""),
    lambda: card_of_heads("Tumours: few. "),
)


@pytest.mark.parametrize("card", CARDS)
def test_every_line_of_a_models_card_has_a_phrase(card: Callable[[], str]) -> None:
    """Cards are written in English; pages recognise their fixed texts by `card.en.ts`."""
    words = (WORDS / "card.en.ts").read_text()
    phrases = [
        one or other for one, other in re.findall(r"'card[\w.-]+':\s+(?:'([^']+)'|\"([^\"]+)\")", words)
    ]
    patterns = [re.sub(r"\\\{\w+\\\}", ".+?", re.escape(phrase)) for phrase in phrases]
    lines = [line for line in card().splitlines() if line and not line.startswith("|")]
    assert len(lines) > 10
    assert [line for line in lines if not any(re.fullmatch(one, line) for one in patterns)] == []
    head = next(line for line in card().splitlines() if line.startswith("| structure"))
    assert {cell.strip() for cell in head.strip("|").split("|")} <= set(phrases)
