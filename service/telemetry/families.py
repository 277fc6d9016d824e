"""The metrics there are: name, kind, labels, and what each tells."""

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Family(NamedTuple):
    """One metric, or one for each value of its labels."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "actiscope_requests_total",
            "counter",
            "Requests answered, by route, method and class of status.",
            ("route", "method", "status"),
        ),
        Family(
            "actiscope_request_seconds",
            "histogram",
            "Seconds from the end of the head of a request to the end of its answer.",
            ("route",),
        ),
        Family(
            "actiscope_request_body_bytes_total",
            "counter",
            "Bytes of request bodies that were read, as they were sent.",
            ("route",),
        ),
        Family("actiscope_response_body_bytes_total", "counter", "Bytes of bodies that were answered.", ("route",)),
        Family(
            "actiscope_elements_total",
            "counter",
            "Numbers of x for which a function was evaluated or differentiated.",
            ("function",),
        ),
        Family(
            "actiscope_operations_total",
            "counter",
            "Floating-point operations of networks that were run, as estimated from their shapes.",
            ("route",),
        ),
        Family("actiscope_refusals_total", "counter", "Requests refused, by reason.", ("reason",)),
        Family("actiscope_requests_in_flight", "gauge", "Requests that are being answered, or wait for it."),
        Family("actiscope_queue_depth", "gauge", "Requests whose work waits for its turn."),
        Family("actiscope_work_running", "gauge", "Requests whose work is being done."),
        Family(
            "actiscope_log_lines_lost_total",
            "counter",
            "Log lines that could not be written, or not as fast as they came.",
        ),
        Family("actiscope_workers", "gauge", "Processes that answer requests."),
        Family(
            "actiscope_build_info", "gauge", "Always 1; the labels tell the versions.", ("version", "python", "numpy")
        ),
        Family("process_cpu_seconds_total", "counter", "Seconds of processor time, of each worker.", ("pid",)),
        Family("process_resident_memory_bytes", "gauge", "Memory in use, of each worker.", ("pid",)),
        Family("process_open_fds", "gauge", "Open files and connections, of each worker.", ("pid",)),
        Family("process_threads", "gauge", "Threads, of each worker.", ("pid",)),
        Family("process_start_time_seconds", "gauge", "Seconds from 1970 to the start of each worker.", ("pid",)),
    )
}
