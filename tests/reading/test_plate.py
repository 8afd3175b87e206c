"""A plate as a row of --json has it."""

import json

from fakes import make_seen_plate


def test_json_has_the_promised_shape():
    plate = make_seen_plate([[10.04, 20], [110, 22], [109, 48], [9, 46]], (100, 200))
    row = json.loads(json.dumps(plate.as_dict()))
    assert list(row) == ["text", "confidence", "box", "corners", "characters", "country", "country_probability"]
    assert row["text"] == "KA02MK7259"
    assert row["box"] == [9, 20, 101, 28]
    assert row["corners"][0] == [10.0, 20.0]
    assert len(row["characters"]) == 10
    assert 0.9 < row["confidence"] <= 1
    assert row["country"] == "in"
    assert 0.9 < row["country_probability"] <= 1


def test_json_has_no_country_where_none_fits_and_codes_where_they_are_asked_for():
    plate = make_seen_plate([[10, 20], [110, 22], [109, 48], [9, 46]], (100, 200), "9Z9Z9Z9Z9Z9")
    row = plate.as_dict()
    assert (row["country"], row["country_probability"]) == (None, None)
    row = plate._replace(codes=(("9Z9", 0.55555), ("9Z8", 0.2))).as_dict()
    assert row["codes"] == [["9Z9", 0.5555], ["9Z8", 0.2]]
