"""`make bench`: the service against named peers, in one run and in turns; writes results.md and results.svg.

It also measures what each function costs, which the catalogue publishes.
`python -m benchmarks.run --only json,kernels --rounds 3` runs some parts and writes into .bench/ instead.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping

from benchmarks import http_parts, kernels, lifecycle, relative_cost, streams
from benchmarks.environments import BENCH, Missing
from benchmarks.findings import Options, Part
from benchmarks.machine import ROOT
from benchmarks.report import write
from service.compute.costs import MEASURED

PARTS: Mapping[str, Callable[[Options], Part]] = {
    "json": http_parts.json_part,
    "binary": http_parts.binary_part,
    "streams": streams.streams_part,
    "kernels": kernels.kernels_part,
    "lifecycle": lifecycle.lifecycle_part,
}


def main() -> int:
    """Run the parts; the result is the exit status, which says nothing of the bars."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # by way of every `finally`: servers are stopped too
    options = _options()
    wanted = options.only.split(",") if options.only else list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.stderr.write(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.\n")
        return 2
    BENCH.mkdir(exist_ok=True)
    if not options.only:
        relative_cost.measure(MEASURED)
    parts = [_run(name, Options(options.rounds, options.seconds)) for name in wanted]
    folder = BENCH if options.only else ROOT / "benchmarks"
    sys.stdout.write(write(parts, options.rounds, folder))
    return 0


def _run(name: str, options: Options) -> Part:
    try:
        return PARTS[name](options)
    except Missing as reason:
        return Part(name, remarks=[f"Not measured: {reason}."])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"parts, with commas between: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each thing is measured (3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement of load (2)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
