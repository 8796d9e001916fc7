"""Runs a campaign: python -m differential --apus EXECUTABLE [--versions 1,2] [--seeds 0:100] [--size 40]"""

import argparse
import sys
import time

from . import comparison
from .apus import Apus
from .report import Report
from .rooms import Room

VERSIONS = [str(number) for number in range(1, 13)]


def main():
    parser = argparse.ArgumentParser(prog="differential")
    parser.add_argument("--apus", required=True, help="the executable apus-verdicts")
    parser.add_argument("--versions", default=",".join(VERSIONS))
    parser.add_argument("--seeds", default="0:20", help="FIRST:END, the same for each version")
    parser.add_argument("--size", type=int, default=40, help="events in a room, more or less")
    options = parser.parse_args()
    first, end = map(int, options.seeds.split(":"))
    apus, report, started = Apus(options.apus), Report(), time.monotonic()
    for seed in range(first, end):
        for version in options.versions.split(","):
            room = Room(version, seed, options.size)
            room.seed = seed
            report.rooms += 1
            report.failures += room.failures
            apus.send(room.line(), lambda answer, room=room: comparison.compare(room, answer, report))
        if len(report.unexplained) >= report.most:
            break
    apus.close()
    print(report.summary())
    print(f"{time.monotonic() - started:.1f} seconds")
    for room, question, found in report.unexplained[: report.most]:
        print(f"\nversion {room.name} seed {room.seed}: {question.asked}\n  synapse: {question.expected}\n  apus: {found}")
        if "event" in question.asked:
            print("  ", room.texts[question.asked["event"]][:1500])
    sys.exit(1 if report.unexplained else 0)


main()
