"""Puts everything that some seeds make to both sides."""

from . import comparison, documents, pushes
from .report import Report
from .rooms import Room

VERSIONS = [str(number) for number in range(1, 13)]
# For each room of a version.
EVENTS, DOCUMENTS, PUSHES = 8, 4, 4
# More differences than that are hardly others.
MOST_DIFFERENCES = 20


class Campaign:
    def __init__(self, apus, size=40):
        self.apus = apus
        self.size = size
        self.report = Report()

    def run(self, versions, seeds):
        for seed in seeds:
            for version in versions:
                self.room(version, seed)
                for number in range(EVENTS):
                    self.document(documents.Event(version, f"{seed}.{number}"))
                for number in range(DOCUMENTS):
                    self.document(documents.Document(f"{version}.{seed}.{number}"))
                for number in range(PUSHES):
                    self.push(pushes.Push(f"{version}.{seed}.{number}"))
            if len(self.report.unexplained) >= MOST_DIFFERENCES:
                break
        self.apus.drain()

    def room(self, version, seed):
        room = Room(version, seed, self.size)
        self.report.rooms += 1
        self.report.failures += room.failures
        self.apus.send(room.line(), lambda answer: comparison.compare(room, answer, self.report))

    def document(self, document):
        expected = document.expected()
        self.apus.send(document.line(), lambda answer: documents.compare(document, expected, answer, self.report))

    def push(self, push):
        expected = push.expected()
        self.apus.send(push.line(), lambda answer: pushes.compare(push, expected, answer, self.report))
