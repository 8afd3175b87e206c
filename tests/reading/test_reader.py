"""The reader: windows hold the plate and a margin, and the corners it sees come back to the photo."""

import cv2
import numpy as np
import pytest
from fakes import GRAMMAR, ConstantReader, make_look, quad

from common import ALPHABET, BLANK
from reading.reader import LOOK_SHAPE, look, read, read_parts


def test_the_readers_corners_come_back_to_the_photo():
    corners = np.stack([quad(100, 100, 120, 30), [[300, 90], [420, 110], [418, 140], [299, 121]]]).astype(np.float32)
    photo = np.zeros((300, 500, 3), np.uint8)
    reader = ConstantReader("AB12", 0.04)
    presence, seen, looks = read(reader, [photo] * 2, corners, (0.04, 0.04, 0.04))
    assert reader.windows.shape == (6, 64, 128, 3)
    assert (presence.shape, looks.shape) == ((2,), (2, 3, *LOOK_SHAPE))
    np.testing.assert_allclose(seen, corners, atol=0.1)


def test_windows_hold_the_plate_and_a_margin():
    photo = np.zeros((200, 300, 3), np.uint8)
    cv2.rectangle(photo, (100, 80), (199, 104), (255, 255, 255), -1)
    reader = ConstantReader("AB12", 0.1)
    read(reader, [photo], quad(100, 80, 100, 25)[None], (0.1,))
    window = reader.windows[0, :, :, 0]
    assert window[32, 14:114].min() > 250
    assert window[32, :8].max() < 5
    assert window[:4, 64].max() < 5


def test_candidates_that_are_no_plates_have_no_view():
    """More candidates than one batch. In the first batch none is a plate, because its windows are dark."""
    photo = np.zeros((60, 1200, 3), np.uint8)
    photo[:, 900:] = 200
    corners = np.stack([quad(10 + 100 * i, 10, 80, 20) for i in range(11)])

    class BrightnessReader(ConstantReader):
        def run(self, names, feeds):
            _, *others = super().run(names, feeds)
            return (feeds["windows"].mean((1, 2, 3)) > 100).astype(np.float32), *others

    reader = BrightnessReader("AB12", 0.04)
    views = look(reader, [photo] * 11, corners, GRAMMAR)
    assert [view.number for view in views] == [9, 10]
    for view in views:
        np.testing.assert_allclose(view.place, corners[view.number], atol=0.2)
        np.testing.assert_allclose(view.corners, corners[view.number], atol=0.2)
        assert (view.presence, view.reading.code) == (1, "AB12")
    assert look(reader, [photo] * 9, corners[:9], GRAMMAR) == []
    views = look(reader, [photo] * 11, corners, GRAMMAR, are_plates=True)
    assert [view.number for view in views] == list(range(11))


@pytest.mark.parametrize(("presences", "views"), [((0.01, 0.9, 1), 1), ((0.001, 0.9, 1), 0), ((0.9, 0.01, 1), 0)])
def test_a_cut_plate_is_given_up_after_the_second_look_alone(presences, views):
    class SurerReader(ConstantReader):
        def run(self, names, feeds):
            self.presence = next(following)
            return super().run(names, feeds)

    following = iter(presences)
    photo = np.full((60, 200, 3), 200, np.uint8)
    assert len(look(SurerReader("AB12", 0.04), [photo], quad(50, 20, 80, 20)[None], GRAMMAR)) == views


@pytest.mark.parametrize(
    ("presence", "certainty", "windows"),
    [(0.995, 0.999, 1), (0.8, 0.999, 5), (0.995, 0.6, 5)],
    ids=["clear", "perhaps no plate", "an unclear code"],
)
@pytest.mark.parametrize("are_plates", [False, True])
def test_only_doubt_takes_further_looks(presence, certainty, windows, are_plates):
    seen = []

    class CountingReader(ConstantReader):
        def run(self, names, feeds):
            seen.append(len(feeds["windows"]))
            return super().run(names, feeds)

    reader = CountingReader("KA02MK7259", 0.04, presence, certainty)
    photo = np.full((60, 200, 3), 200, np.uint8)
    [view] = look(reader, [photo], quad(50, 20, 80, 20)[None], GRAMMAR, are_plates)
    assert sum(seen) == windows
    assert view.reading.code == "KA02MK7259"
    np.testing.assert_allclose(view.corners, quad(50, 20, 80, 20), atol=0.2)


def test_each_candidate_is_cut_out_of_its_own_photo():
    photos = [np.full((40, 90 + i, 3), 20 * i, np.uint8) for i in range(3)]
    reader = ConstantReader("AB12", 0.04)
    read(reader, photos, np.stack([quad(5, 5, 80, 20)] * 3), (0.0, 0.1))
    np.testing.assert_allclose(reader.windows.mean((1, 2, 3)), [0, 20, 40] * 2)


def test_the_frames_of_the_parts_of_a_plate_follow_each_other():
    """Each part of the photo is of one brightness, which the reader answers with."""
    photo = np.zeros((80, 160, 3), np.uint8)
    photo[:40], photo[40:, :66], photo[40:, 66:] = 50, 100, 200

    class BrightnessReader:
        windows = 0

        def run(self, names, feeds):
            assert names == ["characters"]
            self.windows += len(feeds["windows"])
            return [np.stack([np.full(LOOK_SHAPE, window[32, 100, 0]) for window in feeds["windows"]])]

    blank = np.log(np.full(LOOK_SHAPE, 1e-6))
    blank[:, BLANK] = 0
    two_lines = blank.copy()
    two_lines[[20, 58, *(64 + np.array([2, 6, 18, 34, 48, 60]))], 3] = 1
    reader = BrightnessReader()
    looks = read_parts(reader, photo, quad(0, 0, 160, 80), two_lines)
    lines, halves = looks[2:4]
    assert lines[:, 0].tolist() == [50] * 64 + [200] * 64
    assert halves[:, 0].tolist() == [50] * 64 + [100] * 64 + [200] * 38  # the right half has wide characters
    assert reader.windows == 3 * 3  # a window that two ways share is read once
    assert read_parts(reader, photo, quad(0, 0, 160, 80), blank) == []


@pytest.mark.parametrize(("certainty", "code"), [(0.6, "KA02MK7259"), (0.999, "XA02MK7259")], ids=["doubt", "none"])
def test_doubt_about_small_characters_takes_looks_at_the_parts(certainty, code):
    """The reader misreads the whole plate with some `certainty`, and is sure of each half."""

    class HalvesReader(ConstantReader):
        def run(self, names, feeds):
            if names == ["characters"]:
                left, right = feeds["windows"]
                assert left.mean() < right.mean()
                return [np.stack([make_look("KA02M"), make_look("K7259")])]
            answers = super().run(names, feeds)
            answers[2][...] = spread
            return answers

    spread = make_look("", certainty)
    for place, character in enumerate("XA02MK7259"):
        frame = 3 + 6 * place
        spread[frame] = np.log(1e-6)
        spread[frame, [ALPHABET.index(character), BLANK]] = np.log([certainty, 1 - certainty])
    photo = np.full((60, 200, 3), 20, np.uint8)
    photo[:, 90:] = 200
    [view] = look(HalvesReader("", 0.04, 0.9), [photo], quad(50, 20, 80, 20)[None], GRAMMAR)
    assert view.reading.code == code
