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
    given = {setting_name(item.name): "/x" if item.name == "root_path" else "7" for item in fields(Settings)}
    settings = Settings.from_environment(given)
    assert settings.root_path == "/x"
    assert all(limit.value == 7 for limit in limits(settings))


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
