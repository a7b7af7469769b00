"""What rules about autonomy mean, written to be read: no caching, no compiling, straight from the rule's own parameters.

The fast evaluator has to say the same of every action under every policy.
"""

from decimal import Decimal

ORDER = ("automatic", "propose", "refuse")
PLACES = ("regions", "channels", "at_nodes", "categories")


def judged(policy, countries, action, day):
    """`(what is said, rule or none)`: the strictest over the action's nodes and categories."""
    prohibited = {rule.id for rule in policy.rules if rule.kind == "prohibit"}
    found = [
        judged_at(policy, countries, action, node, category, day)
        for node in action.nodes or (None,)
        for category in action.categories or (None,)
    ]
    return max(found, key=lambda said: (ORDER.index(said[0]), said[1] in prohibited, said[1] is not None))


def judged_at(policy, countries, action, node, category, day):
    rules = [rule for rule in policy.rules if rule.kind in (*ORDER, "prohibit") and rule.in_force(day)]
    rules = [rule for rule in rules if speaks_of(rule, action)]
    here = {"channels": action.channel, "at_nodes": node, "categories": category, "regions": None}
    if node is not None:
        defined = {r.parameter("name"): r.parameter("members").split(",") for r in policy.rules if r.kind == "region"}
        country = countries[node]
        here["regions"] = {country} | {name for name, members in defined.items() if country in members}

    placed = {rule.id: is_placed(rule, here) for rule in rules}
    for rule in rules:
        if rule.kind == "prohibit" and placed[rule.id] is not False and holds(rule, action):
            return "refuse", rule.id

    said = []  # of each level, the most specific first
    for level in range(15, -1, -1):
        listed = [r for r in rules if r.kind != "prohibit" and level_of(r) == level and placed[r.id] is not False]
        speakers = [r for r in listed if holds(r, action) and (r.kind != "automatic" or placed[r.id])]
        envelopes = [r for r in listed if r.kind == "automatic"]
        refusals = [r for r in speakers if r.kind == "refuse" and r.hard]
        if speakers and speakers[0].kind == "propose" and refusals:
            said.append(("refuse", refusals[0]))
        elif speakers:
            said.append((speakers[0].kind, speakers[0]))
        elif envelopes:
            said.append(("propose", envelopes[0]))
    if not said:
        return "propose", None
    kind, rule = said[0]
    for above, law in said[1:]:
        if law.kind == above and law.hard and above != "automatic" and ORDER.index(above) >= ORDER.index(kind):
            kind, rule = above, law
    return kind, rule.id


def level_of(rule):
    return sum(2**k for k, name in enumerate(PLACES) if rule.parameter(name))


def speaks_of(rule, action):
    actors, roles = names(rule, "actors"), names(rule, "roles")
    return (
        action.kind.value in names(rule, "actions")
        and (not actors or action.actor.value in actors)
        and (not roles or bool(roles & {role.value for role in action.roles}))
    )


def is_placed(rule, here):
    """True, False, or None where the action does not say."""
    answers = []
    for name in PLACES:
        wanted, there = names(rule, name), here[name]
        if not wanted:
            answers.append(True)
        elif there is None:
            answers.append(None)
        elif isinstance(there, set):
            answers.append(bool(wanted & there))
        else:
            answers.append(there in wanted)
    return False if False in answers else None if None in answers else True


def holds(rule, action):
    """Whether all bounds, countries and the bond are met; an automatic rule is not met by what is unknown, others are."""
    unknown = rule.kind != "automatic"
    facts = [
        (names(rule, "origin_countries"), action.origin_country),
        (names(rule, "destination_countries"), action.destination_country),
    ]
    for wanted, there in facts:
        if wanted and not (unknown if there is None else there in wanted):
            return False
    if rule.parameter("bonded"):
        met = unknown if action.bonded is None else action.bonded == (rule.parameter("bonded") == "yes")
        if not met:
            return False
    sure = None if action.confidence_millionths is None else Decimal(action.confidence_millionths) / 1_000_000
    bounds = [
        ("max_value_cents", action.cents, lambda x, bound: x <= bound),
        ("max_units", action.units, lambda x, bound: x <= bound),
        ("min_confidence", sure, lambda x, bound: x >= bound),
        ("younger_than", action.data_age_s, lambda x, bound: x < bound),
        ("above_value_cents", action.cents, lambda x, bound: x > bound),
        ("above_units", action.units, lambda x, bound: x > bound),
        ("below_confidence", sure, lambda x, bound: x < bound),
        ("older_than", action.data_age_s, lambda x, bound: x > bound),
    ]
    for name, value, met in bounds:
        said = rule.parameter(name)
        if said and not (unknown if value is None else met(value, Decimal(said))):
            return False
    return True


def names(rule, parameter):
    return set(filter(None, rule.parameter(parameter).split(",")))
