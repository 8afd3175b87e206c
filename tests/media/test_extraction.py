"""media/extraction.py: which members are pictures, and where an interrupted run goes on."""

from types import SimpleNamespace

import pytest

from common import UserError
from media.archives import Member
from media.extraction import find_candidates, is_picture, skip_done


def make_members(*names: str) -> list[Member]:
    return [Member(name, 1, lambda: b"", 0) for name in names]


@pytest.mark.parametrize("name", ["a.jpg", "x/a.JPEG", "a.b.png", "x.txt/a.webp"])
def test_pictures_are_known_by_their_suffix(name):
    assert is_picture(name)


@pytest.mark.parametrize("name", ["a.txt", "jpg", "x/.jpg", "x/._a.jpg", "a.jpg/b", ""])
def test_other_members_are_no_pictures(name):
    assert not is_picture(name)


def test_classes_that_turned_up_are_noted():
    met = set()
    members = make_members("s/street/a.jpg", "g/gas_station/indoor/b.jpg", "h/harbor/c.jpg", "h/house/d.txt")
    found = list(find_candidates(iter(members), {"street", "gas_station", "house"}, met))
    assert [candidate.class_name for candidate in found] == ["street", "gas_station/indoor"]
    assert met == {"street", "gas_station"}


@pytest.mark.parametrize("done", range(4))
def test_a_run_goes_on_after_the_last_picture_that_is_there(done):
    """b.jpg is bad: the index lacks it."""
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    candidates = find_candidates(iter(make_members(*names)), None, set())
    backgrounds = SimpleNamespace(members=["a.jpg", "c.jpg", "d.jpg"][:done], path="index.tsv")
    left = [candidate.name for candidate in skip_done(candidates, backgrounds)]
    assert left == [names, names[1:], names[3:], []][done]


def test_another_archive_is_refused():
    candidates = find_candidates(iter(make_members("a.jpg", "b.jpg")), None, set())
    with pytest.raises(UserError, match=r"index\.tsv: lists c\.jpg, which the archive lacks"):
        list(skip_done(candidates, SimpleNamespace(members=["a.jpg", "c.jpg"], path="index.tsv")))
