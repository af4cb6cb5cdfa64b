"""Tables as spreadsheets write them: encodings, separators, guesses, and every issue by its cell."""

from __future__ import annotations

from typing import Any

import pytest

from backend.cohorts.errors import UnreadableTable
from backend.cohorts.reading.decoding import read_sheet
from backend.cohorts.reading.guessing import guess
from backend.cohorts.reading.table import read_table
from backend.cohorts.schemas import MOST_BYTES, DictionaryColumn
from backend.kit.errors import TooLarge

JAPANESE = "患者番号,性別\nA1,男\nA2,女\n"
PATIENT = DictionaryColumn(column="ID", role="patient")


def described(**columns: Any) -> list[DictionaryColumn]:
    """A dictionary with the patient's column ID and these."""
    return [PATIENT, *(DictionaryColumn(column=name, **said) for name, said in columns.items())]


def issues(text: str, dictionary: list[DictionaryColumn] | None = None) -> list[str]:
    sheet = read_sheet(text.encode(), None)
    found = read_table(sheet, guess(sheet) if dictionary is None else dictionary).issues
    assert found.count == len(found.listed)
    return [f"{one.row} {one.column} {one.value} {one.slug}" for one in found.listed]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (JAPANESE.encode(), "utf-8"),
        (JAPANESE.encode("utf-8-sig"), "utf-8-sig"),
        (JAPANESE.encode("utf-16"), "utf-16"),
        (JAPANESE.encode("cp932"), "shift-jis"),
    ],
)
def test_encodings_are_found(data: bytes, encoding: str) -> None:
    sheet = read_sheet(data, None)
    assert (sheet.encoding, sheet.header) == (encoding, ("患者番号", "性別"))
    assert [row for _, row in sheet.rows] == [("A1", "男"), ("A2", "女")]


def test_what_is_neither_utf8_nor_japanese_is_asked_for_and_not_guessed() -> None:
    data = "ID;Größe\nA;1,8\n".encode("cp1252")
    with pytest.raises(UnreadableTable, match="name it"):
        read_sheet(data, None)
    assert read_sheet(data, "windows-1252").header == ("ID", "Größe")
    with pytest.raises(UnreadableTable, match="byte 6"):
        read_sheet(data, "utf-8")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found_past_quoted_ones(separator: str) -> None:
    text = f'ID{separator}note\nA{separator}"x,y;z{separator}{separator} ""q""\nnext"\nB{separator}z\n'
    sheet = read_sheet(text.encode(), None)
    assert (sheet.separator, sheet.header) == (separator, ("ID", "note"))
    assert sheet.rows[0] == (2, ("A", f'x,y;z{separator}{separator} "q"\nnext'))
    assert sheet.rows[1] == (3, ("B", "z"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n ,\n", "empty"),
        (b"ID,age\n", "no row"),
        (b'ID,a\nA,"b\n', "row 2"),
        (b"I\0D,a\n", "NUL"),
    ],
)
def test_what_is_no_table_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableTable, match=said):
        read_sheet(data, None)


def test_too_many_bytes_rows_and_columns_are_refused() -> None:
    for data in (b"x" * (MOST_BYTES + 1), b"ID\n" + b"A\n" * 20_001, b"ID" + b",x" * 3_000 + b"\nA,1\n"):
        with pytest.raises(TooLarge):
            read_sheet(data, None)


def test_blank_rows_are_passed_over_and_counted_and_empty_columns_at_the_end_dropped() -> None:
    sheet = read_sheet(b"ID,age,,\n\n,,,\nA,5,,\n", None)
    assert (sheet.header, sheet.rows) == (("ID", "age"), ((4, ("A", "5")),))


def test_a_typing_error_hides_no_column_and_is_named_at_its_cell() -> None:
    rows = [
        f"P{n},{40 + n},2020-01-{n + 1:02d},2021-02-{n + 1:02d},{'dead' if n % 2 else 'alive'}"
        for n in range(25)
    ]
    rows[3] = "P3,sixty,2020-01-04,2021-02-04,dead"
    rows[4] = "P4,44,2020-01-05,soon,alive"
    rows[5] = "P5,45,2020-01-06,2021-02-06,lost"
    text = "\n".join(["PatientID,Age,Treatment date,Last contact date,OS event", *rows])
    assert {one.replace(" event-without-time", "") for one in issues(text)} == {
        "5 Age sixty not-a-number",
        "6 Last contact date soon not-a-date",
        "6 OS event alive",
        "7 OS event lost event-uncoded",
    }
    stages = "\n".join(["PatientID,T", *(f"P{n},{'4a' if n % 10 == 0 else '2'}" for n in range(20))])
    assert guess(read_sheet(stages.encode(), None))[1].kind == "category"


