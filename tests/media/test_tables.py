"""media/tables.py: any text comes back from a line."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.tables import read_row, write_row

names = st.binary(max_size=12).map(lambda name: name.decode("utf-8", "surrogateescape"))


@settings(deadline=None)
@given(st.lists(names | st.text("\\\t\n\rntr\u2028", max_size=8), min_size=1, max_size=4))
@example(["\\t", "\t", "\\\\n"])
def test_fields_come_back(fields):
    line = write_row(fields)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read_row(line[:-1]) == fields


def test_plain_fields_are_written_as_they_are():
    assert write_row(["0.jpg", "gas_station/indoor", "g/é.jpg"]) == "0.jpg\tgas_station/indoor\tg/é.jpg\n".encode()
