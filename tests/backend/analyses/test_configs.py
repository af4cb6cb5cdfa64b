"""The settings that the API takes are those of `models`: the same names, defaults and choices."""

from __future__ import annotations

from typing import Any

import pytest

from backend.analyses import configs
from models.dose_maps import MapConfig
from models.organ_space import SpaceConfig
from models.outcome.config import OutcomeConfig
from models.statistics.outcomes_config import OutcomeConfig as ClassicalConfig
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.survival import SurvivalConfig

PAIRS = [
    (configs.SubtypesConfig, SubtypeConfig, {}),
    (configs.SurvivalConfig, SurvivalConfig, {"endpoint": "survival"}),
    (configs.OutcomeConfig, ClassicalConfig, {"endpoint": "relapse"}),
]


@pytest.mark.parametrize(("api", "engine", "least"), PAIRS)
def test_defaults_are_the_engines(api: Any, engine: Any, least: dict[str, Any]) -> None:
    asked = api.model_validate(least).model_dump(mode="json", exclude={"agreement_with"})
    engines = api.model_validate(engine.from_json(least).to_json())
    expected = engines.model_dump(mode="json", exclude={"agreement_with"})
    assert asked == expected
    assert engine.from_json(asked) == engine.from_json(least)


@pytest.mark.parametrize(("api", "engine", "least"), PAIRS)
def test_every_choice_that_the_api_offers_is_one_of_the_engines(
    api: Any, engine: Any, least: dict[str, Any]
) -> None:
    fields = api.model_json_schema()["properties"]
    choices = [(name, one) for name, field in fields.items() for one in field.get("enum", ())]
    choices += [(name, (one,)) for name, field in fields.items() for one in _in_a_list(field)]
    assert choices
    for name, one in choices:
        assert getattr(engine.from_json(least | {name: one}), name) == one


def _in_a_list(field: dict[str, Any]) -> list[str]:
    """Choices that a list is made of."""
    return list(field.get("items", {}).get("enum", ()))


def test_a_networks_defaults_are_the_engines() -> None:
    """`source` is the API's own; the window follows from the modality."""
    least = {"endpoint": "relapse", "crop": {"region": {"structures": ["GTV"]}}}
    asked = configs.NetworkConfig.model_validate(least).model_dump(mode="json", exclude={"source"})
    expected = OutcomeConfig.from_json(least)
    assert OutcomeConfig.from_json(asked) == expected
    told = expected.to_json()
    del told["crop"]["window"]
    assert asked == told


def test_a_dose_maps_defaults_are_the_engines() -> None:
    asked = configs.DoseMapConfig.model_validate({"structures": ["Parotid_L"], "endpoint": "relapse"})
    assert MapConfig.from_json(asked.map.model_dump(mode="json")) == MapConfig()
    assert asked.map == configs.MapSettings.model_validate(MapConfig().to_json())
    assert SpaceConfig(**asked.space.model_dump()) == SpaceConfig()


@pytest.mark.parametrize(
    "wrong", [{}, {"endpoint": "relapse", "variable": "age"}, {"variable": "age", "clinical": ["age"]}]
)
def test_a_dose_map_has_one_outcome_which_is_no_term(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="outcome"):
        configs.DoseMapConfig.model_validate({"structures": ["Parotid_L"], **wrong})
