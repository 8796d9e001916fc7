"""Whether Apus answers as Synapse does."""

from . import shrinking


def is_allowed(answer):
    return answer is True


def differs(asked, expected, answer):
    """Whether two answers to one question are not the same in what matters: the verdict, not the words."""
    if asked["ask"] == "event":
        if ("refused" in expected) != ("refused" in answer):
            return True
        return "refused" not in expected and any(expected[key] != answer[key] for key in expected)
    if asked["ask"] in ("auth", "auth_events"):
        return is_allowed(expected) != is_allowed(answer)
    return expected != answer


class Difference:
    """A question about a room to which the answers differ."""

    def __init__(self, room, question, found):
        self.room, self.question, self.found = room, question, found

    def reproduction(self, apus):
        return shrinking.reproduction(self.room, self.question, self.found, apus)


def compare(room, answer, report):
    """Compares the answers about a room, and tells the report of each that differs."""
    if "misunderstood" in answer:
        raise AssertionError(f"Apus did not understand the question: {answer} for {room.line()[:5000]}")
    answers = iter(answer["answers"])
    unreadable = False
    for question in room.questions:
        asked = question.asked
        found = answer["events"][asked["event"]] if asked["ask"] == "event" else next(answers)
        report.count("event of a room" if asked["ask"] == "event" else asked["ask"], question.expected)
        if isinstance(found, dict) and "unanswerable" in found:
            # It follows from an event that only one of both reads, which is among the differences already.
            assert unreadable, f"Apus cannot answer {asked} about {room.line()[:5000]}"
            continue
        if differs(asked, question.expected, found):
            unreadable = unreadable or asked["ask"] == "event"
            report.unexplained.append(Difference(room, question, found))
