from evenstock.freight.zones import ZoneMap, area, distance_zone


def test_bands_are_inclusive_above():
    assert distance_zone([150.0, 150.1, 1800.0, 1800.1]).tolist() == [2, 3, 7, 8]


def test_an_area_keeps_its_leading_zeros_and_its_letters():
    assert [area("02134"), area(" 02134-1234"), area("k1a 0b1")] == ["021", "021", "K1A"]


def test_the_chart_wins_over_distance():
    zones = ZoneMap({("070", "100"): 44}, {"070": (40.8, -74.1), "100": (40.75, -73.99)})
    assert zones.zone("07094", "10001") == 44
    assert zones.zone("10001", "07094") == 1
    assert zones.zone("10001", "99999") is None


def test_kilometres_are_reckoned_between_middles_though_zones_are_not():
    # Fitted points lie 100 km apart, the middles of the areas in one place.
    points, middles = {"070": (40.0, -74.0), "100": (40.9, -74.0)}, {"070": (40.5, -74.0), "100": (40.5, -74.0)}
    zones = ZoneMap(None, points, middles=middles)

    assert zones.zone("07094", "10001") == 2
    assert zones.km("07094", "10001") == 0.0


def test_a_destination_beyond_all_bands_has_its_own_zone():
    zones = ZoneMap({("070", "969"): 8}, {"070": (40.0, -74.0), "100": (40.9, -74.0)}, beyond={"969": 9})

    assert zones.zone("10001", "96910") == 9
    assert zones.zone("07094", "96910") == 8  # what the chart says stands
