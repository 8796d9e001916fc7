"""Conditions of push rules, put to both sides for the same events."""

import json
import random

from synapse.push.bulk_push_rule_evaluator import _flatten_dict
from synapse.synapse_rust.push import PushRuleEvaluator

from . import understood, values

WORDS = [
    "ada",
    "Ada",
    "ADA",
    "bob",
    "foo",
    "bar",
    "foo-bar",
    "foo_bar",
    "a.b",
    "x",
    "\u00e9t\u00e9",
    "\u00c9T\u00c9",
    "\u6f22",
    "12",
    "@room",
    "!",
    "a*",
    "?",
]
SPACES = [" ", " ", " ", "", "\n", ",", ".", "-", "_", ":", "\u00a0"]
GLOBS = ["*", "?", "**", "*?", "a*", "*a", "?a", "[a]", "\\*", "a?b", "*foo*", ""]
KEYS = [
    "content.body", "type", "sender", "room_id", "state_key", "content.msgtype", "content.m\\.relates_to.rel_type",
    "content.a\\.b", "content.a.b", "content.list", "content.m\\.mentions.user_ids", "content.number",
    "content.missing", "content", "content.\\\\", "",
]  # fmt: skip
SIMPLE = ["text", "Ada", 1, 0, -5, True, False, None, "1", "true", ""]
MISSHAPEN = [{"kind": "event_match"}, {"kind": "no_such_kind"}, {"kind": "event_property_is", "key": "type"}]


class Push:
    """An event and some conditions."""

    def __init__(self, seed):
        self.name, self.seed = "-", seed
        self.rng = rng = random.Random(f"push-{seed}")
        self.members = rng.choice([0, 1, 2, 3, 10, 1000])
        self.sender_level = rng.choice([0, 49, 50, 51, 100])
        self.notifications = {"room": rng.choice([0, 50, 100])} if rng.random() < 0.6 else {}
        self.user = values.USERS[1]
        self.display_name = rng.choice(
            [None, "", "Bob", "bob", "foo bar", "a*", "\u00e9t\u00e9", "B.b", "[x]", " bob", self.words(2)]
        )
        self.event = self.make_event()
        self.conditions = [self.condition() for _ in range(8)]
        self.text = json.dumps({"event": self.event, "conditions": self.conditions, "display_name": self.display_name})

    def words(self, most):
        rng = self.rng
        return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randrange(most + 1)))

    def make_event(self):
        rng = self.rng
        content = {"msgtype": rng.choice(["m.text", "m.notice", 5])}
        if rng.random() < 0.9:
            content["body"] = self.words(5) if rng.random() < 0.9 else rng.choice(SIMPLE)
        if rng.random() < 0.4:
            content["m.relates_to"] = {"rel_type": rng.choice(["m.replace", "m.thread", 1])}
        if rng.random() < 0.3:
            content["a.b"] = rng.choice(SIMPLE)
        if rng.random() < 0.3:
            content["a"] = {"b": rng.choice([*SIMPLE, ["text"]])}
        if rng.random() < 0.5:
            content["list"] = [rng.choice([*SIMPLE, ["text"], {"x": 1}]) for _ in range(rng.randrange(4))]
        if rng.random() < 0.3:
            content["m.mentions"] = {"user_ids": [self.user, 5], "room": True}
        if rng.random() < 0.3:
            content["number"] = rng.choice([1, 0, -5, 2**53 - 1])
        if rng.random() < 0.1:
            content["\\"] = "text"
        event = {
            "type": rng.choice(["m.room.message", "m.room.member", "M.Room.Message", "foo"]),
            "sender": values.USERS[0],
            "room_id": "!room:one.example",
            "content": content,
        }
        if rng.random() < 0.4:
            event["state_key"] = rng.choice(["", self.user, "x"])
        return event

    def pattern(self):
        rng = self.rng
        parts = [rng.choice(GLOBS + WORDS + SPACES) for _ in range(rng.choice([1, 1, 2, 3]))]
        return (
            "".join(parts) if rng.random() < 0.8 else rng.choice([self.user, "m.room.message", "m.text", "m.*", "text"])
        )

    def condition(self):
        rng = self.rng
        kind = rng.randrange(9)
        if kind < 4:
            key = "content.body" if rng.random() < 0.6 else rng.choice(KEYS)
            return {"kind": "event_match", "key": key, "pattern": self.pattern()}
        if kind == 4:
            return {"kind": "event_property_is", "key": rng.choice(KEYS), "value": rng.choice(SIMPLE)}
        if kind == 5:
            return {
                "kind": "event_property_contains",
                "key": rng.choice(KEYS),
                "value": rng.choice([*SIMPLE, self.user]),
            }
        if kind == 6:
            comparison = rng.choice(["", "==", "<", ">", "<=", ">=", "=", "~"])
            return {
                "kind": "room_member_count",
                "is": comparison + rng.choice(["2", "0", "10", "02", "", "-1", "x", "1.5"]),
            }
        if kind == 7:
            return rng.choice(
                [{"kind": "sender_notification_permission", "key": rng.choice(["room", "other"])}, *MISSHAPEN]
            )
        return {"kind": "contains_display_name"}

    def line(self):
        rules = [{"conditions": [condition]} for condition in self.conditions]
        return json.dumps(
            {
                "do": "push", "event": self.event, "room": "!room:one.example", "user": self.user,
                "display_name": self.display_name, "members": self.members, "sender_level": self.sender_level,
                "notifications": self.notifications, "rules": rules,
            }
        )  # fmt: skip

    def expected(self):
        evaluator = PushRuleEvaluator(
            _flatten_dict(self.event), "m.mentions" in self.event["content"], self.members, self.sender_level,
            self.notifications, {}, False, [], False, False, False,
        )  # fmt: skip
        return {
            "matches": [
                None if understood.is_condition_read_differently(condition, self) else self.holds(evaluator, condition)
                for condition in self.conditions
            ]
        }

    def holds(self, evaluator, condition):
        # Synapse does not know what it does not read, and lets it match nothing; so does Apus.
        return evaluator.matches(condition, self.user, self.display_name)


def compare(push, expected, answer, report):
    for condition, wanted, found in zip(push.conditions, expected["matches"], answer["matches"], strict=True):
        report.count("push condition", {} if wanted is None else True)
        if wanted is not None and wanted != found:
            report.unexplained.append(Difference(push, condition, wanted, found))


class Difference:
    def __init__(self, push, condition, expected, found):
        self.push, self.condition, self.expected, self.found = push, condition, expected, found

    def reproduction(self, apus):
        push = self.push
        return (
            f"push, seed {push.seed}: {json.dumps(self.condition)} for {json.dumps(push.event)}\n"
            f"  name {push.display_name!r}, {push.members} members, level {push.sender_level} of {push.notifications}\n"
            f"  synapse: {self.expected}\n  apus: {self.found}"
        )
