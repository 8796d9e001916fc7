"""Synapse's own code and MatrixCore are asked the same about the same random rooms (Tests/Differential)."""

import os
import pathlib
import subprocess

import pytest

from apus_cluster import executable

DIFFERENTIAL = pathlib.Path(__file__).resolve().parents[1] / "Differential"
VERSIONS = [str(number) for number in range(1, 13)]
# The same in every run, so that a run says something about the change that it is run for. Campaigns over other seeds:
# PYTHONPATH=Tests/Differential $SYNAPSE_PYTHON -m differential --apus .build/release/apus-verdicts --seeds 1000:2000
SEEDS = "0:20"
SECONDS = 120


@pytest.mark.apus_only("it compares Apus with Synapse, without a server of either")
@pytest.mark.parametrize("version", VERSIONS)
def test_answers_as_synapse_does(version):
    """ATTACKS 17 (CVE-2022-31152, CVE-2022-36009): the rooms' power levels are of all forms, honest and not."""
    python = os.environ["SYNAPSE_PYTHON"]
    command = [python, "-m", "differential", "--apus", executable("apus-verdicts")]
    done = subprocess.run(
        [*command, "--versions", version, "--seeds", SEEDS],
        cwd=DIFFERENTIAL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
