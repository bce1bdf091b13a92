"""Containers are taken apart and put together as JAX does it."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass

import pytest

from weft_runtime import pytree

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("tree", "leaves"),
    [
        (1, [1]),
        (None, []),
        ((1, [2, {"b": 3, "a": 4}]), [1, 2, 4, 3]),
        (Point(1, None), [1]),
        (OrderedDict([("b", 1), ("a", 2)]), [1, 2]),
        (defaultdict(list, b=1, a=2), [2, 1]),
        ({}, []),
    ],
)
def test_flatten_and_back(tree, leaves):
    flat, treedef = pytree.flatten(tree)
    assert flat == leaves
    again = treedef.unflatten(flat)
    assert again == tree and type(again) is type(tree)


def test_order_is_kept_in_an_ordered_dict():
    flat, treedef = pytree.flatten(OrderedDict([("b", 1), ("a", 2)]))
    assert list(treedef.unflatten(flat)) == ["b", "a"]


def test_default_factory_survives():
    flat, treedef = pytree.flatten(defaultdict(list, a=1))
    assert treedef.unflatten(flat)["new"] == []


def test_is_leaf():
    assert pytree.flatten([(1, 2), 3], lambda x: isinstance(x, tuple))[0] == [(1, 2), 3]


def test_paths():
    tree = {"a": [1, Point(2, 3)], "o": OrderedDict(z=4), "d": defaultdict(int, k=5)}
    found = [("".join(map(str, path)), leaf) for path, leaf in pytree.flatten_with_path(tree)[0]]
    assert found == [
        ("['a'][0]", 1),
        ("['a'][1].x", 2),
        ("['a'][1].y", 3),
        ("['d']['k']", 5),
        ("['o']['z']", 4),
    ]


def test_structures_compare_and_hash():
    one, other = pytree.flatten([1, (2,)])[1], pytree.flatten([3, (4,)])[1]
    assert one == other and hash(one) == hash(other)
    assert one != pytree.flatten([1, [2]])[1]


def test_registering_a_type_twice_is_an_error():
    @dataclass
    class Pair:
        left: int
        right: int
        label: str = ""

    pytree.register_dataclass_node(Pair, ["left", "right"], ["label"])
    flat, treedef = pytree.flatten(Pair(1, 2, "p"))
    assert flat == [1, 2] and treedef.unflatten([3, 4]) == Pair(3, 4, "p")
    with pytest.raises(ValueError):
        pytree.register_dataclass_node(Pair, ["left"], [])


def test_node_of_the_user():
    class Box:
        def __init__(self, content):
            self.content = content

    pytree.register_node(Box, lambda box: ((box.content,), "box"), lambda data, children: Box(*children))
    flat, treedef = pytree.flatten(Box([1, 2]))
    assert flat == [1, 2] and treedef.unflatten([3, 4]).content == [3, 4]
