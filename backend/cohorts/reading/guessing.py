"""A first dictionary of a table, from the names and the values of its columns; a person corrects it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from backend.cohorts.reading.cells import MISSING, Ambiguous, DateOrder, date_of, number_of
from backend.cohorts.reading.decoding import Sheet
from backend.cohorts.schemas import DictionaryColumn

_PATIENT = re.compile(
    r"(patients?|pat|subject|case|person|dicom)[ _.-]?(id|no|nr|number|name)?|id|mrn|pid"
    r"|(患者|症例)(番号|id)?",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r"event|status|censor\w*|death|dead|died|deceased|recurr\w*|relapse\w*|progress\w*|failure|vital|転帰|死亡|再発|イベント",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"time|days?|weeks?|months?|years?|mo|yrs?|follow[ _-]?up|survival|duration|期間|日数|月数|年数",
    re.IGNORECASE,
)
_START = re.compile(r"start|diagnos\w*|baseline|begin\w*|treatment|開始|診断|治療", re.IGNORECASE)
_END = re.compile(
    r"end|last|death|dead|died|contact|follow\w*|event|recurr\w*|progress\w*|最終|死亡|再発|転帰",
    re.IGNORECASE,
)
_UNITS = (
    ("day", re.compile(r"days?|日", re.IGNORECASE)),
    ("week", re.compile(r"weeks?|週", re.IGNORECASE)),
    ("year", re.compile(r"years?|yrs?|年", re.IGNORECASE)),
)
_HAPPENED = (
    "1", "yes", "y", "true", "dead", "died", "deceased", "death", "event", "relapse", "recurrence",
    "progression", "failure", "死亡", "あり", "有", "再発", "増悪",
)  # fmt: skip
_CENSORED = ("0", "no", "n", "false", "alive", "living", "censored", "none", "free", "生存", "なし", "無")
CODES = {**dict.fromkeys(_HAPPENED, 1), **dict.fromkeys(_CENSORED, 0)}
"""Texts of events that are understood."""
COMPETING = ("2", "3", "4", "5")


MISTAKES = 0.05
"""Share of cells in a column of numbers, dates or events that may be otherwise, as typing errors."""
YEARS = range(1900, 2101)
"""Of dates without separators; other numbers of eight digits are numbers."""


def guess(sheet: Sheet) -> list[DictionaryColumn]:
    """A dictionary that describes every column; at most one is the patient's."""
    columns = [
        [row[index] if index < len(row) else "" for _, row in sheet.rows]
        for index in range(len(sheet.header))
    ]
    named = [i for i, header in enumerate(sheet.header) if _PATIENT.fullmatch(header) and any(columns[i])]
    described = []
    for index, (header, values) in enumerate(zip(sheet.header, columns, strict=True)):
        if named and index == named[0]:
            described.append(DictionaryColumn(column=header, role="patient", name=header))
        else:
            described.append(_described(header, values))
    _find_endpoints(described, columns)
    return described


def _described(header: str, values: Sequence[str]) -> DictionaryColumn:
    known = _known(values)
    found = DictionaryColumn(
        column=header[:255],
        role="variable" if known else "ignore",
        name=header[:128],
        missing=sorted({value for value in values if value.casefold() in MISSING}),
    )
    if not known:
        return found
    if _all_are(known, _compact_date):
        return found.model_copy(update={"role": "ignore", "kind": "date"})
    for decimal in (".", ","):
        if _most_are(known, partial(number_of, decimal=decimal)):
            return found.model_copy(update={"kind": "number", "decimal": decimal})
    if _most_are(known, _date):
        return found.model_copy(
            update={"role": "ignore", "kind": "date", "date_order": _order(_read(known, _date))}
        )
    return found


def _known(values: Sequence[str]) -> list[str]:
    return [value for value in values if value and value.casefold() not in MISSING]


def _order(known: Sequence[str]) -> DateOrder | None:
    """The order of day and month that the dates show; None where they show none, or need none."""
    orders: tuple[DateOrder, ...] = ("dmy", "mdy")
    fitting = [order for order in orders if _all_are(known, partial(date_of, order=order))]
    return fitting[0] if len(fitting) == 1 else None


def _date(text: str) -> None:
    try:
        date_of(text, None)
    except Ambiguous:
        """It is a date, and the check asks which."""


