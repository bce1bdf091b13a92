"""Trees: flattening, mapping and registration, against JAX where it is installed; what errors say."""

import collections
import dataclasses
import functools

import numpy as np
import pytest

import weft.tree
from weft import tree_util
from weft._tree.paths import leaf_names
from weft._tree.prefix import flatten_axes
from weft._tree.structure import changes
from weft.tree_util import Partial, keystr, tree_map, tree_structure

Point = collections.namedtuple("Point", "x y")
TREES = [
    *(1, None, [], (), {}, [1, (2, None), {"b": 3, "a": [4]}], Point(1, [2]), {"k": Point(None, 3)}),
    collections.OrderedDict(b=1, a=(2,)),
    collections.defaultdict(list, b=[1], a=[2, 3]),
]


@tree_util.register_pytree_with_keys_class
class Pair:
    """A node that knows its keys."""

    def __init__(self, left, right, tag=0):
        self.left, self.right, self.tag = left, right, tag

    def tree_flatten_with_keys(self):
        return (
            (tree_util.GetAttrKey("left"), self.left),
            (tree_util.GetAttrKey("right"), self.right),
        ), self.tag

    @classmethod
    def tree_unflatten(cls, tag, children):
        return cls(*children, tag)


@tree_util.register_pytree_node_class
class Bag:
    """A node without keys, whose constructor refuses everything but numbers and placeholders of its own."""

    def __init__(self, items):
        if not all(isinstance(item, int) for item in items):
            raise TypeError("only ints")
        self.items = items

    def tree_flatten(self):
        return self.items, None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(list(children))


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_flatten_and_back(tree):
    leaves, treedef = tree_util.tree_flatten(tree)
    again = tree_util.tree_unflatten(treedef, leaves)
    assert again == tree and type(again) is type(tree)
    assert leaf_names(treedef, "t") == [
        "t" + keystr(path) for path, _ in tree_util.tree_leaves_with_path(tree)
    ]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_flatten_as_jax(tree):
    theirs = pytest.importorskip("jax.tree_util")
    assert tree_util.tree_leaves(tree) == theirs.tree_leaves(tree)
    ours, others = tree_util.tree_leaves_with_path(tree), theirs.tree_leaves_with_path(tree)
    assert [keystr(path) for path, _ in ours] == [theirs.keystr(path) for path, _ in others]
    assert [keystr(path, simple=True, separator="/") for path, _ in ours] == [
        theirs.keystr(path, simple=True, separator="/") for path, _ in others
    ]
    assert str(tree_structure(tree)) == str(theirs.tree_structure(tree))


def test_is_leaf():
    assert tree_util.tree_leaves([1, None, [2]], is_leaf=lambda x: x is None) == [1, None, 2]
    assert tree_util.tree_leaves_with_path(
        [[1], 2], is_leaf=lambda path, _: len(path) == 1, is_leaf_takes_path=True
    ) == [((tree_util.SequenceKey(0),), [1]), ((tree_util.SequenceKey(1),), 2)]
    assert tree_util.all_leaves([1, 2]) and not tree_util.all_leaves([1, [2]])


def test_map():
    assert tree_map(lambda x, y: (x, y), [1, None], [{"a": 2}, None]) == [(1, {"a": 2}), None]
    assert tree_map(lambda x: x, None) is None
    assert tree_util.tree_map_with_path(lambda p, x, y: keystr(p) + str(x + y), {"a": 1}, {"a": 2}) == {
        "a": "['a']3"
    }
    assert weft.tree.map(lambda x: 2 * x, Point(1, (2,))) == Point(2, (4,))


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ({"a": [1, 2]}, {"a": (1, 2)}, "at ['a']: a list of 2 in the first, a tuple of 2 in tree 2"),
        ([1, 2], [1, 2, 3], "  a list of 2 in the first, a list of 3 in tree 2"),
        ({"a": 1}, {"b": 1}, "  a dict without key 'b' in the first, a dict without key 'a' in tree 2"),
        ([None, 2], [1, 3], "at [0]: None in the first, a leaf in tree 2"),
        ([[1]], [1], "at [0]: a list of 1 in the first, a leaf in tree 2"),
        (Pair(1, [2]), Pair(1, (2,)), "at .right: a list of 1 in the first, a tuple of 1 in tree 2"),
        (Pair(1, 2, "s"), Pair(1, 2, "t"), "  a Pair of 2 with 's' in the first, a Pair of 2 with 't'"),
    ],
)
def test_map_names_the_mismatch(first, second, text):
    with pytest.raises(ValueError) as caught:
        tree_map(lambda *_: 0, first, second)
    assert text in str(caught.value)
    assert "first tree: " in str(caught.value)


def test_map_leaves_errors_of_the_function_alone():
    with pytest.raises(ValueError, match=r"^mine$"):

        def fail(*_):
            raise ValueError("mine")

        tree_map(fail, [1], [2])


