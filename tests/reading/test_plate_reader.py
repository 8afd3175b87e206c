"""PlateReader: from stand-ins for the networks to plates, without doubles."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from command_line import ROOT
from fakes import FORMATS, ConstantReader, KnowingFinder, make_plate_reader, make_seen_plate, quad
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UserError
from media.pictures import read_image, write_image
from reading.plate import Plate
from reading.plate_reader import CROP_MARGIN, EVEN_SUPPORT, Places, PlateReader, multiply_odds, without_doubles


def read_two(**options) -> list[Plate]:
    plates = np.stack([quad(60, 60, 100, 25), quad(300, 200, 180, 45)])
    photo = np.zeros((400, 800, 3), np.uint8)
    reader = ConstantReader(**{"code": "KA02MK7259", "margin": 0.04, **options})
    return make_plate_reader(KnowingFinder(800, plates), reader).read(photo)


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


def test_a_photo_of_any_size_may_have_no_plate():
    reader = make_plate_reader(KnowingFinder(50, np.zeros((0, 4, 2))), ConstantReader("AB12", 0.04, presence=0))
    for shape in [(1, 1), (1, 900), (900, 1), (50, 50)]:
        assert reader.read(np.zeros((*shape, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("shape", "is_read"),
    [
        ((20, 100), True),
        ((90, 90), True),
        ((200, 700), True),
        ((90, 80), False),
        ((10, 70), False),
        ((300, 701), False),
    ],
)
def test_a_photo_of_a_plates_shape_may_be_a_plate(shape, is_read):
    """The finder sees nothing, so the reader is asked about the whole photo alone."""
    height, width = shape
    reader = make_plate_reader(KnowingFinder(width, np.zeros((0, 4, 2))), ConstantReader("AB12", 0.04))
    plates = reader.read(np.zeros((*shape, 3), np.uint8))
    assert len(plates) == is_read
    if is_read:
        low, high = plates[0].corners.min(0), plates[0].corners.max(0)
        np.testing.assert_allclose(low, CROP_MARGIN * np.array([width, height]), atol=0.5)
        np.testing.assert_allclose(high, (1 - CROP_MARGIN) * np.array([width, height]), atol=0.5)


# --- what `read` takes ----------------------------------------------------------------------------------------------


def test_paths_arrays_and_lists_of_them_are_read(tmp_path):
    reader = make_plate_reader(KnowingFinder(800, quad(60, 60, 100, 25)[None]), ConstantReader("KA02MK7259", 0.04))
    photo = np.zeros((400, 800, 3), np.uint8)
    write_image(tmp_path / "photo.png", photo)
    [plate] = reader.read(photo)
    for answer in [reader.read(tmp_path / "photo.png"), reader.read(str(tmp_path / "photo.png"))]:
        assert [other.as_dict() for other in answer] == [plate.as_dict()]
    answers = reader.read([photo, tmp_path / "photo.png"])
    assert [[other.as_dict() for other in answer] for answer in answers] == [[plate.as_dict()]] * 2
    assert reader.read([]) == []


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 4), (2, 9, 9, 3), (0, 9, 3)])
def test_what_is_no_photo_is_refused(shape):
    reader = make_plate_reader(KnowingFinder(9, np.zeros((0, 4, 2))), ConstantReader("AB12", 0.04))
    for wrong in (np.zeros(shape, np.uint8), np.zeros((9, 9, 3), np.float32)):
        with pytest.raises(ValueError, match="uint8"):
            reader.read(wrong)
    with pytest.raises(UserError, match=r"none\.jpg"):
        reader.read("none.jpg")


def test_crops_are_read_in_batches_without_a_search():
    """A crop is taken for a plate, whatever the reader's presence says."""
    finder = KnowingFinder(90, np.zeros((0, 4, 2)))
    reader = ConstantReader("KA02MK7259", 0.04, presence=0.01)
    crops = [np.zeros((20 + i, 90, 3), np.uint8) for i in range(20)]
    answers = make_plate_reader(finder, reader).read(crops, crops=True)
    assert [[plate.code for plate in plates] for plates in answers] == [["KA02MK7259"]] * 20
    assert all(plates[0].confidence > 0.9 for plates in answers)
    assert finder.seen == []
    assert reader.most_windows == 24
    [plate] = make_plate_reader(finder, reader).read(crops[0], crops=True)
    assert plate.code == "KA02MK7259"
    assert make_plate_reader(finder, ConstantReader("", 0.04)).read(crops[:2], crops=True) == [[], []]


