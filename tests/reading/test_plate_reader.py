"""PlateReader: from stand-ins for the networks to plates, without doubles."""

import numpy as np
import pytest
from fakes import ConstantReader, KnowingFinder, make_plate_reader, make_seen_plate, quad

from reading.plate import Plate
from reading.plate_reader import without_doubles


def read_two(**options) -> list[Plate]:
    plates = np.stack([quad(60, 60, 100, 25), quad(300, 200, 180, 45)])
    photo = np.zeros((400, 600, 3), np.uint8)
    reader = ConstantReader(**{"code": "KA02MK7259", "margin": 0.04, **options})
    return make_plate_reader(KnowingFinder(600, plates), reader).read(photo)


def test_plates_are_found_read_and_placed():
    plates = sorted(read_two(), key=lambda plate: plate.box)
    assert [plate.code for plate in plates] == ["KA02MK7259"] * 2
    for plate, (x, y, w, h) in zip(plates, [(60, 60, 100, 25), (300, 200, 180, 45)], strict=True):
        np.testing.assert_allclose(plate.box, (x, y, w, h), atol=4)
        assert plate.confidence == pytest.approx(1, abs=0.01)
        np.testing.assert_allclose(plate.characters, [1] * 10, atol=0.01)


@pytest.mark.parametrize(
    "options", [{"presence": 0.2}, {"presence": 0.3}, {"code": "AB"}, {"code": ""}, {"certainty": 0.6}]
)
def test_what_is_no_plate_is_left_out(options):
    assert read_two(**options) == []


def test_a_photo_of_no_texture_has_no_plate():
    reader = make_plate_reader(KnowingFinder(50, np.zeros((0, 4, 2))), ConstantReader("AB12", 0.04))
    for shape in [(1, 1), (1, 900), (900, 1), (50, 50)]:
        assert reader.read(np.zeros((*shape, 3), np.uint8)) == []


def test_one_plate_stays_at_each_place():
    def plate(code, confidence, *box):
        return Plate(code, confidence, box, quad(*box), np.ones(len(code)))

    word, whole = plate("INDIA", 0.99, 10, 2, 30, 5), plate("KA02MK7259", 0.9, 0, 0, 100, 25)
    askew, other = plate("A02MK725", 0.92, 5, 1, 80, 24), plate("MH12", 0.7, 200, 0, 100, 25)
    assert without_doubles([other, word, whole, askew]) == [whole, other]
    assert without_doubles([]) == []


def test_a_word_is_less_likely_a_plate():
    corners = quad(20, 20, 100, 25)
    word, code = (make_seen_plate(corners, (100, 200), code, 0.8).confidence for code in ("PLATES", "MH12AB1234"))
    assert 0 < word < 0.4 < 0.8 < code


def test_boxes_stay_in_the_photo():
    assert make_seen_plate(quad(-20, 90, 100, 30), (100, 200)).box == (0, 90, 80, 10)


def test_every_plate_of_a_crowded_photo_is_read():
    """More plates than the reader takes at once, each with the same support."""
    plates = np.stack([quad(10 + 150 * (i % 5), 10 + 80 * (i // 5), 100, 25) for i in range(20)])
    reader = ConstantReader("KA02MK7259", 0.04)
    found = make_plate_reader(KnowingFinder(760, plates), reader).read(np.zeros((330, 760, 3), np.uint8))
    assert len(found) == 20
    boxes = sorted((plate.box[1] // 80, plate.box[0] // 150) for plate in found)
    assert boxes == [(i // 5, i % 5) for i in range(20)]
    assert reader.most_windows <= 24
