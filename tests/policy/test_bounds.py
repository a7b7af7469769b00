"""Which wishes yield."""

from evenstock import policy


def plan_if(allowed):
    """A stand-in for routing: it finds a plan wherever `allowed` says so, and counts how often it was asked."""
    asked = []

    def attempt(mask, bounds):
        asked.append((mask.copy(), bounds))
        return len(asked) if allowed(mask, bounds) else None

    return attempt, asked


def relaxed(world, rules, ways, allowed, order=None, **known):
    order = order or world.an_order()
    ready = world.compiled(*rules)
    permitted = ready.permit(order, [world.ITEMS[line.sku] for line in order.lines], ways, world.facts(ways, **known))
    attempt, asked = plan_if(allowed)
    return ready.relax(order, permitted, world.FRIDAY, attempt), asked


def test_where_all_wishes_can_be_kept_routing_is_asked_once(world):
    (_, found), asked = relaxed(
        world, policy.default_policy().rules, world.ways("NJ:ups:ground"), lambda mask, bounds: mask.all()
    )
    assert (found.rules, found.sentences, len(asked)) == ((), (), 1)
    assert found.bounds.max_shipments == 3


def test_a_late_parcel_ships_and_the_wish_is_named_with_what_it_forbade(world):
    order = world.an_order(promise=world.promised())
    (_, found), _ = relaxed(
        world,
        policy.default_policy().rules,
        world.ways("NJ:ups:ground", "CA:ups:ground"),
        lambda mask, bounds: mask.any(),
        order,
        on_time=[0.62, 0.1],
    )
    assert found.rules == ("promise",)
    assert found.sentences == (
        "promise: ups:ground from NJ on 2026-11-20 arrives by 2026-11-24 with 62%, wanted 90% (and 1 more)",
    )
    # The other wish, about the number of shipments, is still kept.
    assert found.bounds.max_shipments == 3


def test_where_wishes_collide_the_last_listed_yields(world):
    rules = [
        world.rule("forbid", hard=False, name="first", nodes="CA"),
        world.rule("forbid", hard=False, name="second", nodes="NJ"),
    ]
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    (_, found), _ = relaxed(world, rules, ways, lambda mask, bounds: mask.any())
    assert found.rules == ("second",)
    assert found.mask[:, 0].tolist() == [False, True]
    (_, turned), _ = relaxed(world, rules[::-1], ways, lambda mask, bounds: mask.any())
    assert turned.rules == ("first",)


def test_wishes_about_plan_and_candidates_stand_in_one_order(world):
    shipments = world.rule("max_shipments", hard=False, shipments=1)
    far = world.rule("forbid", hard=False, name="far", nodes="CA")
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")

    def either(mask, bounds):
        """A plan exists in one shipment from CA, or in two."""
        return mask[0, 0] or bounds.max_shipments >= 2

    assert relaxed(world, [shipments, far], ways, either)[0][1].rules == ("far",)
    (_, found), _ = relaxed(world, [far, shipments], ways, either)
    assert found.rules == ("max_shipments",)
    assert found.sentences == ("max_shipments: more than 1 shipments",)
    assert found.bounds.max_shipments == policy.NO_LIMIT


def test_law_never_yields(world):
    found, asked = relaxed(
        world,
        [world.rule("forbid", nodes="NJ"), world.rule("forbid", hard=False, name="wish", nodes="CA")],
        world.ways("NJ:ups:ground"),
        lambda mask, bounds: mask.any(),
    )
    assert found is None
    # The wish is about a node that is no candidate: there is nothing to give up, and one answer is enough.
    assert len(asked) == 1


def test_what_is_found_is_found_under_the_wishes_kept(world):
    rules = [world.rule("forbid", hard=False, name=f"r{k}", nodes=n) for k, n in enumerate(["CA", "NJ", "FBA"])]
    ways = world.ways("CA:a", "NJ:a", "FBA:a")
    (which, found), asked = relaxed(world, rules, ways, lambda mask, bounds: mask.any())
    mask, bounds = asked[which - 1]
    assert mask.tolist() == found.mask.tolist()
    assert bounds == found.bounds
    assert found.rules == ("r2",)
    assert len(asked) <= len(rules) + 2
    assert [b.rule for b in found.barred] == ["r0", "r1"]