def _compact_date(text: str) -> None:
    if not text.isdecimal() or len(text) != 8 or date_of(text, None).year not in YEARS:
        raise ValueError("no date")


def _most_are(known: Sequence[str], read: Callable[[str], object]) -> bool:
    """Whether so many can be read that the others are mistakes, which the check then names at their cells."""
    return len(known) - len(_read(known, read)) <= MISTAKES * len(known)


def _read(known: Sequence[str], read: Callable[[str], object]) -> list[str]:
    return [one for one in known if _all_are([one], read)]


def _all_are(known: Sequence[str], read: Callable[[str], object]) -> bool:
    try:
        for one in known:
            read(one)
    except ValueError:
        return False
    return True


def _find_endpoints(described: list[DictionaryColumn], columns: Sequence[Sequence[str]]) -> None:
    """Give roles to events, to times or dates that belong to them, and to nothing else."""
    events = [i for i, one in enumerate(described) if one.role == "variable" and _is_event(one, columns[i])]
    times = [
        i
        for i, one in enumerate(described)
        if one.role == "variable" and one.kind == "number" and i not in events and _has(_TIME, one.column)
    ]
    pairs = _pairs(described, events, times)
    for event, time in pairs.items():
        name = _stem(described[event].column) or described[event].column
        described[event] = described[event].model_copy(
            update={"role": "event", "endpoint": name, "coding": _coding(described[event], columns[event])}
        )
        if time is not None:
            described[time] = described[time].model_copy(
                update={"role": "time", "endpoint": name, "unit": _unit(described[time].column)}
            )
    if len(pairs) == 1 and None in pairs.values():
        _date_from_to(described, described[events[0]].endpoint)


def _date_from_to(described: list[DictionaryColumn], endpoint: str) -> None:
    """Two dates that are named as start and end measure the one endpoint that has no times."""
    dates = [i for i, one in enumerate(described) if one.kind == "date"]
    starts = [i for i in dates if _START.search(described[i].column)]
    ends = [i for i in dates if i not in starts and _END.search(described[i].column)]
    if len(starts) == 1 and len(ends) == 1:
        for index, role in ((starts[0], "start"), (ends[0], "end")):
            update = {"role": role, "endpoint": endpoint, "unit": "month" if role == "end" else ""}
            described[index] = described[index].model_copy(update=update)


def _pairs(
    described: Sequence[DictionaryColumn], events: Sequence[int], times: Sequence[int]
) -> dict[int, int | None]:
    """The time of each event: the one of its name, or the only one where there is one event."""
    by_stem = {_stem(described[i].column).casefold(): i for i in reversed(times)}
    pairs = {event: by_stem.get(_stem(described[event].column).casefold()) for event in events}
    if len(events) == len(times) == 1:
        pairs[events[0]] = times[0]
    return pairs


def _tokens(header: str) -> list[str]:
    return [token for token in re.split(r"[\s_.()/\[\]-]+", header) if token]


def _has(pattern: re.Pattern[str], header: str) -> bool:
    return any(pattern.fullmatch(token) for token in _tokens(header))


def _stem(header: str) -> str:
    """What is left of a header without the words of events and times: `OS` of `OS_time`."""
    kept = [one for one in _tokens(header) if not (_EVENT.fullmatch(one) or _TIME.fullmatch(one))]
    return " ".join(kept)


def _unit(header: str) -> str:
    tokens = _tokens(header)
    return next((unit for unit, words in _UNITS if any(words.fullmatch(one) for one in tokens)), "month")


def _is_event(one: DictionaryColumn, values: Sequence[str]) -> bool:
    return _has(_EVENT, one.column) and _most_are(_known(values), _code)


def _code(text: str) -> None:
    if text.casefold() not in CODES and text not in COMPETING:
        raise ValueError("no event")


def _coding(one: DictionaryColumn, values: Sequence[str]) -> dict[str, int]:
    """Texts to events; empty where the cells are the numbers of events themselves."""
    known = sorted(set(_read(_known(values), _code)))
    turned = any(token.casefold().startswith("censor") for token in _tokens(one.column))
    if not turned and all(value.isdecimal() for value in known):
        return {}
    if turned and not all(value.casefold() in CODES for value in known):
        return {}
    return {
        value: 1 - CODES[value.casefold()]
        if turned
        else CODES.get(value.casefold(), int(value) if value.isdecimal() else 0)
        for value in known
    }
