"""A plate as a row of --json has it."""

import json

from fakes import make_seen_plate


def test_json_has_the_promised_shape():
    plate = make_seen_plate([[10.04, 20], [110, 22], [109, 48], [9, 46]], (100, 200))
    row = json.loads(json.dumps(plate.as_dict()))
    assert list(row) == ["text", "confidence", "box", "corners", "characters"]
    assert row["text"] == "KA02MK7259"
    assert row["box"] == [9, 20, 101, 28]
    assert row["corners"][0] == [10.0, 20.0]
    assert len(row["characters"]) == 10
    assert 0.9 < row["confidence"] <= 1
