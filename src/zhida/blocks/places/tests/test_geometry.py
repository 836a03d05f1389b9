"""The map: every area has a shape, districts are real, what is made up says so."""

import re

from zhida.blocks.places import api as places


def test_every_area_of_the_city_has_a_shape():
    drawn = {feature.code for parent in _parents() for feature in places.features(parent)}
    assert len(drawn) == 13 + 196 + 3320


def test_districts_are_real_and_streets_are_marked_synthetic():
    assert not any(feature.synthetic for feature in places.features(places.CITY_CODE))
    assert all(feature.synthetic for feature in places.features(330106))


def test_shapes_stay_inside_their_map():
    for parent in (places.CITY_CODE, 330106, 330106002):
        width, height = places.extent(parent)
        assert max(width, height) == 1000
        for feature in places.features(parent):
            assert 0 < feature.label_x < width and 0 < feature.label_y < height
            assert re.fullmatch(r"(M[\d. ]+l[\d. -]+z)+", feature.path), feature.code


def test_a_community_has_nothing_below_it():
    assert places.features(330106002055) == []


def _parents() -> list[int]:
    streets = [street.code for district in places.districts() for street in places.streets(district.code)]
    return [places.CITY_CODE, *(district.code for district in places.districts()), *streets]
