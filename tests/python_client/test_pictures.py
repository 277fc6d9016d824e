"""Pictures through the client."""

import pytest

from service.client.pictures import Picture
from service.errors import InvalidInput, UnknownActivation
from tests.python_client.asking import Either
from tests.python_client.test_flow import DEEP


def test_functions_are_drawn(ask: Either) -> None:
    picture = ask.plot(["elu", "leaky_relu"], derivative=1, parameters={"alpha": 2.0})
    assert picture.startswith((b"<?xml", b"<svg"))
    assert picture != ask.plot(["elu", "leaky_relu"], derivative=1)
    assert list(picture._repr_mimebundle_()) == ["image/svg+xml"]
    png = ask.plot("relu", form="png", width=600, height=400, theme="dark", lower=-1, upper=1)
    assert png._repr_mimebundle_() == {"image/png": png}


def test_what_cannot_be_drawn_is_told(ask: Either) -> None:
    with pytest.raises(UnknownActivation) as failure:
        ask.plot(["relu", "sigmod"])
    assert failure.value.name == "sigmod"
    with pytest.raises(InvalidInput):
        ask.plot("relu", lower=1, upper=0)


def test_a_gradient_flow_is_drawn_alone_and_beside_what_came_of_a_remedy(ask: Either) -> None:
    before, after = ask.gradient_flow(DEEP), ask.gradient_flow(DEEP | {"seed": 1})
    alone, beside = ask.plot_gradient_flow(before), ask.plot_gradient_flow(before, after=after, theme="dark")
    assert isinstance(alone, Picture)
    assert len(beside) > len(alone) > 1000
    assert ask.plot_gradient_flow(before, form="png", width=600).startswith(b"\x89PNG")
