"""What every endpoint reaches: the parts that the composition root made, and how a request gets them."""

from typing import Annotated

from fastapi import Depends, Request

from streams.bootstrap import House


def house_of(request: Request) -> House:
    """Return the house the application serves."""
    house = request.app.state.house
    assert isinstance(house, House)  # noqa: S101 - set once, by the application's maker
    return house


HouseOf = Annotated[House, Depends(house_of)]
