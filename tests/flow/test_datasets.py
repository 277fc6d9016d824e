"""The data sets are what their descriptions say."""

from math import pi

import numpy as np
import pytest

from service.activations.model import Array
from service.errors import InvalidInput
from service.flow.datasets import digits, fitted, moons, two_moons
from service.flow.network import Loss


def test_the_digits_are_images_of_ten_classes_in_two_parts() -> None:
    found = digits()
    assert (found.x.shape, found.test_x.shape) == ((1347, 64), (450, 64))
    assert (found.classes.shape, found.test_classes.shape) == ((1347,), (450,))
    assert (found.x.min(), found.x.max()) == (0.0, 1.0)
    assert set(found.classes) == set(found.test_classes) == set(range(10))


def test_no_image_is_in_both_parts() -> None:
    found = digits()
    trained_on = {image.tobytes() for image in found.x}
    assert not any(image.tobytes() in trained_on for image in found.test_x)


def test_the_moons_are_two_half_circles() -> None:
    x, classes = moons(101, 0.0, 3)
    upper, lower = x[classes == 0], x[classes == 1]
    assert (len(upper), len(lower)) == (50, 51)
    assert np.allclose(np.hypot(*upper.T), 1)
    assert (upper[:, 1] >= 0).all()
    assert np.allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1)
    assert (lower[:, 1] <= 0.5).all()
    angles = np.sort(np.arctan2(upper[:, 1], upper[:, 0]))
    assert np.allclose(np.diff(angles), pi / 49)


def test_the_noise_of_the_moons_has_its_standard_deviation() -> None:
    still, noisy = (moons(20_000, noise, 5)[0] for noise in (0.0, 0.3))
    assert np.std(noisy - still) == pytest.approx(0.3, rel=0.02)


def test_the_moons_are_in_random_order_and_the_same_again() -> None:
    found, again = two_moons(), two_moons()
    assert 300 < np.count_nonzero(found.classes[:1000:2]) + np.count_nonzero(np.diff(found.classes)) < 1000
    assert np.array_equal(found.x, again.x)
    assert not np.array_equal(np.sort(found.x, axis=0), np.sort(found.test_x, axis=0))


def test_the_data_that_all_share_cannot_be_written_to() -> None:
    for array in (digits().x, digits().classes, two_moons().x, two_moons().test_classes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_mse_takes_classes_as_rows_of_the_identity() -> None:
    assert np.array_equal(targets(Loss("mse", targets=np.array([2.0, 0.0])), 3), [[0, 0, 1], [1, 0, 0]])


def test_mse_takes_numbers_as_they_are_for_a_single_output() -> None:
    assert np.array_equal(targets(Loss("mse", targets=np.array([2.5, 0.0])), 1), [[2.5], [0.0]])


def test_mse_refuses_classes_that_the_outputs_do_not_have() -> None:
    with pytest.raises(InvalidInput) as caught:
        fitted(Loss("mse", targets=np.array([0.0, 3.0])), 3)
    assert caught.value.faults[0].path == ("loss", "targets", 1)


@pytest.mark.parametrize("loss", [Loss("sum"), Loss("cross_entropy", targets=np.zeros(3)), Loss("mse", "random")])
def test_other_losses_stay_as_they_are(loss: Loss) -> None:
    assert fitted(loss, 3) is loss


def targets(loss: Loss, n_out: int) -> Array:
    found = fitted(loss, n_out).targets
    assert isinstance(found, np.ndarray)
    return found
