"""From the bytes of a CSV file to a header and rows of texts: encoding, separator, quoting, limits."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import get_args

from backend.cohorts.errors import UnreadableTable
from backend.cohorts.schemas import MOST_BYTES, Encoding, Separator
from backend.kit.errors import TooLarge

MOST_ROWS, MOST_COLUMNS = 20_000, 3_000
LOOKED_AT = 50
"""Rows from which the separator is found."""
_CODECS: dict[Encoding, str] = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf-16": "utf-16",
    "shift-jis": "cp932",
    "windows-1252": "cp1252",
}
_JAPANESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True)
class Sheet:
    """A table of texts; rows that hold nothing are left out, but counted."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """(row as a spreadsheet counts, cells)."""
    encoding: Encoding
    separator: Separator


def read_sheet(data: bytes, encoding: Encoding | None) -> Sheet:
    """The table in a file; UnreadableTable says what is wrong, and TooLarge what is too much."""
    if len(data) > MOST_BYTES:
        raise TooLarge(f"the file has {len(data)} bytes, and {MOST_BYTES} are the most", limit=MOST_BYTES)
    encoding = encoding or _encoding(data)
    try:
        text = data.decode(_CODECS[encoding])
    except UnicodeDecodeError as error:
        raise UnreadableTable(f"byte {error.start + 1} is no {encoding}", field="encoding") from error
    if "\0" in text:
        raise UnreadableTable("the file holds NUL characters; it is no CSV", field="csv")
    separator = _separator(text)
    records = _records(text, separator)
    filled = [(number, row) for number, row in records if any(cell for cell in row)]
    if not filled:
        raise UnreadableTable("the file is empty", field="csv")
    (_, header), *rows = _without_empty_end(filled)
    if not rows:
        raise UnreadableTable("there is a header and no row below it", field="csv")
    if len(rows) > MOST_ROWS or len(header) > MOST_COLUMNS:
        raise TooLarge(
            f"{len(rows)} rows and {len(header)} columns; {MOST_ROWS} and {MOST_COLUMNS} are the most",
            most_rows=MOST_ROWS, most_columns=MOST_COLUMNS,
        )  # fmt: skip
    return Sheet(header, tuple(rows), encoding, separator)


def _without_empty_end(filled: list[tuple[int, tuple[str, ...]]]) -> list[tuple[int, tuple[str, ...]]]:
    """Without the columns at the end that have neither header nor value, as spreadsheets write them."""
    width = max(max((i + 1 for i, cell in enumerate(row) if cell), default=0) for _, row in filled)
    end = max(width, next((i + 1 for i in reversed(range(len(filled[0][1]))) if filled[0][1][i]), 0))
    return [(number, row[:end]) for number, row in filled]


def _encoding(data: bytes) -> Encoding:
    """By its mark, else UTF-8 where the bytes are, else Shift-JIS where they make Japanese text."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "shift-jis"):
        try:
            text = data.decode(_CODECS[encoding])
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _is_japanese(text):
            return encoding
    raise UnreadableTable(
        "the encoding is neither UTF-8 nor Shift-JIS; name it (windows-1252 in much of Europe)",
        field="encoding",
    )


def _is_japanese(text: str) -> bool:
    """Whether all that is not ASCII is Japanese or a sign: bytes of another encoding make other letters."""
    foreign = [letter for letter in text if letter > "\x7f"]
    return bool(foreign) and all(
        _JAPANESE.match(one) or unicodedata.category(one)[0] in "SP" for one in foreign
    )


def _separator(text: str) -> Separator:
    """The one that cuts the first rows into most columns, as many in each as in the most of them."""
    best: tuple[float, int, Separator] = (0.0, 0, ",")
    for separator in get_args(Separator):
        widths = Counter(len(row) for row in _parsed(text, separator, LOOKED_AT) if any(row))
        width, often = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1:
            best = max(best, (often / widths.total(), width, separator), key=lambda one: one[:2])
    return best[2]


def _parsed(text: str, separator: str, most: int) -> list[list[str]]:
    """The first rows, as far as they can be read."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) == most:
                break
    except csv.Error:
        pass
    return rows


def _records(text: str, separator: str) -> list[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records = []
    try:
        for number, row in enumerate(reader, start=1):
            records.append((number, tuple(_trimmed(cell) for cell in row)))
            if number > 2 * MOST_ROWS:
                raise TooLarge(f"more than {MOST_ROWS} rows", most_rows=MOST_ROWS)
    except csv.Error as error:
        where = f"row {len(records) + 1} (line {reader.line_num})"
        raise UnreadableTable(f"{where}: {error}", field="csv", row=len(records) + 1) from error
    return records


def _trimmed(cell: str) -> str:
    """Without spaces at its ends, also full-width and unbreakable ones."""
    return cell.strip().strip("\u3000\xa0\ufeff").strip()
