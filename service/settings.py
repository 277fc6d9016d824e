"""Everything an operator may change: one frozen value, read once from the environment."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from service.errors import InvalidSetting
from service.variables import FILE, FLAG, MOUNT, NETWORKS, ORIGINS, TEXT, Kind, one_of, whole

PREFIX = "ACTISCOPE_"
LOG_FORMATS = ("auto", "json", "text")
ACCESS_LOGS = ("failures", "all")
_MEBI = 2**20
_GIBI = 2**30


def _setting(default: object, kind: Kind, text: str) -> Any:  # noqa: ANN401  dataclasses.field is typed so
    return field(default=default, metadata={"text": text, "kind": kind})


def _limit(default: int, unit: str, text: str, at_most: int = 2**40, at_least: int = 1) -> Any:  # noqa: ANN401  likewise
    return field(default=default, metadata={"text": text, "unit": unit, "kind": whole(at_least, at_most)})


@dataclass(frozen=True, eq=False)  # as a key of caches it is found by what it is, not by its thirty fields
class Settings:
    """The limits in force, who may ask, and where the service is mounted; each is read from `ACTISCOPE_<NAME>`."""

    max_body_bytes: int = _limit(64 * _MEBI, "bytes", "Most bytes of a request body.")
    max_decoded_body_bytes: int = _limit(
        64 * _MEBI, "bytes", "Most bytes that a compressed body inflates to, unless it is streamed."
    )
    max_response_bytes: int = _limit(256 * _MEBI, "bytes", "Most bytes of an answer, estimated before it is computed.")
    max_elements: int = _limit(2**24, "numbers", "Most numbers of one array, given or answered.")
    max_head_bytes: int = _limit(32 * 2**10, "bytes", "Most bytes of the head of a request.", at_least=1024)
    max_header_fields: int = _limit(100, "fields", "Most header fields of a request.")
    head_seconds: int = _limit(
        10, "seconds", "Longest time in which the head of a request comes, once it has begun.", at_most=86_400
    )
    min_body_rate: int = _limit(
        1000,
        "bytes a second",
        "Slowest body, on average after the first head_seconds of reading it; 0 waits for any.",
        at_least=0,
    )
    keep_alive_seconds: int = _limit(
        15, "seconds", "Longest time for which a connection is kept without a request.", at_most=86_400
    )
    max_connections: int = _limit(4096, "connections", "Most connections of a process.")
    max_running: int = _limit(
        0, "requests", "Most requests that a process works on at once; 0 stands for its cores.", 1024, at_least=0
    )
    max_waiting: int = _limit(32, "requests", "Most requests that wait for their turn in a process.", at_least=0)
    max_wait_seconds: int = _limit(
        10, "seconds", "Longest time that a request may be expected to wait for its turn.", at_most=86_400
    )
    max_seconds: int = _limit(
        300, "seconds", "Longest time for an answer that is not streamed, from its turn in the queue on.", 86_400
    )
    max_memory_bytes: int = _limit(
        0,
        "bytes",
        "Most memory of all work of a process, estimated; 0 stands for 4/5 of what there is, divided among workers.",
        at_least=0,
    )
    max_unsent_bytes: int = _limit(
        0,
        "bytes",
        "Most memory of the answers of a process that clients are slow to take, beyond which it hangs up on the "
        "slowest; 0 stands for 1/4 of max_memory_bytes.",
        at_least=0,
    )
    max_query_bytes: int = _limit(8 * 2**10, "bytes", "Most bytes of the query of an address.")
    max_query_items: int = _limit(64, "items", "Most items of the query of an address.")
    max_rank: int = _limit(32, "dimensions", "Most dimensions of an array given.", at_most=32)
    max_depth: int = _limit(64, "levels", "Deepest nesting of arrays and objects in a JSON body.", at_most=1000)
    max_members: int = _limit(2**18, "members", "Most members of all objects in a JSON body, counted by its colons.")
    max_strings: int = _limit(
        2**20, "strings", "Most strings in a JSON body, numbers by name among them, counted by its quotation marks."
    )
    max_parameters: int = _limit(32, "entries", "Most entries of `parameters`.")
    max_tensors: int = _limit(4096, "tensors", "Most tensors of an upload.")
    max_tensor_bytes: int = _limit(256 * _MEBI, "bytes", "Most bytes of all tensors of an upload, as float64.")
    max_layers: int = _limit(10_000, "layers", "Most layers of a network, blocks and repeats written out.")
    max_flow_bytes: int = _limit(2 * _GIBI, "bytes", "Most memory of one gradient flow, estimated before it starts.")
    max_flow_operations: int = _limit(
        2 * 10**12,
        "operations",
        "Most operations of a gradient flow with its remedies, estimated before it starts; 5e10 take about a second.",
        at_most=10**18,
    )
    max_training_operations: int = _limit(
        10**13, "operations", "Most operations of a training, estimated before it starts.", at_most=10**18
    )
    max_steps: int = _limit(100_000, "steps", "Most steps of a training.", at_most=10**7)
    max_grid_points: int = _limit(
        2**17,
        "points",
        "Most points of a phase diagram; a value of sigma_b counts as 64 more, for its critical points.",
    )
    max_streams: int = _limit(
        32, "streams", "Most answers that a process streams at once: NPY files beyond a piece, and trainings."
    )
    stream_buffer_bytes: int = _limit(
        64 * _MEBI, "bytes", "Most bytes of a streamed answer that wait for a client that does not read while it sends."
    )
    stream_stall_seconds: int = _limit(
        30, "seconds", "Longest time in which nothing moves on a stream in either direction.", at_most=86_400
    )
    drain_seconds: int = _limit(
        25, "seconds", "Longest time for which answers go on when the service is told to end.", at_most=86_400
    )
    blas_threads: int = _limit(1, "threads", "Most threads of one matrix product.", at_most=1024)
    compute_threads: int = _limit(
        0,
        "threads",
        "Most threads of one evaluation; 0 stands for as many as the process may use cores.",
        at_most=1024,
        at_least=0,
    )
    root_path: str = _setting("", MOUNT, "Path prefix that a proxy in front of the service adds.")
    keys_file: str = _setting("", FILE, "File of API keys, one a line as `actiscope key` prints them.")
    keys: str = _setting("", TEXT, "API keys beside those of the file, the same lines separated by commas.")
    allow_no_keys: bool = _setting(False, FLAG, "Whether other machines may be served without any API key.")
    open_docs: bool = _setting(False, FLAG, "Whether documentation and contract are shown without a key.")
    requests_per_key: int = _limit(
        0, "requests", "Most requests with one API key in a window; 0 stands for any number.", 10**9, at_least=0
    )
    requests_per_address: int = _limit(
        0, "requests", "Most requests from one address in a window; 0 stands for any number.", 10**9, at_least=0
    )
    request_window_seconds: int = _limit(60, "seconds", "Window of the two limits on requests.", at_most=86_400)
    request_burst: int = _limit(
        0, "requests", "Most requests at once; 0 stands for as many as in a window.", at_most=10**9, at_least=0
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), NETWORKS, "Proxies whose X-Forwarded-For is believed when it names the address of the client."
    )
    cors_origins: tuple[str, ...] = _setting((), ORIGINS, "Origins whose pages a browser lets read the answers.")
    log_format: str = _setting(
        "auto", one_of(*LOG_FORMATS), "Form of the log lines; auto is text on a terminal and json elsewhere."
    )
    access_log: str = _setting(
        "failures", one_of(*ACCESS_LOGS), "Which requests have a log line: those answered with 5xx, or all."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables that are set; a wrong or misspelt one raises InvalidSetting."""
        known = {setting_name(item.name): item for item in fields(cls)}
        for variable in environment:
            _refuse_misspelt(variable, list(known))
        given: dict[str, Any] = {
            item.name: _read(environment[name], item) for name, item in known.items() if name in environment
        }
        return cls(**given)


def setting_name(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


@dataclass(frozen=True)
class LimitInForce:
    """A limit: what it is on, and the setting that moves it (none: it is fixed)."""

    name: str
    value: int
    unit: str
    setting: str | None
    description: str


def limits(settings: Settings) -> tuple[LimitInForce, ...]:
    """Every limit that can be set, as it is set."""
    return tuple(
        LimitInForce(
            name=item.name,
            value=getattr(settings, item.name),
            unit=item.metadata["unit"],
            setting=setting_name(item.name),
            description=item.metadata["text"],
        )
        for item in fields(settings)
        if "unit" in item.metadata
    )


def _refuse_misspelt(variable: str, known: list[str]) -> None:
    """Variables of other programs may share the prefix, so only those that look like a setting are refused."""
    if not variable.startswith(PREFIX) or variable in known:
        return
    if near := get_close_matches(variable, known, n=1, cutoff=0.85):
        raise InvalidSetting(f"{variable} is not a setting; did you mean {near[0]}?")


def _read(text: str, item: Field[Any]) -> object:
    kind: Kind = item.metadata["kind"]
    try:
        return kind.read(text)
    except ValueError:
        raise InvalidSetting(f"{setting_name(item.name)} must be {kind.wanted}, not {text!r}.") from None
