"""What an operator may change."""

import os
import subprocess
import sys
from dataclasses import asdict, fields

import pytest

from service.errors import InvalidSetting
from service.settings import Settings, limits, setting_name


def test_nothing_set_means_the_defaults() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "ACTISCOPE_SERVICE_HOST": "10.0.0.1"})
    assert asdict(settings) == asdict(Settings())


def test_every_setting_is_read() -> None:
    others = {
        "max_head_bytes": ("2048", 2048),
        "root_path": ("/x", "/x"),
        "keys_file": ("/run/keys", "/run/keys"),
        "keys": ("a:1", "a:1"),
        "allow_no_keys": ("true", True),
        "open_docs": ("true", True),
        "trusted_proxies": ("10.0.0.1, fd00::/8", ("10.0.0.1", "fd00::/8")),
        "log_format": ("json", "json"),
        "access_log": ("all", "all"),
        "cors_origins": ("https://a.org,http://b.org:81", ("https://a.org", "http://b.org:81")),
    }
    expected: dict[str, object] = {item.name: 7 for item in fields(Settings)}
    expected |= {name: value for name, (_, value) in others.items()}
    given = {name: others[name][0] if name in others else "7" for name in expected}
    settings = Settings.from_environment({setting_name(name): text for name, text in given.items()})
    assert asdict(settings) == expected
    assert {limit.name for limit in limits(settings)} == {name for name in expected if type(expected[name]) is int}


def test_every_setting_is_described() -> None:
    assert all(item.metadata["text"].endswith(".") for item in fields(Settings))


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1e6", "64MiB", " 7", "٧", "9" * 30, "33"])
def test_a_limit_is_a_whole_number_within_bounds(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_MAX_RANK must be a whole number from 1 to 32"):
        Settings.from_environment({"ACTISCOPE_MAX_RANK": text})


@pytest.mark.parametrize("text", ["api", "/api/", "/", "/é", "/a\nb"])
def test_a_prefix_starts_with_a_slash_only(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_ROOT_PATH"):
        Settings.from_environment({"ACTISCOPE_ROOT_PATH": text})


@pytest.mark.parametrize("text", ["", "JSON", "yaml", "json "])
def test_a_choice_is_one_of_its_words(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_LOG_FORMAT must be auto, json or text, not "):
        Settings.from_environment({"ACTISCOPE_LOG_FORMAT": text})


@pytest.mark.parametrize("text", ["", "yes", "1", "True", "true "])
def test_a_switch_is_true_or_false(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_ALLOW_NO_KEYS must be true or false"):
        Settings.from_environment({"ACTISCOPE_ALLOW_NO_KEYS": text})
    assert not Settings.from_environment({"ACTISCOPE_ALLOW_NO_KEYS": "false"}).allow_no_keys


def test_a_file_has_a_path() -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_KEYS_FILE must be the path of a file"):
        Settings.from_environment({"ACTISCOPE_KEYS_FILE": ""})


@pytest.mark.parametrize("text", ["proxy", "10.0.0.1/8", "10.0.0.1,", "10.0.0.1 10.0.0.2", "*"])
def test_proxies_are_addresses_or_networks(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_TRUSTED_PROXIES must be addresses or networks"):
        Settings.from_environment({"ACTISCOPE_TRUSTED_PROXIES": text})


@pytest.mark.parametrize(
    "text", ["example.org", "https://example.org/", "null", "https://a.org\r\nX: 1", "https://A.org", ","]
)
def test_origins_are_written_as_browsers_send_them(text: str) -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_CORS_ORIGINS must be origins"):
        Settings.from_environment({"ACTISCOPE_CORS_ORIGINS": text})


def test_an_empty_list_has_no_items() -> None:
    settings = Settings.from_environment({"ACTISCOPE_CORS_ORIGINS": "", "ACTISCOPE_TRUSTED_PROXIES": ""})
    assert asdict(settings) == asdict(Settings())


def test_a_misspelt_setting_is_told() -> None:
    with pytest.raises(InvalidSetting, match="did you mean ACTISCOPE_MAX_BODY_BYTES"):
        Settings.from_environment({"ACTISCOPE_MAX_BODY_BYTE": "7"})


@pytest.mark.parametrize("threads", [1, 2])
def test_a_process_of_the_service_takes_the_threads_it_is_given_for_matrix_products(threads: int) -> None:
    told = (
        "from service.app import application; from threadpoolctl import threadpool_info; application();"
        "print({pool['num_threads'] for pool in threadpool_info()})"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "4", "ACTISCOPE_BLAS_THREADS": str(threads)}
    command = [sys.executable, "-c", told]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert printed.strip() == str({threads})


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("0", len(os.sched_getaffinity(0)))])
def test_a_process_of_the_service_takes_the_threads_it_is_given_for_long_arrays(given: str, threads: int) -> None:
    told = (
        "from service.app import application; from service.compute.blocks import threads; application();"
        "print(threads())"
    )
    environment = {**os.environ, "ACTISCOPE_COMPUTE_THREADS": given}
    command = [sys.executable, "-c", told]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert printed.strip() == str(threads)
