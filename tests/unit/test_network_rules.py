"""What tags mean on foot, with a pram, in a wheelchair and in a car."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from access.errors import ParameterError
from access.network import Profile
from access.network.access_rules import _barrier_closed, _directions, _judge, _limit_kmh

WALK, PRAM, WHEELS, DRIVE = (
    Profile.preset(name) for name in ("walk", "pram_toddler", "wheelchair", "drive")
)
MPH = 1.609344


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(ParameterError, match=r"\['drive', 'pram_toddler', 'walk', 'wheelchair'\]"):
        Profile.preset("skate")


def test_profiles_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        WALK.kmh = 6.0


def test_profiles_print_and_go_into_the_ledger():
    for profile in (WALK, PRAM, WHEELS, DRIVE):
        assert json.loads(json.dumps(profile.to_dict(), allow_nan=False))["name"] == profile.name
        assert f"{profile.kmh}" in str(profile)
    assert "residential 45.1" in str(DRIVE)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        # shared paths: what other engines' walking filters drop
        ("highway=cycleway", ""),
        ("highway=cycleway foot=designated", ""),
        ("highway=cycleway foot=no", "foot=no"),
        ("highway=bridleway", ""),
        ("highway=track", ""),
        ("highway=track access=private", "private"),
        ("highway=track access=private designation=public_footpath", ""),
        ("highway=service access=private foot=permissive", ""),
        ("highway=path access=no foot=yes", ""),
        ("highway=path access=no", "access=no"),
        ("highway=service access=destination", ""),
        ("highway=pedestrian area=yes", ""),
        ("highway=steps", ""),
        ("highway=footway foot=private", "private"),
        ("highway=motorway", "motorway"),
        ("highway=motorway_link foot=yes", "motorway"),
        ("highway=trunk", ""),
        ("highway=trunk motorroad=yes", "motorroad"),
        ("highway=trunk foot=no", "foot=no"),
        ("highway=construction", "not a street in use"),
        ("highway=proposed foot=yes", "not a street in use"),
        ("highway=raceway", "class raceway"),
        ("highway=busway", "class busway"),
        ("highway=busway foot=yes", ""),
        ("highway=path sac_scale=mountain_hiking", ""),
        ("highway=path sac_scale=alpine_hiking", "alpine path"),
        ("railway=platform", ""),
        ("man_made=pier", ""),
        ("route=ferry", "ferry"),
        ("waterway=river", "not a street in use"),
    ],
)
def test_who_may_walk(tags, reason):
    assert _judge(parse(tags), WALK).reason == reason


@pytest.mark.parametrize(
    ("tags", "walk", "pram", "wheelchair"),
    [
        ("highway=steps", True, False, False),
        ("highway=steps foot=designated", True, False, False),
        ("highway=footway surface=asphalt", True, True, True),
        ("highway=footway surface=sand", True, True, False),
        ("highway=footway smoothness=bad", True, True, False),
        ("highway=footway smoothness=impassable", True, False, False),
        ("highway=footway wheelchair=no", True, True, False),
        ("highway=footway incline=15%", True, True, False),
        ("highway=footway incline=-6%", True, True, True),
        ("highway=footway incline=up", True, True, True),
        ("highway=footway", True, True, True),
    ],
)
def test_who_gets_through_on_wheels(tags, walk, pram, wheelchair):
    found = [not _judge(parse(tags), p).reason for p in (WALK, PRAM, WHEELS)]
    assert found == [walk, pram, wheelchair]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ("highway=residential", ""),
        ("highway=motorway", ""),
        ("highway=footway", "class footway"),
        ("highway=cycleway", "class cycleway"),
        ("highway=pedestrian", "class pedestrian"),
        ("highway=pedestrian motor_vehicle=yes", ""),
        ("highway=residential motor_vehicle=no", "closed to cars"),
        ("highway=residential vehicle=private", "private"),
        ("highway=residential access=private", "private"),
        ("highway=residential access=no motorcar=yes", ""),
        ("highway=residential access=yes motor_vehicle=private", "private"),
        ("highway=service access=customers", ""),
        ("highway=service service=emergency_access", "emergency access"),
        ("highway=service motor_vehicle=agricultural", "closed to cars"),
        ("highway=track", ""),
        ("highway=track tracktype=grade5", "rough track"),
        ("highway=service area=yes", "area"),
        ("highway=busway", "class busway"),
        ("route=ferry", "ferry"),
        ("route=ferry motor_vehicle=yes", ""),
        ("highway=construction", "not a street in use"),
    ],
)
def test_who_may_drive(tags, reason):
    assert _judge(parse(tags), DRIVE).reason == reason


@pytest.mark.parametrize(
    ("tags", "drive", "walk"),
    [
        ("highway=residential", (True, True), (True, True)),
        ("highway=residential oneway=yes", (True, False), (True, True)),
        ("highway=residential oneway=-1", (False, True), (True, True)),
        ("highway=residential oneway=1", (True, False), (True, True)),
        ("highway=residential oneway=no", (True, True), (True, True)),
        ("highway=residential oneway=reversible", (True, True), (True, True)),
        ("highway=primary junction=roundabout", (True, False), (True, True)),
        ("highway=primary junction=circular", (True, False), (True, True)),
        ("highway=primary junction=roundabout oneway=no", (True, True), (True, True)),
        ("highway=residential oneway=yes oneway:motor_vehicle=no", (True, True), (True, True)),
        ("highway=residential motor_vehicle:backward=no", (True, False), (True, True)),
        ("highway=residential vehicle:forward=no", (False, True), (True, True)),
        ("highway=footway oneway:foot=yes", None, (True, False)),
        ("highway=motorway", (True, False), None),
    ],
)
def test_which_way(tags, drive, walk):
    tags = parse(tags)
    if drive is not None:
        assert _directions(tags, tags["highway"], DRIVE) == drive
    if walk is not None:
        assert _directions(tags, tags["highway"], WALK) == walk


def test_a_street_closed_both_ways_is_refused():
    tags = parse("highway=residential vehicle:forward=no vehicle:backward=no")
    assert _judge(tags, DRIVE).reason == "closed both ways"


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("30 mph", 30 * MPH), ("30mph", 30 * MPH), ("50", 50), ("50 km/h", 50),
        ("GB:nsl_dual", 70 * MPH), ("national", 60 * MPH), ("30 mph;20 mph", 20 * MPH),
        ("", None), ("none", None), ("signals", None), ("0", None), ("walk", 6),
    ],
)  # fmt: skip
def test_speed_limits_are_read(text, kmh):
    assert _limit_kmh(text) == (None if kmh is None else pytest.approx(kmh))


def test_driving_speeds_by_hand():
    def kmh(tags, profile=DRIVE):
        return _judge(parse(tags), profile).kmh_forward

    assert kmh("highway=residential maxspeed=20_mph") == pytest.approx(20 * MPH * 0.85)
    assert kmh("highway=primary maxspeed=60_mph") == pytest.approx(50 * MPH * 0.95)
    assert kmh("highway=unclassified maxspeed=60_mph") == pytest.approx(35 * MPH * 0.85)
    assert kmh("highway=residential") == pytest.approx(28 * MPH * 0.85)
    assert kmh("highway=service maxspeed=30_mph") == pytest.approx(12 * MPH * 0.85)
    both = _judge(parse("highway=primary maxspeed:forward=30_mph maxspeed:backward=40_mph"), DRIVE)
    assert both.kmh_backward == pytest.approx(both.kmh_forward * 4 / 3)
    assert both.speed_tagged
    plain = replace(DRIVE, urban_factor=1.0, cap_kmh=())
    assert kmh("highway=residential maxspeed=30_mph", plain) == pytest.approx(30 * MPH)
    assert kmh("highway=residential", DRIVE.with_speeds(residential=20)) == pytest.approx(17)


def test_walking_speed_does_not_heed_speed_limits():
    assert _judge(parse("highway=residential maxspeed=2"), WALK).kmh_forward == 4.8


@pytest.mark.parametrize(
    ("tags", "walk", "pram", "wheelchair", "drive"),
    [
        ("barrier=bollard", False, False, False, True),
        ("barrier=bollard motor_vehicle=yes", False, False, False, False),
        ("barrier=gate", False, False, False, False),
        ("barrier=gate access=private", True, True, True, True),
        ("barrier=gate access=private foot=yes", False, False, False, True),
        ("barrier=gate locked=yes motor_vehicle=no", False, False, False, True),
        ("barrier=kissing_gate", False, True, True, True),
        ("barrier=kissing_gate wheelchair=yes", False, True, False, True),
        ("barrier=stile foot=yes", False, True, True, True),
        ("barrier=cycle_barrier", False, False, True, True),
        ("barrier=height_restrictor maxheight=2.1", False, False, False, False),
        ("barrier=lift_gate", False, False, False, False),
        ("highway=traffic_signals", False, False, False, False),
    ],
)
def test_barriers(tags, walk, pram, wheelchair, drive):
    closed = [_barrier_closed(parse(tags), p) for p in (WALK, PRAM, WHEELS, DRIVE)]
    assert closed == [walk, pram, wheelchair, drive]


def parse(text: str) -> dict[str, str]:
    return {k: v.replace("_mph", " mph") for k, v in (pair.split("=") for pair in text.split())}
