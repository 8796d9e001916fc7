"""Runs a campaign: python -m differential --apus EXECUTABLE [--versions 1,2] [--seeds 0:100] [--size 40]"""

import argparse
import sys
import time

from .apus import Apus
from .campaign import VERSIONS, Campaign

MOST_SHOWN = 8


def main():
    parser = argparse.ArgumentParser(prog="differential")
    parser.add_argument("--apus", required=True, help="the executable apus-verdicts")
    parser.add_argument("--versions", default=",".join(VERSIONS))
    parser.add_argument("--seeds", default="0:20", help="FIRST:END, the same for each version")
    parser.add_argument("--size", type=int, default=40, help="events in a room, more or less")
    options = parser.parse_args()
    first, end = map(int, options.seeds.split(":"))
    apus, started = Apus(options.apus), time.monotonic()
    campaign = Campaign(apus, options.size)
    campaign.run(options.versions.split(","), range(first, end))
    print(campaign.report.summary())
    print(f"{time.monotonic() - started:.1f} seconds, differences: {len(campaign.report.unexplained)}")
    for difference in campaign.report.unexplained[:MOST_SHOWN]:
        print()
        print(difference.reproduction(apus))
    apus.close()
    if campaign.report.is_thin():
        sys.exit("too little was compared")
    sys.exit(1 if campaign.report.unexplained else 0)


main()