def test_unsortable_keys_are_named():
    tree = {"params": [{"w": 1, 3: 2}]}
    for function in (tree_util.tree_flatten, tree_util.tree_flatten_with_path, tree_structure):
        with pytest.raises(
            ValueError, match=r"dict at \['params'\]\[0\] cannot be sorted: 'w' \(str\), 3 \(int\)"
        ):
            function(tree)


def test_reduce():
    assert weft.tree.reduce(lambda a, b: a + b, [1, [2]], 10) == 13
    assert tree_util.tree_reduce(lambda a, b: a + b, [None, 1]) == 1
    with pytest.raises(TypeError, match="initializer"):
        tree_util.tree_reduce(max, [])
    pair = lambda a, b: f"({a}{b})"
    assert weft.tree.reduce_associative(pair, list("abcdefg")) == "((a(bc))((de)(fg)))"
    assert tree_util.tree_reduce_associative(pair, [], identity=0) == 0
    with pytest.raises(TypeError, match="identity"):
        tree_util.tree_reduce_associative(pair, [])
    assert tree_util.tree_all([True, [1]]) and not weft.tree.all([True, [0]])


def test_transpose():
    outer, inner = tree_structure([0, 0]), tree_structure({"a": 0, "b": 0})
    tree = [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert tree_util.tree_transpose(outer, inner, tree) == {"a": [1, 3], "b": [2, 4]}
    assert weft.tree.transpose(outer, None, tree) == {"a": [1, 3], "b": [2, 4]}
    assert weft.tree.transpose(tree_structure([]), inner, []) == {"a": [], "b": []}
    with pytest.raises(TypeError, match=r"at \[1\]: a dict without key 'b' in place of a dict"):
        tree_util.tree_transpose(outer, inner, [tree[0], {"a": 3}])
    with pytest.raises(TypeError, match="must be a tree structure"):
        tree_util.tree_transpose([0], inner, tree)


def test_broadcast():
    assert weft.tree.broadcast([1, 2], [{"a": 5}, (6, 7)]) == [{"a": 1}, (2, 2)]
    assert weft.tree.broadcast([None, 1], [None, (6, 7)]) == [None, (1, 1)]
    assert weft.tree.broadcast(None, [1, 2], is_leaf=lambda x: x is None) == [None, None]
    with pytest.raises(ValueError, match=r"prefix_tree is a list of 3, where the value has a list of 2"):
        weft.tree.broadcast([1, 2, 3], [1, 2])


def test_flatten_axes():
    value = tree_structure((1, {"a": 2, "b": [1, None]}))
    assert flatten_axes("vmap in_axes", value, 0) == [0, 0, 0]
    assert flatten_axes("vmap in_axes", value, None) == [None] * 3
    assert flatten_axes("vmap in_axes", value, (0, {"a": None, "b": 1})) == [0, None, 1]
    assert flatten_axes("vmap in_axes", value, (None, {"a": 1, "b": [2, None]})) == [None, 1, 2]
    with pytest.raises(ValueError) as caught:
        flatten_axes("vmap in_axes", value, (0, {"a": 1, "c": 1}))
    assert str(caught.value) == (
        "vmap in_axes must have the structure of the value, or end earlier than it\n"
        "  in_axes[1] is a dict without key 'b', where the value has a dict without key 'c'"
    )


def test_changes_name_leaves():
    def flat(tree):
        leaves, treedef = tree_util.tree_flatten(tree)
        return treedef, leaves

    before = flat({"h": ["f32[3]", "f32[3]"], "n": "i32[]", "old": ("f32[]",), "p": Pair("f32[]", "f32[2]")})
    after = flat({"h": ["f32[3]", "i32[3]"], "n": ["i32[]"], "new": "f32[1]", "p": Pair("f32[]", "f32[4]")})
    assert changes("carry", before, before) == []
    assert changes("carry", before, after) == [
        "carry['h'][1]: f32[3] became i32[3]",
        "carry['n']: i32[] became a list of 1",
        "carry['old']: a tuple of 1 is missing",
        "carry['p'].right: f32[2] became f32[4]",
        "carry['new']: f32[1] is new",
    ]
    assert changes("x", flat([1]), flat((1,))) == ["x: a list of 1 became a tuple of 1"]
    assert changes("x", flat(None), flat("f32[]")) == ["x: None became f32[]"]


def test_leaf_names_of_a_node_that_refuses_placeholders():
    assert leaf_names(tree_structure({"b": Bag([1, 2])}), "x") == [
        "x['b'][<flat index 0>]",
        "x['b'][<flat index 1>]",
    ]


def test_register_dataclass_infers_fields():
    @tree_util.register_dataclass
    @dataclasses.dataclass
    class Layer:
        weight: int
        name: str = dataclasses.field(metadata={"static": True})
        size: int = weft.tree.static(default=3)
        bias: int = 0

    layer = Layer(1, "dense", 4, 2)
    pairs, treedef = tree_util.tree_flatten_with_path(layer)
    assert [(keystr(path), leaf) for path, leaf in pairs] == [(".weight", 1), (".bias", 2)]
    assert treedef.unflatten([5, 6]) == Layer(5, "dense", 4, 6)
    assert leaf_names(treedef, "layer") == ["layer.weight", "layer.bias"]
    assert treedef != tree_structure(Layer(1, "conv", 4, 2))
    with pytest.raises(ValueError, match="registered as a tree node already"):
        tree_util.register_dataclass(Layer)


def test_register_dataclass_mistakes():
    @dataclasses.dataclass
    class Layer:
        x: int
        y: int = 2
        z: int = dataclasses.field(init=False, default=3)

    register = tree_util.register_dataclass
    with pytest.raises(ValueError, match=r"field 'y' is in neither(.|\n)*drop_fields"):
        register(Layer, ["x"], [])
    with pytest.raises(ValueError, match="field 'q' is not among"):
        register(Layer, ["x", "y", "q"], [])
    with pytest.raises(ValueError, match="field 'x' is in data_fields as well"):
        register(Layer, ["x"], ["x", "y"])
    with pytest.raises(TypeError, match="got data_fields only"):
        register(Layer, ["x"])
    with pytest.raises(TypeError, match="no dataclass"):
        register(int)
    assert register(Layer, ["x"], [], drop_fields=["y"]) is Layer
    assert tree_map(lambda v: v + 1, Layer(1, 9)) == Layer(2)


def test_registration_mistakes():
    with pytest.raises(ValueError, match="list is registered as a tree node already"):
        tree_util.register_pytree_node(list, lambda x: (x, None), lambda _, c: list(c))
    with pytest.raises(TypeError, match="Empty needs a method tree_flatten"):
        tree_util.register_pytree_node_class(type("Empty", (), {}))


def test_register_static():
    @tree_util.register_static
    @dataclasses.dataclass(frozen=True)
    class Mode:
        name: str

    leaves, treedef = tree_util.tree_flatten([Mode("train"), 1])
    assert leaves == [1] and treedef.unflatten([2]) == [Mode("train"), 2]
    assert treedef != tree_structure([Mode("test"), 1])


def test_partial():
    add = lambda *args, **kw: sum(args) + sum(kw.values())
    partial = Partial(add, 1, k=2)
    assert partial(3) == 6 and isinstance(partial, functools.partial)
    assert tree_util.tree_leaves(partial) == [1, 2]
    assert tree_map(lambda x: 10 * x, partial)(3) == 33
    assert tree_structure(partial) == tree_structure(Partial(add, 5, k=6))
    nested = Partial(Partial(add, 1), 2)
    assert tree_util.tree_leaves(nested) == [2] and nested(3) == 6
    assert tree_structure(nested) == tree_structure(Partial(nested.func, 5))
    wrapped = Partial(functools.partial(add, 1), 2)
    assert tree_util.tree_leaves(wrapped) == [2] and tree_map(lambda x: x, wrapped)(3) == 6


def test_nodes():
    assert tuple(tree_util.flatten_one_level({"b": 1, "a": 2})[0]) == (2, 1)
    assert list(tree_util.flatten_one_level_with_keys([7])[0]) == [(tree_util.SequenceKey(0), 7)]
    assert tree_util.flatten_one_level_with_keys(Point(7, 8))[0][1] == (tree_util.GetAttrKey("y"), 8)
    for function in (tree_util.flatten_one_level, tree_util.flatten_one_level_with_keys):
        with pytest.raises(ValueError, match="int 3 is a leaf"):
            function(3)
    assert [tree_util.is_tree_node(kind) for kind in (int, list, type(None), Point)] == [
        False,
        True,
        True,
        True,
    ]
    parts = [tree_structure([0]), tree_structure(0)]
    assert tree_util.treedef_tuple(parts) == tree_structure(([1], 2))
    assert tree_util.treedef_children(tree_structure(([1], 2))) == parts
    assert [tree_util.treedef_is_leaf(tree_structure(x)) for x in (1, None, [], [1])] == [True] * 3 + [False]


def test_registry_is_separate_from_jax():
    theirs = pytest.importorskip("jax.tree_util")
    assert theirs.tree_leaves(Pair(1, 2)) != tree_util.tree_leaves(Pair(1, 2))


def test_array_data_does_not_break_the_message():
    class Holder:
        def __init__(self, x, data):
            self.x, self.data = x, data

    tree_util.register_pytree_node(Holder, lambda h: ((h.x,), h.data), lambda data, c: Holder(c[0], data))
    with pytest.raises(ValueError):
        tree_map(lambda *_: 0, Holder(1, np.arange(3)), Holder(1, np.arange(3)))
