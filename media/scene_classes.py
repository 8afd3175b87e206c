"""Classes of places, such as `street` or `gas_station/indoor`: the folders of SUN397 (Xiao et al., CVPR 2010)."""

import itertools
from collections.abc import Collection
from pathlib import PurePosixPath

# The classes of SUN397 that show places where vehicles are.
# fmt: off
ROADSIDE = (
    "alley", "apartment_building/outdoor", "auto_factory", "bazaar/outdoor", "bridge", "building_facade", "campus",
    "church/outdoor", "construction_site", "courthouse", "courtyard", "covered_bridge/exterior", "crosswalk",
    "diner/outdoor", "dock", "driveway", "fire_station", "forest_road", "garage/indoor", "garbage_dump", "gas_station",
    "general_store/outdoor", "harbor", "highway", "hospital", "hotel/outdoor", "house", "industrial_area",
    "inn/outdoor", "landfill", "lift_bridge", "mansion", "manufactured_home", "market/outdoor", "motel",
    "office_building", "parking_garage/indoor", "parking_garage/outdoor", "parking_lot", "plaza", "raceway",
    "residential_neighborhood", "schoolhouse", "shopfront", "street", "toll_plaza", "viaduct", "village",
)
# fmt: on


def get_class(name: str) -> str:
    """The class of the archive's member `name`.

    In SUN397 this is the path of its folder below the folder of one letter, in other archives the path of its folder.
    A member without a folder has the class ".".
    """
    folders = PurePosixPath(name).parent.parts
    for i, (letter, first) in enumerate(itertools.pairwise(folders)):
        if len(letter) == 1 and first.lower().startswith(letter.lower()):
            return "/".join(folders[i + 1 :])
    return "/".join(folders) or "."


def find_wanted(class_name: str, wanted: Collection[str]) -> set[str]:
    """Those of the classes `wanted` that `class_name` is or lies in. `gas_station/indoor` lies in `gas_station`."""
    lineage = (class_name, *(str(parent) for parent in PurePosixPath(class_name).parents))
    return {name for name in lineage if name in wanted}
