"""`evaluate` and `derivative`."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from service.activations import lookup
from service.compute import derivative, evaluate
from tests.cli.running import Run


def saved(array: "np.typing.ArrayLike") -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def numbers(text: str) -> list[float]:
    return [float(field) for field in text.split()]


def test_numbers_are_arguments_also_negative_ones(run: Run) -> None:
    gelu = lookup("gelu")
    x = np.array([-1.0, -2e-3, 0.5, -np.inf])
    found = run("evaluate", "gelu", "-1", "-2e-3", ".5", "-inf").stdout
    assert numbers(found) == evaluate(gelu, x, gelu.defaults()).tolist()


def test_every_digit_counts(run: Run) -> None:
    sigmoid = lookup("sigmoid")
    true = derivative(sigmoid, np.array([0.0, 37.0, 700.0]), {})
    assert run("derivative", "sigmoid", "0", "37", "700").stdout.split() == list(map(repr, true.tolist()))


def test_what_is_not_finite_has_a_name_that_is_read_again(run: Run) -> None:
    assert run("evaluate", "relu", "nan", "inf").stdout == "NaN\nInfinity\n"
    assert run("evaluate", "relu", given="NaN\nInfinity\n").stdout == "NaN\nInfinity\n"


@pytest.mark.parametrize(
    ("dtype", "text"),
    [("float64", "0.7310585786300049"), ("float32", "0.7310586"), ("float16", "0.731"), ("bfloat16", "0.73")],
)
def test_decimals_are_the_shortest_of_the_dtype(run: Run, dtype: str, text: str) -> None:
    assert run("evaluate", "sigmoid", "1", "--dtype", dtype).stdout == f"{text}\n"


def test_lines_become_lines(run: Run) -> None:
    given = "# two columns\n-1 2\n\n3, -4\n5\t6 # the last\n7\n"
    assert run("evaluate", "relu", "-", given=given).stdout == "0.0 2.0\n3.0 0.0\n5.0 6.0\n7.0\n"


def test_a_line_without_its_end_is_read(run: Run) -> None:
    assert run("evaluate", "relu", given="1\n2").stdout == "1.0\n2.0\n"


def test_no_numbers_have_no_results(run: Run) -> None:
    assert run("evaluate", "relu", given="").stdout == ""
    assert json.loads(run("evaluate", "relu", "--format", "json", given="").stdout)["y"] == []


def test_each_line_is_a_vector_or_all_numbers_are_one(run: Run) -> None:
    assert numbers(run("evaluate", "softmax", given="0 0\n1 1\n").stdout) == [0.5] * 4
    assert numbers(run("evaluate", "softmax", given="0\n0\n1e3\n").stdout) == [0.0, 0.0, 1.0]
    assert "different numbers of numbers" in run("evaluate", "softmax", given="0 0\n1\n", status=2).stderr


def test_csv_pairs_numbers_with_results(run: Run) -> None:
    assert run("evaluate", "relu", "--format", "csv", "-1", "2").stdout == "x,y\n-1.0,0.0\n2.0,2.0\n"
    assert run("derivative", "relu", "--format", "csv", given="time\n-1\n2\n").stdout == "time,dy\n-1.0,0.0\n2.0,1.0\n"


def test_csv_of_several_columns_keeps_their_names(run: Run) -> None:
    assert run("evaluate", "relu", "--format", "csv", given="a,b\n-1,2\n3,-4\n").stdout == "a,b\n0.0,2.0\n3.0,0.0\n"


def test_json_is_like_an_answer(run: Run) -> None:
    found = run("derivative", "leaky_relu", "-1", "inf", "--set", "alpha=0.2", "--format", "json").stdout
    assert json.loads(found) == {
        "activation": "leaky_relu",
        "parameters": {"negative_slope": 0.2},
        "dtype": "float64",
        "order": 1,
        "with_respect_to": "x",
        "shape": [2],
        "dy": [0.2, 1.0],
    }


def test_npy_comes_and_goes_with_shape_and_dtype(run: Run, tmp_path: Path) -> None:
    x = np.linspace(-3, 3, 24, dtype=np.float32).reshape(2, 3, 4)
    found = run("evaluate", "tanh", "--format", "npy", given=saved(x)).stdout_bytes
    y = np.load(BytesIO(found))
    assert y.shape == x.shape
    assert y.dtype == np.float32
    path = tmp_path / "x.npy"
    np.save(path, x)
    run("evaluate", "tanh", "--input", str(path), "-o", str(tmp_path / "y.npy"))
    assert np.load(tmp_path / "y.npy").tolist() == y.tolist()


def test_the_ending_of_the_file_says_how_to_write(run: Run, tmp_path: Path) -> None:
    for ending, start in ((".csv", b"x,y\n"), (".json", b"{"), (".txt", b"0"), (".npy", b"\x93NUMPY")):
        path = tmp_path / f"y{ending}"
        run("evaluate", "sigmoid", "1", "--output", str(path))
        assert path.read_bytes().startswith(start)


def test_a_failure_touches_no_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "y.txt"
    path.write_text("precious")
    run("evaluate", "sigmoid", "1", "--set", "no=1", "--output", str(path), status=2)
    assert path.read_text() == "precious"


def test_the_derivative_is_asked_for_in_every_way(run: Run) -> None:
    leaky, tanh = lookup("leaky_relu"), lookup("tanh")
    kink = run("derivative", "leaky_relu", "0", "--at-kink", "right").stdout
    assert kink == "1.0\n"
    third = derivative(tanh, np.array([0.3]), tanh.defaults(), order=3).tolist()
    assert numbers(run("derivative", "tanh", "0.3", "--order", "3").stdout) == third
    slope = run("derivative", "leaky_relu", "-2", "--with-respect-to", "negative_slope").stdout
    assert (
        numbers(slope)
        == derivative(leaky, np.array([-2.0]), leaky.defaults(), with_respect_to="negative_slope").tolist()
    )


def test_gradients_go_back_through_a_function(run: Run, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream.csv"
    upstream.write_text("1\n-2\n")
    found = run("derivative", "leaky_relu", "-1", "3", "--upstream", str(upstream), "--format", "json")
    assert json.loads(found.stdout)["dx"] == [0.01, -2.0]


def test_a_jacobian_is_a_matrix(run: Run) -> None:
    assert numbers(run("derivative", "softmax", "0", "0", "--jacobian").stdout) == [0.25, -0.25, -0.25, 0.25]


def test_a_layer_is_evaluated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "W.csv").write_text("1,-1\n0.5,-2\n")
    np.save(tmp_path / "b.npy", [0.5, 0.5])
    layer = ("--weights", str(tmp_path / "W.csv"), "--bias", str(tmp_path / "b.npy"))
    assert run("evaluate", "relu", *layer, given="1 2\n0 0\n").stdout == "2.5 0.0\n0.5 0.5\n"


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (["gelu", "one"], None, "'one' is not a number."),
        (["gelu"], "1\n2\nthree\n", "Line 3: 'three' is not a number."),
        (["gelu"], b"\xff\xfe\x00", "neither text nor an NPY file"),
        (["gelu"], b"\x93NUMPY\x01\x00", "The NPY file cannot be read"),
        (["gelu", "--input", "/nowhere/x"], None, "/nowhere/x cannot be read: No such file"),
        (["gelu", "1", "-o", "/nowhere/x"], None, "/nowhere/x cannot be written: No such file"),
        (["gelu", "1", "--input", "/nowhere/x"], None, "Give numbers or --input"),
        (["gelu", "1", "--dtpe", "float32"], None, "Did you mean --dtype?"),
        (["gelu", "1", "-x"], None, "No such option: -x"),
        (["gelu", "1", "--dtype", "int8"], None, "int8"),
        (["gelu", "1", "--set", "alpha"], None, "should be a name and a value"),
        (["gelu", "1", "--set", "alpha=1"], None, "gelu has no parameter 'alpha'"),
        (["glu", "1", "2", "3"], None, "actiscope: "),
        (["sigmod", "1"], None, "Did you mean sigmoid"),
        ([], None, "NAME"),
    ],
)
def test_what_is_wrong_is_told(run: Run, words: list[str], given: str | bytes | None, told: str) -> None:
    assert told in " ".join(run("evaluate", *words, given=given, status=2).stderr.replace("│", "").split())


def test_an_object_in_an_npy_file_is_never_made(run: Run) -> None:
    file = BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    assert "cannot be read" in run("evaluate", "relu", given=file.getvalue(), status=2).stderr
