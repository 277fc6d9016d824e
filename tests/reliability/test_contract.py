"""The live service keeps to its contract, whatever is generated from it: right, wrong, and in sequences."""

import subprocess
import sys
from pathlib import Path

from tests.live import PATIENCE, started
from tests.reliability import SOAK_SECONDS
from tests.reliability.properties import ROOT
from tests.reliability.test_hostile import LIMITS

# By its command, since the plugin for pytest would be imported by every test run.
COMMAND = "from schemathesis.cli import schemathesis; schemathesis()"
SETTINGS = Path(__file__).with_name("schemathesis.toml")
SECONDS = SOAK_SECONDS or 8


def test_no_answer_is_beyond_the_contract(tmp_path: Path) -> None:
    with started(**LIMITS) as service:
        options = (
            *("--phases", "coverage,fuzzing,stateful", "--mode", "all", "--continue-on-failure", "--no-shrink"),
            *("--max-time", str(int(SECONDS)), "--seed", "1", "--request-timeout", str(PATIENCE), "--warnings", "off"),
        )
        address = f"http://{service.address}/openapi.json"
        run = subprocess.run(
            [sys.executable, "-c", COMMAND, "--config-file", str(SETTINGS), "run", address, *options],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            timeout=PATIENCE + 2 * SECONDS,
            check=False,
        )
        assert "Traceback" not in service.said()
    print(run.stdout[-2000:])
    assert run.returncode == 0, run.stdout + run.stderr
