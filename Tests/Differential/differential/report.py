"""Counts what was compared, and keeps the differences."""

import collections

from . import understood

# For each room: less says that the rooms are no longer what they were made to be. Usual are 40, 55 and 8.
LEAST = {"auth allowed": 10, "auth refused": 10, "resolve": 3}


class Report:
    def __init__(self):
        self.counts = collections.Counter()
        self.unexplained = []
        self.rooms = 0
        self.failures = 0

    def count(self, kind, expected):
        if kind in ("auth", "auth_events"):
            kind += " allowed" if expected is True else " refused"
        elif expected is None:
            kind += " not compared"
        elif kind in ("event of a room", "event", "document"):
            kind += " refused" if "refused" in expected else " read"
        self.counts[kind] += 1

    def is_thin(self):
        """Whether so little was compared that the agreement says nothing."""
        return any(self.counts[kind] < least * self.rooms for kind, least in LEAST.items())

    def summary(self):
        lines = [f"{self.rooms} rooms"]
        lines += [f"  {count:9} {kind}" for kind, count in sorted(self.counts.items())]
        lines += [f"  {self.failures:9} without an answer of Synapse, which fails on a hostile value"]
        lines += [f"  {count:9} understood: {name}" for name, count in sorted(understood.met.items())]
        return "\n".join(lines)
