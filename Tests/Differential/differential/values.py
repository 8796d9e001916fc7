"""Values as honest and as hostile servers send them."""

SERVERS = ["one.example", "two.example:8448", "three.example"]
USERS = [f"@{name}:{SERVERS[index % 3]}" for index, name in enumerate(["ada", "bob", "cleo", "dan", "eve", "fay"])]
CREATOR = USERS[0]

# Create events whose content some version refuses, or nearly.
CREATOR_LISTS = [
    [],
    [USERS[1]],
    USERS[1:4],
    "@bob:two.example",
    [5],
    [USERS[1], "bob"],
    ["@" + "x" * 250 + ":a"],
    None,
    {},
]
ROOM_VERSIONS = [None, 1, "", "zz", [], "1", "6", "11", "12"]

JOIN_RULES = ["public", "invite", "knock", "restricted", "knock_restricted", "private"]
MEMBERSHIPS = ["join", "invite", "leave", "ban", "knock"]

HOSTILE_TEXTS = [
    "",
    "\u00e9",
    "e\u0301",
    "\U0001f602",
    "\u0000",
    "\u2028",
    'q"\\/\b\f\n\r\t\u007f',
    "a" * 300,
    "\u00e9" * 130,
]
HOSTILE_USERS = [
    "",
    "@",
    "@:",
    "ada:one.example",
    "@ada",
    "@ada:",
    "@:one.example",
    "@a:b:c",
    "@ada:one.example ",
    "@ADA:one.example",
    "@ada:ONE.example",
    "@\u00e9:one.example",
    "@a b:one.example",
    "@ada:one_example",
    "@ada:[::1]",
    "@ada:1.2.3.4:70000",
    "@" + "x" * 250 + ":one.example",
]
HOSTILE_NUMBERS = [
    -1,
    0,
    2**31,
    2**53 - 1,
    2**53,
    -(2**53) + 1,
    -(2**53),
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    2**70,
]
FLOATS = [0.5, -0.5, 50.0, 50.9, -1.9, 1e15, 1e16, 1e30, 5e-324, 1.7976931348623157e308, 0.1, -0.0]

LEVEL_TEXTS = [
    "50",
    " 50 ",
    "+50",
    "-1",
    "007",
    "50.5",
    "0x10",
    "1_0",
    "",
    "abc",
    "\u0665\u0660",
    "99999999999999999999",
    "1e2",
    "\u00a050",
]


def anything(rng, depth=0, honest=False):
    """Some JSON value, of any type. An honest one has no numbers that canonical JSON does not have."""
    kind = rng.randrange(9 if depth < 3 else 7)
    if honest and kind in (2, 6):
        kind = 3
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice(HOSTILE_NUMBERS)
    if kind == 3:
        return rng.randint(-200, 200)
    if kind == 4:
        return rng.choice(HOSTILE_TEXTS)
    if kind == 5:
        return rng.choice(USERS + HOSTILE_USERS)
    if kind == 6:
        return rng.choice(FLOATS) if rng.random() < 0.3 else "text"
    if kind == 7:
        return [anything(rng, depth + 1, honest) for _ in range(rng.randrange(3))]
    return {
        rng.choice(["a", "b", "users", "\u00e9", ""]): anything(rng, depth + 1, honest) for _ in range(rng.randrange(3))
    }


def level(rng, oddness):
    """A power level: an honest one, or with a chance of `oddness` what is found instead of one."""
    if rng.random() >= oddness:
        return rng.choice([0, 0, 10, 25, 50, 50, 50, 75, 99, 100, 100])
    kind = rng.randrange(8)
    if kind < 3:
        return rng.choice(LEVEL_TEXTS)
    if kind == 3:
        return rng.choice(HOSTILE_NUMBERS)
    if kind == 4:
        return rng.choice(FLOATS)
    if kind == 5:
        return rng.choice([-1, -100, 1000])
    return rng.choice([str(rng.randint(0, 100)), None, True, [], {}, False])


def power_levels(rng, before, privileged, oddness):
    """The content of power levels that follow others, changed in a few places."""
    content = {key: (dict(value) if isinstance(value, dict) else value) for key, value in before.items()}
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind = rng.randrange(7)
        if kind < 2:
            content[
                rng.choice(["ban", "kick", "redact", "invite", "state_default", "events_default", "users_default"])
            ] = level(rng, oddness)
        elif kind < 5:
            users = content.setdefault("users", {})
            if isinstance(users, dict):
                user = rng.choice(USERS if rng.random() > oddness / 2 else HOSTILE_USERS)
                if user not in privileged or rng.random() < 0.3:
                    users[user] = level(rng, oddness)
        else:
            entries = content.setdefault(rng.choice(["events", "events", "notifications"]), {})
            if isinstance(entries, dict):
                key = rng.choice(
                    [
                        "m.room.name",
                        "m.room.power_levels",
                        "m.room.message",
                        "room",
                        "m.room.redaction",
                        "m.room.member",
                    ]
                )
                entries[key] = level(rng, oddness)
    if rng.random() < 0.15 and content:
        part = rng.choice(sorted(content))
        if isinstance(content[part], dict) and content[part] and rng.random() < 0.7:
            content[part].pop(rng.choice(sorted(content[part])))
        else:
            content.pop(part)
    if rng.random() < oddness / 4:
        content[rng.choice(["users", "events", "notifications", "ban", "extra"])] = anything(rng)
    return content
