"""Metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0."""

import platform
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from service.telemetry.families import FAMILIES, Family
from service.telemetry.metrics import LEVELS, METHODS, SECONDS, STATUSES, Metrics, Readings
from service.telemetry.processes import figures

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

Sample = tuple[str, tuple[str, ...], float]  # what follows the name, the values of the labels, the value

_BOUNDS: Final = (*map(repr, SECONDS), "+Inf")


def expose(metrics: Metrics, version: str, *, openly: bool) -> bytes:
    """All metrics, in OpenMetrics if `openly`."""
    lines: list[str] = []
    for name, samples in _samples(metrics.read(), version).items():
        lines += _family(FAMILIES[name], samples, openly=openly)
    return "".join((*lines, "# EOF\n" if openly else "")).encode()


def _family(family: Family, samples: list[Sample], *, openly: bool) -> Iterator[str]:
    name = family.name.removesuffix("_total") if openly else family.name
    yield f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n"
    for suffix, values, value in samples:
        labels = (*family.labels, "le") if suffix == "_bucket" else family.labels
        pairs = ",".join([f'{label}="{text}"' for label, text in zip(labels, values, strict=True)])
        yield f"{family.name}{suffix}{{{pairs}}} {value!r}\n" if pairs else f"{family.name}{suffix} {value!r}\n"


def _samples(found: Readings, version: str) -> Mapping[str, list[Sample]]:
    """The samples of each family; a route that nobody asked for, and what it never answered, has none."""
    samples: dict[str, list[Sample]] = {name: [] for name in FAMILIES}
    for route in found.routes:
        _of_route(samples, route, found)
    samples["actiscope_elements_total"] += [("", (name,), count) for name, count in found.elements.items() if count]
    samples["actiscope_refusals_total"] += [("", (reason,), count) for reason, count in found.refusals.items()]
    for name in LEVELS:
        samples[name].append(("", (), found.levels[name]))
    samples["actiscope_log_lines_lost_total"].append(("", (), found.lost))
    samples["actiscope_workers"].append(("", (), float(len(found.pids))))
    versions = (version, platform.python_version(), np.__version__)
    samples["actiscope_build_info"].append(("", versions, 1.0))
    for pid in found.pids:
        for name, value in figures(pid).items():
            samples[name].append(("", (str(pid),), value))
    return samples


def _of_route(samples: dict[str, list[Sample]], route: str, found: Readings) -> None:
    counted = found.of_route(route)
    if not counted.within[-1]:
        return
    for method, row in zip(METHODS, counted.requests.tolist(), strict=True):
        kinds = zip(STATUSES, row, strict=True)
        samples["actiscope_requests_total"] += [("", (route, method, kind), count) for kind, count in kinds if count]
    within = zip(_BOUNDS, counted.within, strict=True)
    samples["actiscope_request_seconds"] += [
        *[("_bucket", (route, bound), count) for bound, count in within],
        ("_sum", (route,), counted.seconds),
        ("_count", (route,), counted.within[-1]),
    ]
    samples["actiscope_request_body_bytes_total"].append(("", (route,), counted.received))
    samples["actiscope_response_body_bytes_total"].append(("", (route,), counted.sent))
    if counted.operations:
        samples["actiscope_operations_total"].append(("", (route,), counted.operations))