def test_a_dictionary_is_guessed() -> None:
    text = (
        "PatientID;Age;Volume;Sex;Stage;OS_months;OS_event;PFS_time_days;PFS_status;Diagnosis;empty\n"
        "P1;63;12,5;M;99;10,5;dead;120;1;03/02/2020;NA\n"
        "P2;NA;7;F;2;30;alive;400;0;25/02/2020;.\n"
    )
    found = {one.column: one for one in guess(read_sheet(text.encode(), None))}
    assert {name: one.role for name, one in found.items()} == {
        "PatientID": "patient", "Age": "variable", "Volume": "variable", "Sex": "variable",
        "Stage": "variable", "OS_months": "time", "OS_event": "event", "PFS_time_days": "time",
        "PFS_status": "event", "Diagnosis": "ignore", "empty": "ignore",
    }  # fmt: skip
    assert (found["Age"].kind, found["Age"].missing) == ("number", ["NA"])
    assert (found["Volume"].kind, found["Volume"].decimal) == ("number", ",")
    assert (found["Sex"].kind, found["Stage"].missing) == ("category", [])
    assert found["OS_event"].coding == {"dead": 1, "alive": 0}
    assert (found["OS_months"].endpoint, found["OS_months"].unit) == ("OS", "month")
    assert (found["PFS_status"].endpoint, found["PFS_time_days"].unit) == ("PFS", "day")
    assert (found["Diagnosis"].kind, found["Diagnosis"].date_order) == ("date", "dmy")


def test_a_censored_column_is_turned_round_and_one_of_1_and_2_is_asked_about() -> None:
    sheet = read_sheet(b"id,time,censored\nA,5,1\nB,6,0\n", None)
    assert {one.column: one for one in guess(sheet)}["censored"].coding == {"1": 0, "0": 1}
    assert issues("id,time,status\nA,5,1\nB,6,2\n") == ["None status None event-uncoded"]


def test_what_a_table_says_is_read() -> None:
    dictionary = described(
        age={"role": "variable", "kind": "number", "missing": ["999"], "unit": "a"},
        start={"role": "start", "kind": "date"},
        end={"role": "end", "kind": "date", "endpoint": "OS", "unit": "month"},
        died={"role": "event", "endpoint": "OS", "coding": {"yes": 1, "no": 0, "other": 2}},
        control={"role": "event", "endpoint": "LC", "missing": ["?"]},
    )
    text = (
        "ID,age,start,end,died,control\n"
        "A,６３,2020-01-01,2021-01-01,yes,1\n"
        "B,999,2020/01/01,2020年3月2日,NO,?\n"
        "C,,20200101,20220101,other,0\n"
        "D,5,,,,\n"
    )
    read = read_table(read_sheet(text.encode(), None), dictionary)
    assert read.issues.listed == []
    assert read.variables[0].values == {"A": 63.0, "D": 5.0}
    survival, binary = read.endpoints
    assert (survival.kind, survival.events) == ("survival", {"A": 1, "B": 0, "C": 2})
    assert survival.times == pytest.approx({"A": 366 / 30.4375, "B": 61 / 30.4375, "C": 731 / 30.4375})
    assert (binary.kind, binary.events, binary.times) == ("binary", {"A": 1, "C": 0}, {})


