"""media/scene_classes.py: the class of a member by its folder, and which classes lie in which."""

import pytest

from media.scene_classes import ROADSIDE, find_wanted, get_class


def test_roadside_is_48_classes():
    assert len(set(ROADSIDE)) == len(ROADSIDE) == 48


@pytest.mark.parametrize(
    ("member", "class_name"),
    [
        ("SUN397/s/street/sun_a.jpg", "street"),
        ("./SUN397/g/gas_station/indoor/sun_a.jpg", "gas_station/indoor"),
        ("s/street/sun_a.jpg", "street"),
        ("photos/street/a.jpg", "photos/street"),
        ("photos/x/street/a.jpg", "photos/x/street"),
        ("a.jpg", "."),
    ],
)
def test_class_of_a_member(member, class_name):
    assert get_class(member) == class_name


@pytest.mark.parametrize(
    ("class_name", "wanted", "found"),
    [
        ("street", {"street", "highway"}, {"street"}),
        ("gas_station/indoor", {"gas_station"}, {"gas_station"}),
        ("gas_station/indoor", {"gas_station", "gas_station/indoor"}, {"gas_station", "gas_station/indoor"}),
        ("gas_station", {"gas_station/indoor"}, set()),
        ("gas_stations", {"gas_station"}, set()),
    ],
)
def test_a_class_lies_in_the_classes_above_it(class_name, wanted, found):
    assert find_wanted(class_name, wanted) == found
