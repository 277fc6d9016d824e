"""`make demo`: the service at work on real networks."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_tells_the_networks_that_learn_from_those_that_do_not_and_why() -> None:
    command = [sys.executable, str(ROOT / "demo" / "run.py")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT).stdout
    read = {line.split()[1] for line in shown.splitlines() if "of the digits" in line}
    assert read == {"93.8%", "12.5%", "14.1%"}
    dying = shown.partition("digits_dying_relu")[2].splitlines()
    assert sum(line.endswith("100.0%") for line in dying) == 3
    told = dict(re.findall(r"^(digits_\w+, \w+): .*\n((?:  .*\n)*)", shown, flags=re.MULTILINE))
    assert len(told) == 8
    critical = {name for name, findings in told.items() if "\n  critical" in f"\n{findings}"}
    assert critical == {"digits_deep_sigmoid, initial", "digits_deep_sigmoid, trained", "digits_dying_relu, trained"}
    assert "  critical  dead_units in layers 0, 1, 2\n" in told["digits_dying_relu, trained"]
    assert "vanishing_gradient" in told["digits_deep_sigmoid, initial"]
