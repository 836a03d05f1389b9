"""Areas are complete and say when a code is not theirs."""

import pytest

from zhida.blocks.places.api import (
    AREA_GROUPS,
    UnknownArea,
    abolished_codes,
    area,
    census_population,
    city,
    communities,
    districts,
    streets,
)


def test_the_city_has_13_districts_196_streets_and_3320_communities():
    all_streets = [street for district in districts() for street in streets(district.code)]
    assert (len(districts()), len(all_streets)) == (13, 196)
    assert sum(len(communities(street.code)) for street in all_streets) == 3320


def test_every_area_lies_in_its_parent():
    for district in districts():
        assert district.parent == city().code
        for street in streets(district.code):
            assert street.parent == district.code
            assert all(one.parent == street.code for one in communities(street.code))


def test_the_census_counts_every_district_and_adds_up_to_the_bulletin():
    assert set(census_population()) == {district.code for district in districts()}
    assert sum(census_population().values()) == 11_936_010


def test_groups_name_present_districts_only():
    present = {district.code for district in districts()}
    assert all(set(codes) <= present for codes in AREA_GROUPS.values())
    assert len(AREA_GROUPS["city_proper"]) == 10


def test_a_code_that_ended_in_2021_is_refused_with_a_sentence():
    assert 330103 in abolished_codes()
    with pytest.raises(UnknownArea, match="330103"):
        area(330103)
    with pytest.raises(UnknownArea):
        streets(330106001)


def test_every_district_and_street_has_an_english_name():
    for district in districts():
        for one in (district, *streets(district.code)):
            assert one.name.en[0].isascii() and one.name.en != one.name.zh