def test_threads_may_share_a_reader(weights):
    """Many threads at once read what one reads alone."""
    reader = PlateReader(weights, formats=FORMATS)
    scene = read_image(ROOT / "in.jpg")
    photos = [scene[340 + 5 * i : 500, 380 + 9 * i : 660] for i in range(8)]
    alone = [[plate.as_dict() for plate in reader.read(photo)] for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        together = [[plate.as_dict() for plate in plates] for plates in pool.map(reader.read, photos)]
    assert together == alone
    assert any(alone)


def test_the_most_probable_codes_add_up_to_1_at_most():
    finder = KnowingFinder(800, quad(60, 60, 100, 25)[None])
    reader = make_plate_reader(finder, ConstantReader("KA02MK7259", 0.04, certainty=0.95), threshold=0.1)
    photo = np.zeros((400, 800, 3), np.uint8)
    [plate] = reader.read(photo)
    assert plate.codes == ()
    reader.top = 4
    [plate] = reader.read(photo)
    assert len(plate.codes) == 4
    assert plate.codes[0] == (plate.code, plate.confidence)
    assert plate.confidence < sum(confidence for _, confidence in plate.codes) <= 1


def test_the_surest_codes_are_chosen_whatever_the_reader_finds_most_probable():
    reader = make_plate_reader(KnowingFinder(800, quad(60, 60, 100, 25)[None]), ConstantReader("KA02MK7259", 0.04))
    codes = [("WORD", 0.3), ("AB", 0.01), ("KA02", 0.2), ("KA03", 0.25)]
    reader.top = 3
    assert reader.choose_codes(codes) == (("WORD", 0.3), ("KA03", 0.25), ("KA02", 0.2))
    reader.top = 0
    assert reader.choose_codes(codes) == ()


def test_what_fills_a_small_photo_is_believed_sooner():
    """One word at one place, with the same looks, on a photo that it fills and on a larger one."""
    filling, beside = (
        make_plate_reader(KnowingFinder(width, quad(2, 2, 96, 36)[None]), ConstantReader("WORDS", 0.04, 0.5), 0.0).read(
            np.zeros((40, width, 3), np.uint8)
        )
        for width in (100, 800)
    )
    assert filling[0].code == beside[0].code == "WORDS"
    assert filling[0].confidence > 3 * beside[0].confidence
    assert filling[0].confidence < 1


# --- one reading of each plate --------------------------------------------------------------------------------------


def test_one_plate_stays_at_each_place():
    def plate(code, confidence, *box):
        return Plate(code, confidence, box, quad(*box), np.ones(len(code)))

    word, whole = plate("INDIA", 0.99, 10, 2, 30, 5), plate("KA02MK7259", 0.9, 0, 0, 100, 25)
    askew, other = plate("A02MK725", 0.92, 5, 1, 80, 24), plate("MH12", 0.7, 200, 0, 100, 25)
    assert without_doubles([other, word, whole, askew]) == [2, 0]  # of `whole` and `other`
    assert without_doubles([]) == []


def test_a_word_is_less_likely_a_plate():
    corners = quad(20, 20, 100, 25)
    word, code = (make_seen_plate(corners, (100, 200), code, 0.8).confidence for code in ("PLATES", "MH12AB1234"))
    assert 0 < word < 0.4 < 0.8 < code


def test_a_place_with_less_support_is_less_likely_a_plate():
    """The same look at three places. Where the support is even, the confidence stays."""
    place = quad(50, 60, 100, 25)
    support = np.float32([EVEN_SUPPORT / 4, EVEN_SUPPORT, 4 * EVEN_SUPPORT])
    reader = make_plate_reader(KnowingFinder(400, place[None]), ConstantReader("KA02MK7259", 0.04, presence=0.8))
    photo = np.zeros((200, 400, 3), np.uint8)
    seen = reader.read_places(photo, Places(np.stack([place] * 3), support))
    before = seen[0].plate.confidence
    assert [candidate.plate.confidence for candidate in seen] == [before] * 3
    less, same, more = (reader.believe(candidate, photo.shape).confidence for candidate in seen)
    assert less < before < more < 1
    assert same == pytest.approx(before)


def test_places_come_with_their_support():
    plates = np.stack([quad(60, 60, 100, 25), quad(300, 200, 180, 45)])
    reader = make_plate_reader(KnowingFinder(800, plates), ConstantReader("KA02MK7259", 0.04))
    corners, support = reader.find_places(np.zeros((400, 800, 3), np.uint8))
    assert (corners.shape, support.shape) == ((2, 4, 2), (2,))
    assert support[0] >= support[1] > 0


@given(st.floats(0, 1), st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_odds_are_multiplied(probability, factor):
    product = multiply_odds(probability, factor)
    assert product * (1 - probability) == pytest.approx(factor * probability * (1 - product), rel=1e-6, abs=1e-9)
    assert multiply_odds(probability, 1.0) == pytest.approx(probability)


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
