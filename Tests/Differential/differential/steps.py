"""What people do in a room, honestly or not."""

from . import values


class Steps:
    def __init__(self, room):
        self.room = room
        self.rng = room.rng
        self.offers = []

    def opening(self):
        """How a room begins, sometimes with parts missing."""
        rng = self.rng
        creator = values.CREATOR
        yield "m.room.member", {"membership": "join"}, creator, creator
        if rng.random() < 0.9:
            users = {} if creator in self.room.creators else {creator: 100}
            for user in values.USERS[1:3]:
                if rng.random() < 0.5 and user not in self.room.creators:
                    users[user] = rng.choice([50, 50, 100, "50"])
            content = {"users": users, "ban": 50, "kick": 50, "events": {"m.room.power_levels": 100, "m.room.name": 50}}
            if rng.random() < 0.4:
                content["invite"] = rng.choice([0, 50, 50, 100])
            if rng.random() < 0.2:
                content = values.power_levels(rng, content, self.room.creators, self.room.oddness)
            yield "m.room.power_levels", content, creator, ""
        if rng.random() < 0.9:
            yield "m.room.join_rules", self.join_rules("public" if rng.random() < 0.5 else None), creator, ""
        for user in values.USERS[1:4]:
            yield "m.room.member", {"membership": "join"}, user, user

    def join_rules(self, rule=None):
        content = {"join_rule": rule or self.rng.choice(values.JOIN_RULES)}
        if content["join_rule"] in ("restricted", "knock_restricted"):
            content["allow"] = [{"type": "m.room_membership", "room_id": "!space:one.example"}]
        if rule is None and self.rng.random() < self.room.oddness / 4:
            content = self.rng.choice([{}, {"join_rule": values.anything(self.rng)}])
        return content

    def anybody(self):
        return self.rng.choice(values.USERS)

    def powerful(self):
        """Somebody who likely may do what takes power."""
        return self.rng.choice([values.CREATOR, values.CREATOR, values.CREATOR, *values.USERS[1:3], self.anybody()])

    def any(self, branch):
        """Type, content, sender and state key of the next event, and what else it has."""
        rng = self.rng
        action = rng.choices(
            [
                self.membership,
                self.power_levels,
                self.rules,
                self.third_party_offer,
                self.third_party_invite,
                self.plain_state,
                self.message,
                self.aliases,
                self.redaction,
                self.odd,
            ],
            [36, 16, 8, 3, 6, 12, 5, 3, 4, 3],
        )[0]
        return action(branch)

    def membership(self, branch):
        rng = self.rng
        membership = rng.choices(values.MEMBERSHIPS, [8, 5, 5, 5, 3])[0]
        target = self.anybody()
        sender = target if membership in ("join", "knock") else self.powerful()
        if membership == "knock" and rng.random() < 0.2:
            sender = self.anybody()
        if membership == "leave" and rng.random() < 0.4:
            sender = target
        if rng.random() < 0.08:
            sender = self.anybody()
        content = {"membership": membership}
        if membership == "join" and rng.random() < 0.25 or rng.random() < 0.02:
            content["join_authorised_via_users_server"] = self.powerful()
        if rng.random() < 0.2:
            content["displayname"] = rng.choice(["", "x", target])
        if rng.random() < self.room.oddness / 4:
            content[rng.choice(["membership", "join_authorised_via_users_server", "third_party_invite"])] = (
                values.anything(rng)
            )
        if rng.random() < self.room.oddness / 10:
            target = rng.choice(values.HOSTILE_USERS)
        if rng.random() < self.room.oddness / 20:
            content.pop("membership")
        return "m.room.member", content, sender, target

    def current(self, branch, type):
        event_id = branch.state.get((type, ""))
        return self.room.pdus[self.room.indices[event_id]]["content"] if event_id else {}

    def power_levels(self, branch):
        content = values.power_levels(
            self.rng, self.current(branch, "m.room.power_levels"), self.room.creators, self.room.oddness
        )
        return "m.room.power_levels", content, self.powerful(), "" if self.rng.random() > 0.02 else self.anybody()

    def rules(self, branch):
        return "m.room.join_rules", self.join_rules(), self.powerful(), ""

    def third_party_offer(self, branch):
        rng = self.rng
        key, public = self.room.third_party_key()
        token = f"token{rng.randrange(4)}"
        content = {"display_name": "x", "key_validity_url": "https://id.example/valid", "public_key": public}
        if rng.random() < 0.3:
            content = {"public_keys": [{"public_key": public}, {"public_key": "AAAA"}], "public_key": public}
            if rng.random() < 0.5:
                content.pop("public_key")
        if rng.random() < self.room.oddness / 4:
            content[rng.choice(["public_key", "public_keys"])] = values.anything(rng)
        sender = self.powerful()
        self.offers.append((token, key, sender))
        return "m.room.third_party_invite", content, sender, token

    def third_party_invite(self, branch):
        rng = self.rng
        if not self.offers:
            return self.third_party_offer(branch)
        token, key, sender = rng.choice(self.offers)
        target = self.anybody()
        signed = {"mxid": target, "token": token}
        if rng.random() < 0.15:
            signed[rng.choice(["mxid", "token"])] = rng.choice([self.anybody(), "token0", values.anything(rng)])
        signed = self.room.third_party_signature(signed, key, "id.example")
        if rng.random() < 0.15:
            signed["extra"] = "not signed"
        if rng.random() < 0.1 + self.room.oddness / 4:
            signed[rng.choice(["signatures", "mxid", "token"])] = values.anything(rng)
        if rng.random() < 0.1:
            signed.pop(rng.choice(sorted(signed)))
        if rng.random() < 0.1:
            sender = self.anybody()
        content = {"membership": "invite", "third_party_invite": {"display_name": "x", "signed": signed}}
        if rng.random() < self.room.oddness / 4:
            content["third_party_invite"] = values.anything(rng)
        return "m.room.member", content, sender, target

    def plain_state(self, branch):
        rng = self.rng
        type = rng.choice(
            ["m.room.name", "m.room.topic", "org.example", "m.room.history_visibility", "m.room.server_acl"]
        )
        state_key = rng.choice(["", "", "", "x", self.anybody(), "@" + "x", values.SERVERS[0]])
        sender = state_key if state_key in values.USERS and rng.random() < 0.7 else self.powerful()
        return type, {"name": rng.randrange(9), "topic": "t"}, sender, state_key

    def message(self, branch):
        return "m.room.message", {"body": "x", "msgtype": "m.text"}, self.anybody(), None

    def aliases(self, branch):
        rng = self.rng
        state_key = rng.choice([*values.SERVERS, "", None])
        return "m.room.aliases", {"aliases": ["#a:one.example"]}, self.anybody(), state_key

    def redaction(self, branch):
        rng = self.rng
        target = rng.choice(sorted(self.room.indices)) if rng.random() < 0.8 else values.anything(rng)
        content = {"redacts": target} if self.room.version.updated_redaction_rules else {}
        return "m.room.redaction", content, self.anybody(), None, {"redacts": target}

    def odd(self, branch):
        rng = self.rng
        type = rng.choice(["m.room.create", "m.room.name", "m.room.power_levels", "m.room.member", "m.room.join_rules"])
        content = values.anything(rng)
        if type == "m.room.create" and rng.random() < 0.7:
            content = {
                "creator": rng.choice([*values.USERS, 5]),
                "room_version": rng.choice([self.room.name, "1", "zz", 5]),
            }
        if not isinstance(content, dict):
            content = {rng.choice(["membership", "users", "join_rule", "name"]): content}
        return type, content, self.powerful(), rng.choice(["", None, self.anybody(), "x"])

    def create(self):
        """The content of a create event that somebody makes for a room of their own."""
        rng = self.rng
        content = {"room_version": self.room.name, "creator": values.CREATOR}
        if rng.random() < 0.3:
            content["room_version"] = rng.choice(values.ROOM_VERSIONS)
        if rng.random() < 0.5:
            content["additional_creators"] = rng.choice(values.CREATOR_LISTS)
        if rng.random() < 0.5:
            content.pop(rng.choice(sorted(content)))
        return content

    def selection(self, type, content, sender, state_key):
        """Which places of the state an event rests on, for a server that makes it as it should."""
        version = self.room.version
        if type == "m.room.create":
            return []
        keys = [] if version.msc4291_room_ids_as_hashes else [("m.room.create", "")]
        keys += [("m.room.power_levels", ""), ("m.room.member", sender)]
        if type == "m.room.member" and state_key is not None:
            membership = content.get("membership")
            if state_key != sender:
                keys.append(("m.room.member", state_key))
            if membership in ("join", "invite", "knock"):
                keys.append(("m.room.join_rules", ""))
            if membership == "invite" and "third_party_invite" in content:
                keys.append(("m.room.third_party_invite", content["third_party_invite"]["signed"]["token"]))
            if membership == "join" and version.restricted_join_rule and "join_authorised_via_users_server" in content:
                user = content["join_authorised_via_users_server"]
                if user not in (sender, state_key):
                    keys.append(("m.room.member", user))
        return keys

    def mutate(self, pdu):
        """Damages an event in one place, so that its hash still is right, or no longer."""
        rng = self.rng
        key = rng.choice(sorted(pdu))
        before = pdu[key]
        kind = rng.randrange(4)
        if kind == 0:
            pdu.pop(key)
        elif kind == 1 and isinstance(before, str):
            pdu[key] = rng.choice(values.HOSTILE_USERS + values.HOSTILE_TEXTS)
        elif kind == 2:
            pdu[rng.choice(["extra", "unsigned", "origin", "membership", "prev_state", "redacts"])] = values.anything(
                rng
            )
        else:
            pdu[key] = values.anything(rng)
        if rng.random() < 0.7 and key not in ("hashes", "signatures"):
            try:
                self.room.seal(pdu, pdu.get("signatures", {}) if isinstance(pdu.get("signatures"), dict) else {})
            except Exception:  # noqa: BLE001 - what cannot be hashed stays as it is
                pass
