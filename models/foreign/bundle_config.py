"""The declarative part of a MONAI bundle's configuration: values and references, never an expression.

MONAI evaluates texts that begin with `$` as Python and builds whatever class `_target_` names.  Here nothing
is evaluated and nothing is built: references (`@network_def#channels`) are followed, `$` followed by a plain
literal is that literal, and any other expression is refused by its key if it is needed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import yaml

from models.foreign.errors import ForeignCode, ForeignUnreadable, ForeignUnsupported
from models.foreign.files import ForeignFiles
from models.foreign.imported import MAX_JSON_BYTES, read_json

CONFIGS = ("configs/inference.json", "configs/inference.yaml", "configs/inference.yml")
DEEPEST, MOST = 32, 20_000


class _Plain(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without aliases, which could make a small file a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node; aliases are refused."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not taken")
        return super().compose_node(parent, index)


@dataclass
class BundleConfig:
    """A configuration, read by keys as MONAI writes them (`a#b#0`)."""

    root: dict[str, Any]
    _seen: int = 0

    def plain(self, key: str) -> Any:
        """The value of a key with all references followed; ForeignCode where an expression stands."""
        return self._plain(self._find(key, key), key, 0)

    def has(self, key: str) -> bool:
        """True when the key is at the top of the configuration."""
        return key in self.root

    def _find(self, key: str, where: str) -> Any:
        value: Any = self.root
        for part in key.replace("::", "#").split("#"):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise ForeignUnsupported(f"there is no {key!r}", where=where) from error
        return value

    def _plain(self, value: Any, where: str, depth: int) -> Any:
        self._seen += 1
        if depth > DEEPEST or self._seen > MOST:
            raise ForeignUnsupported("nested too deeply, or too large", where=where)
        match value:
            case dict():
                return {str(k): self._plain(v, f"{where}#{k}", depth + 1) for k, v in value.items()}
            case list():
                return [self._plain(v, f"{where}#{n}", depth + 1) for n, v in enumerate(value)]
            case str() if value.startswith("@"):
                return self._plain(self._find(value[1:], where), where, depth + 1)
            case str() if value.startswith("$@") and value[2:].replace("#", "").replace("_", "").isalnum():
                return self._plain(self._find(value[2:], where), where, depth + 1)
            case str() if value.startswith("$"):
                return _literal(value[1:], where)
            case str() if value.startswith("%"):
                raise ForeignUnsupported("refers to another file", where=where)
        return value


def _literal(text: str, where: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ForeignCode("an expression in Python, which is not run", where=where) from error


def read_config(files: ForeignFiles) -> BundleConfig:
    """The configuration for inference; ForeignUnreadable when there is none."""
    name = next((name for name in CONFIGS if name in files.contents), None)
    if name is None:
        raise ForeignUnreadable("the file is missing", where=CONFIGS[0])
    data = files.get(name)
    if name.endswith(".json"):
        return BundleConfig(read_json(data, name))
    if len(data) > MAX_JSON_BYTES:
        raise ForeignUnreadable(f"larger than {MAX_JSON_BYTES} bytes", where=name)
    try:
        found = yaml.load(data, _Plain)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ForeignUnreadable("not plain YAML", where=name) from error
    if not isinstance(found, dict):
        raise ForeignUnreadable("not a configuration", where=name)
    return BundleConfig(found)
