"""Exported logs in the forms that people have them, and rows that cannot be read."""

import csv
import gzip
import io
import json
import resource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.evidence import unified_audit_log
from incidents.evidence.rows import row_of
from incidents.imports.reading import NotALog, Record, Unreadable, log_open
from incidents.imports.times import moment_written

REAL = Path(__file__).parents[4] / "shared" / "data" / "unified-audit-log-2021-spring.csv.gz"
HEADER = ["RecordType", "CreationDate", "UserIds", "Operations", "ResultIndex", "Identity", "AuditData"]


def record(number=1, **more):
    return {
        "Id": f"id-{number}", "CreationTime": "2026-03-01T09:30:00", "Operation": "Send", "Workload": "Exchange",
        "UserId": "Alice@client.example",
    } | more  # fmt: skip


def sheet(*cells, header=HEADER, delimiter=","):
    """A CSV whose rows have these AuditData cells."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    for cell in cells:
        data = cell if isinstance(cell, str) else json.dumps(cell)
        writer.writerow(["1", "3/1/2026 9:30:00 AM", "alice", "Send", "1", "x", data][-len(header) :])
    return out.getvalue()


def read(tmp_path, content, name="log"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with log_open(path) as file:
        return list(file.rows())


def told(rows):
    return [(one.line, one.content["Id"] if isinstance(one, Record) else one.reason) for one in rows]


BOTH = [(2, "id-1"), (3, "id-2")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_csv_however_it_was_saved(tmp_path, delimiter, encoding, pack):
    content = pack(sheet(record(1), record(2), delimiter=delimiter).encode(encoding))
    assert told(read(tmp_path, content)) == BOTH


def test_columns_in_any_order_and_case(tmp_path):
    content = 'auditdata,Creation Date\r\n"' + json.dumps(record(1)).replace('"', '""') + '",x\r\n'
    assert told(read(tmp_path, content)) == [(2, "id-1")]


def test_the_raw_record_is_as_it_stood_there(tmp_path):
    cell = '{"Id":"é\\u00e9",  "CreationTime":"2026-03-01T09:30:00", "x":1.50}'
    [row] = read(tmp_path, sheet(cell))
    assert row.raw == cell.encode()
    [row] = read(tmp_path, cell + "\n")
    assert row.raw == cell.encode()


LINE = json.dumps(record(1))


@pytest.mark.parametrize(
    "content",
    [
        f"{LINE}\n",
        LINE,
        f"[{LINE}]",
        f"[\n{LINE},\n]\n",
        json.dumps([record(1)], indent=2),
        json.dumps({"AuditData": LINE, "CreationDate": "x"}),
        json.dumps({"id": "graph", "auditData": record(1)}),
        gzip.compress(LINE.encode()),
        b"\xef\xbb\xbf" + LINE.encode(),
    ],
)
def test_json_however_it_was_written(tmp_path, content):
    assert [name for _, name in told(read(tmp_path, content))] == ["id-1"]


def test_many_records_in_a_list_over_many_lines(tmp_path):
    rows = read(tmp_path, json.dumps([record(number) for number in range(500)], indent=1))
    assert [name for _, name in told(rows)] == [f"id-{number}" for number in range(500)]
    assert [line for line, _ in told(rows)][:2] == [2, 9]


# --- Unreadable rows --------------------------------------------------------------------------------------------------
CUT = "The row is cut off: a quotation mark is not closed."
BROKEN = "AuditData is no JSON: it is broken or cut off."


def test_each_unreadable_row_is_named_and_the_file_goes_on(tmp_path):
    lines = sheet(
        record(1), record(2), '{"Id": "x", ', {"CreationTime": "2026-03-01T09:30:00"}, "", record(7), record(8)
    ).splitlines(keepends=True)
    lines[2] = lines[2][:-40] + "\n"  # cut inside the quoted cell
    assert told(read(tmp_path, "".join(lines))) == [
        (2, "id-1"), (3, CUT), (4, BROKEN), (5, "The record has no id."), (6, "AuditData is empty."), (7, "id-7"),
        (8, "id-8"),
    ]  # fmt: skip


def test_a_row_cut_before_its_record(tmp_path):
    assert told(read(tmp_path, sheet(record(1)) + '"1","2"\n' + sheet(record(3)).splitlines()[1] + "\n")) == [
        (2, "id-1"), (3, "The row is cut off: it has 2 of 7 columns."), (4, "id-3"),
    ]  # fmt: skip


def test_a_file_that_ends_in_the_middle_of_a_row(tmp_path):
    assert told(read(tmp_path, sheet(record(1), record(2))[:-30])) == [
        (2, "id-1"), (3, "The row is cut off: the file ends in the middle of it."),
    ]  # fmt: skip


def test_broken_lines_of_json(tmp_path):
    assert told(read(tmp_path, f"{LINE}\n{LINE[:-9]}\n\n[1]\n{LINE}")) == [
        (1, "id-1"), (2, BROKEN), (4, BROKEN), (5, "id-1"),
    ]  # fmt: skip


def test_a_broken_list_goes_on(tmp_path):
    content = json.dumps([record(1), record(2)], indent=1).replace('"id-1"', "'id-1'") + "\n"
    assert [name for _, name in told(read(tmp_path, content))] == ["The JSON is broken.", "id-2"]


@pytest.mark.parametrize("identity", [None, "", " ", 7, [], "x" * 129])
def test_an_id_that_is_none(tmp_path, identity):
    assert told(read(tmp_path, sheet(record(1, Id=identity)))) == [(2, "The record has no id.")]


@pytest.mark.parametrize("content", ["", "\n\n", "%PDF-1.7 ...", "a,b\n1,2\n", b"PK\x03\x04\x00\x00", b"\xff\xfe\x00"])
def test_what_is_no_log_is_refused(tmp_path, content):
    with pytest.raises(NotALog, match="no audit log that Petra knows"):
        read(tmp_path, content)


def test_a_damaged_archive_is_told_and_what_came_before_is_there(tmp_path):
    path = tmp_path / "log"
    many = sheet(*(record(number, x="0123456789" * number) for number in range(900)))
    path.write_bytes(gzip.compress(many.encode())[:-200])
    rows = []
    with log_open(path) as file, pytest.raises(NotALog, match="damaged"):
        rows.extend(file.rows())
    assert [one.content["Id"] for one in rows[:2]] == ["id-0", "id-1"]


# --- Times ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00+00:00"),
        ("2026-03-01T09:30:00.1234567Z", "2026-03-01T09:30:00.123456+00:00"),
        ("2026-03-01T10:30:00+01:00", "2026-03-01T09:30:00+00:00"),
        ("3/1/2026 9:30:00 AM", "2026-03-01T09:30:00+00:00"),
        ("03/01/2026 21:30", "2026-03-01T21:30:00+00:00"),
        ("28/02/2026 21:30", "2026-02-28T21:30:00+00:00"),
        ("01.03.2026 09:30", "2026-03-01T09:30:00+00:00"),
        ("46082.39583", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_times_as_excel_leaves_them(written, moment):
    assert moment_written(written) == moment


def test_the_time_of_the_row_stands_in_where_the_record_has_none(tmp_path):
    [row] = read(tmp_path, sheet({"Id": "1", "Operation": "Send"}))
    assert row.written_at == "2026-03-01T09:30:00+00:00"
    assert told(read(tmp_path, sheet({"Id": "1"}).replace("3/1/2026", "soon"))) == [(2, "The record has no time.")]


# --- Anything ---------------------------------------------------------------------------------------------------------
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["Operation", "Workload", "UserId", "ClientIP", "Folders", "Item", "AffectedItems", "Parameters", "ResultStatus",
         "OperationProperties", "ExtendedProperties", "DeviceProperties", "Target", "ErrorNumber", "SessionId"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(contents=st.lists(st.dictionaries(st.sampled_from(NAMES), anything, max_size=6), min_size=1, max_size=4))
def test_no_record_breaks_reader_parser_or_row(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("any")
    records = [record(number, **content) for number, content in enumerate(contents)]
    for content in (sheet(*records), "\n".join(map(json.dumps, records))):
        rows = read(folder, content)
        assert [one.content for one in rows] == records
        for one in rows:
            row = row_of(unified_audit_log.parse({"auditData": one.content}), one.raw)
            assert "\x00" not in "".join(value for value in row.values if isinstance(value, str))


@settings(max_examples=100, deadline=None)
@given(rubbish=st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory, rubbish):
    folder = tmp_path_factory.mktemp("any")
    rows = read(folder, sheet(record(1)).encode() + rubbish + b"\n" + sheet(record(2)).encode())
    assert told(rows)[0] == (2, "id-1")


def test_a_long_file_does_not_fill_the_memory(tmp_path):
    line = json.dumps(record(1, x="y" * 1000)) + "\n"
    path = tmp_path / "long"
    with path.open("w") as file:
        file.writelines(line for _ in range(150_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with log_open(path) as file:
        assert sum(1 for _ in file.rows()) == 150_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB; the file has 160 MB


@pytest.mark.skipif(not REAL.exists(), reason="The real log is not on this machine; it lies beside the project in CI")
def test_the_real_log():
    with log_open(REAL) as file:
        rows = list(file.rows())
    readable = [one for one in rows if isinstance(one, Record)]
    assert (len(rows), len(readable), len({one.content["Id"] for one in readable})) == (4766, 4766, 3114)
    assert not any(isinstance(one, Unreadable) for one in rows)
