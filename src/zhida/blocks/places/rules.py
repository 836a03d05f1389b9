"""Groups of districts as the city's notices name them, and codes that ended in 2021."""

from __future__ import annotations

_ALL = (330102, 330105, 330106, 330108, 330109, 330110, 330111, 330112, 330113, 330114, 330122, 330127, 330182)
_COUNTIES = (330122, 330127, 330182)
_WEST = (330111, 330112, 330122, 330127, 330182)

AREA_GROUPS: dict[str, tuple[int, ...]] = {
    # 全市
    "city": _ALL,
    # 市区: the ten districts. Notices before 2021-04 that say 市区含萧山余杭富阳临安钱塘 mean the same ground.
    "city_proper": tuple(code for code in _ALL if code not in _COUNTIES),
    # 市区（不含临安）, as 杭人社发〔2018〕243号 has it.
    "city_proper_without_linan": tuple(code for code in _ALL if code not in (*_COUNTIES, 330112)),
    # 主城区: the old centre (上城 下城 江干 拱墅 西湖 滨江) under its present codes; 下沙 and 白杨 of 江干 went to 钱塘.
    "old_city_proper": (330102, 330105, 330106, 330108),
    # 桐庐 淳安 建德
    "counties": _COUNTIES,
    # 桐庐县、建德市, one line in the notices up to 2021
    "tonglu_jiande": (330122, 330182),
    # 西部区县: 富阳 临安 桐庐 淳安 建德 (graduates who work there are paid twice)
    "west": _WEST,
}

# State Council reply of 2021-03-11, in force April 2021: 下城 joined 拱墅; 江干 was shared between 上城 and 钱塘.
_ABOLISHED = {330103: (330105,), 330104: (330102, 330114)}
# The code lives on for a part: 余杭 was split into 余杭 and 临平; 萧山 gave its east to 钱塘.
_SPLIT = {330110: (330110, 330113), 330109: (330109, 330114)}


def abolished_codes() -> dict[int, tuple[int, ...]]:
    """Return the districts that ended in 2021, each with those that took its ground."""
    return dict(_ABOLISHED)


def split_codes() -> dict[int, tuple[int, ...]]:
    """Return the districts that kept their code in 2021 but gave ground away, each with those that hold it now."""
    return dict(_SPLIT)