NUMBER = {"role": "variable", "kind": "number"}
SURVIVAL = {
    "time": {"role": "time", "kind": "number", "endpoint": "OS"},
    "event": {"role": "event", "endpoint": "OS"},
}
DATED = {
    "start": {"role": "start", "kind": "date", "endpoint": "OS"},
    "end": {"role": "end", "kind": "date", "endpoint": "OS"},
    "event": {"role": "event", "endpoint": "OS"},
}


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("ID,x\nA,1\nB,NA\n", {"x": NUMBER}, ["3 x NA not-a-number"]),
        ("ID,x\nA,1\nB,=1+1\n", {"x": NUMBER}, ["3 x =1+1 not-a-number"]),
        ('ID,x\nA,"1,234"\n', {"x": NUMBER}, ["2 x 1,234 not-a-number"]),
        ("ID,x\nA,1e999\nB,1e17\n", {"x": NUMBER},
         ["2 x 1e999 not-a-number", "3 x 1e17 number-implausible"]),
        ("ID,Age\nA,430\nB,-1\n", {"Age": NUMBER},
         ["2 Age 430 number-implausible", "3 Age -1 number-implausible"]),
        ("ID,x\nA,\nB,\n", {"x": NUMBER}, ["None x None column-empty"]),
        ("ID,x\nA,1\nB,2\na ,3\n", {"x": NUMBER}, ["4 ID a patient-twice"]),
        ("ID,x\n,1\nB,2\n", {"x": NUMBER}, ["2 ID  patient-missing"]),
        ("ID,x\nA,1,2\nB\nC,3\n", {"x": NUMBER}, ["2 None None row-length", "3 None None row-length"]),
        ("ID,x\nA,1\n", {}, ["None x None column-undescribed"]),
        ("ID,x\nA,1\n", {"x": NUMBER, "y": NUMBER}, ["None y None column-unknown"]),
        ("ID,x,x\nA,1,2\n", {"x": NUMBER}, ["1 x None column-twice", "1 x None column-twice"]),
        ("ID,x,\nA,1,2\n", {"x": NUMBER}, ["1 None None column-unnamed"]),
        ("ID,x\nA,2020-01-01\n", {"x": {"role": "variable", "kind": "date"}},
         ["None x None date-is-no-variable"]),
        ("ID,x,y\nA,1,2\n", {"x": NUMBER | {"name": "z"}, "y": NUMBER | {"name": "z"}},
         ["None x None column-name-twice", "None y None column-name-twice"]),
        ("ID,time,event\nA,0,1\nB,-3,0\nC,5000,0\nD,1,0\n", SURVIVAL,
         ["2 time 0 time-not-positive", "3 time -3 time-not-positive",
          "4 time 5000 time-implausible"]),
        ("ID,time,event\nA,,1\nB,3,\nC,1,0\n", SURVIVAL,
         ["2 event 1 event-without-time", "3 time 3 time-without-event"]),
        ("ID,time,event\nA,4,maybe\nC,1,0\n", SURVIVAL, ["2 event maybe event-uncoded"]),
        ("ID,event\nA,0\nB,2\n", {"event": SURVIVAL["event"]}, ["3 event 2 event-uncoded"]),
        ("ID,time\nA,4\n", {"time": SURVIVAL["time"]}, ["None time None endpoint-incomplete"]),
        ("ID,event\nA,1\n", {"event": {"role": "event"}}, ["None event None endpoint-unnamed"]),
        ("ID,start,end,event\nA,2020-01-02,2020-01-01,1\nB,1/2/2020,2021-01-01,0\n"
         "C,x,2021-01-01,0\nD,2020-01-01,2999-01-01,0\n", DATED,
         ["3 start 1/2/2020 date-ambiguous", "4 start x not-a-date",
          "5 end 2999-01-01 date-implausible",
          "2 end 2020-01-01 time-not-positive", "5 end 2999-01-01 time-implausible",
          "3 event 0 event-without-time", "4 event 0 event-without-time"]),
    ],
)  # fmt: skip
def test_every_issue_names_row_column_and_value(
    text: str, columns: dict[str, Any], expected: list[Any]
) -> None:
    assert issues(text, described(**columns)) == expected


def test_who_stands_twice_is_named_with_both_rows() -> None:
    sheet = read_sheet("ID,x\nA,1\nＡ,2\n".encode(), None)
    (issue,) = read_table(sheet, described(x=NUMBER)).issues.listed
    assert "rows 2 and 3" in issue.detail


def test_a_table_needs_one_column_of_patients() -> None:
    assert issues("x,y\n1,2\n") == ["None None None no-patient-column"]
    twice = [PATIENT, DictionaryColumn(column="x", role="patient")]
    assert issues("ID,x\n1,2\n", twice) == ["None None None several-patient-columns"]
