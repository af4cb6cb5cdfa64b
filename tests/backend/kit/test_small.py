"""Ids, cursors, entity tags, settings, logs."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.config import Settings
from backend.kit.db import UtcDateTime
from backend.kit.errors import InvalidInput, PreconditionRequired
from backend.kit.etag import etag, matches, required_version
from backend.kit.ids import new_id
from backend.kit.logging import configure
from backend.kit.pagination import decode_cursor, encode_cursor


def test_ids_are_version_7_and_ordered_by_time():
    began = time.time_ns() // 1_000_000
    ids = [new_id() for _ in range(5000)]
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert len(set(ids)) == 5000
    assert ids == sorted(ids)
    assert began <= int(ids[0].replace("-", "")[:12], 16) <= time.time_ns() // 1_000_000


STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)
"""Text that a column of either database can hold."""


@given(STORABLE, st.integers(-(2**63) + 1, 2**63 - 1))
def test_cursor_keeps_its_key(name, number):
    assert decode_cursor(encode_cursor(name, number), (str, int)) == (name, number)


@pytest.mark.parametrize("key", [("a\0b", 1), ("\0", 1), ("a", 2**63), ("a", -(2**63))])
def test_cursor_whose_key_no_column_holds_is_refused(key):
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor(*key), (str, int))


@given(st.text(max_size=80))
def test_text_that_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidInput):
        decode_cursor(text, (str, int, str))


def test_cursor_of_another_list_is_refused():
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor("a"), (int,))


def test_if_match_is_required_and_exact():
    assert required_version(etag(17)) == "17"
    with pytest.raises(PreconditionRequired):
        required_version(None)
    for wrong in ("17", "*", '"1", "2"', '""', 'W/"17"', '"a b"'):
        with pytest.raises(InvalidInput):
            required_version(wrong)


def test_if_none_match_knows_lists_stars_and_weak_tags():
    assert matches('"a", W/"b"', "b")
    assert matches("*", "b")
    assert not matches('"a"', "b")
    assert not matches(None, "b")


def test_time_without_a_zone_is_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  that is the point
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(naive, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("public_url", "http://clinic.example"), ("session_idle_minutes", 1), ("lease_s", 0), ("port", "many")],
)
def test_unsafe_setting_is_refused_by_name(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


def test_nothing_switches_authentication_off():
    assert not [name for name in Settings.model_fields if "auth" in name or "debug" in name]


def test_log_names_the_error_but_not_its_message(capsys):
    configure()
    try:
        raise ValueError("Yamada^Taro")
    except ValueError as error:
        structlog.get_logger("test").error("http.request.crashed", exc_info=error)
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["event"] == "http.request.crashed"
    assert line["error"] == "ValueError"
    assert "Yamada" not in json.dumps(line)
