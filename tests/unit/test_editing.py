"""Edits of a model: every one leaves a valid experiment, and what speaks of layers follows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.editing import graph as editing_graph
from kerastui.models.editing import stack as editing
from kerastui.models.editing import whole
from kerastui.models.editing.stack import Edited, layers_of
from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.experiment.toml import dumps, loads
from kerastui.tui.edits import Edits

BASE = shipped.experiment("a05-ionosphere")
DENSE = {"type": "Dense", "units": 4}


def types(experiment: Experiment) -> list[str]:
    return [f"{layer['type']} {layer.get('units', '')}".strip() for layer in layers_of(experiment)]


def graph(*nodes: str, outputs: str = "", inputs: str = "x") -> Experiment:
    """A graph of Dense layers and Adds, written `name<source` or `name<source+source`."""
    made: list[dict[str, Any]] = []
    for node in nodes:
        name, _, sources = node.partition("<")
        kind = {"type": "Add"} if "+" in sources else DENSE
        made.append({"name": name, "from": sources.split("+"), **kind})
    plain = BASE.plain()
    plain["model"] = {
        "kind": "graph",
        "inputs": [{"name": name} for name in inputs.split()],
        "nodes": made,
        "outputs": outputs.split() or [made[-1]["name"]],
    }
    return Experiment.model_validate(plain)


def wiring(experiment: Experiment) -> str:
    """The graph as `graph` takes it, with its outputs."""
    model = experiment.model
    assert isinstance(model, GraphModel)
    nodes = " ".join(f"{node.name}<{'+'.join(node.inputs)}" for node in model.nodes)
    return f"{nodes} > {' '.join(model.outputs)}"


# --- stacks --------------------------------------------------------------------------------


def test_a_layer_is_added_behind_the_cursor_and_first_behind_the_input() -> None:
    assert types(editing.add(BASE, DENSE, 0).experiment)[:2] == ["Dense 10", "Dense 4"]
    first = editing.add(BASE, DENSE, -1)
    assert (first.place, types(first.experiment)[0]) == (0, "Dense 4")
    assert first.words == "adding Dense"


def test_a_layer_that_keras_would_not_make_is_refused() -> None:
    with pytest.raises(UserError, match="units"):
        editing.add(BASE, {"type": "Dense", "units": "many"}, 0)


def test_layers_move_and_stop_at_the_ends() -> None:
    moved = editing.move(BASE, 0, 1)
    assert types(moved.experiment) == ["Dense 8", "Dense 10", "Dense 1"]
    assert moved.place == 1
    with pytest.raises(UserError, match="first layer already"):
        editing.move(BASE, 0, -1)


def test_a_copy_has_another_name() -> None:
    named = editing.rename(BASE, 0, "hidden").experiment
    copied = editing.duplicate(named, 0).experiment
    assert [layer.get("name") for layer in layers_of(copied)] == [
        "hidden", "hidden_1", None, None,
    ]  # fmt: skip
    with pytest.raises(UserError, match="name of another"):
        editing.rename(copied, 1, "hidden")
    with pytest.raises(UserError, match="can't be a name"):
        editing.rename(copied, 1, "a/b")


def test_several_layers_are_switched_off_and_on_together() -> None:
    off = editing.toggle(editing.toggle(BASE, [0]).experiment, [0, 1])
    assert [bool(layer.get("disabled")) for layer in layers_of(off.experiment)] == [
        True, True, False,
    ]  # fmt: skip
    assert off.words == "switching 2 layers off"
    assert editing.toggle(off.experiment, [0, 1]).experiment == BASE


def test_layers_are_frozen_and_thawed_together() -> None:
    frozen = editing.freeze(BASE, [0, 1])
    assert [layer.get("trainable", True) for layer in layers_of(frozen.experiment)] == [
        False, False, True,
    ]  # fmt: skip
    assert frozen.words == "freezing 2 layers"
    assert editing.freeze(frozen.experiment, [0, 1]).experiment == BASE


def test_a_layer_goes_into_a_wrapper_and_out_again() -> None:
    lstm = editing.add(BASE, {"type": "LSTM", "units": 3}, -1).experiment
    wrapped = editing.wrap(lstm, 0, "Bidirectional").experiment
    assert layers_of(wrapped)[0] == {
        "type": "Bidirectional", "layer": {"type": "LSTM", "units": 3},
    }  # fmt: skip
    assert editing.unwrap(wrapped, 0).experiment == lstm
    with pytest.raises(UserError, match="which Dense can't"):
        editing.wrap(lstm, 1, "Bidirectional")
    with pytest.raises(UserError, match="no layer in it"):
        editing.unwrap(lstm, 1)


def test_what_variants_change_stays_the_same_layer() -> None:
    variants = [
        {"name": "wide", "set": {"model.layers.1.units": 30, "fit.epochs": 3}},
        {"name": "first", "set": {"model.layers.0.units": 30}},
    ]
    studied = BASE.changed({"study": {"variants": variants}})

    def paths(edited: Edited) -> list[list[str]]:
        assert edited.experiment.study
        return [sorted(variant.set) for variant in edited.experiment.study.variants]

    assert paths(editing.add(studied, DENSE, 0)) == [
        ["fit.epochs", "model.layers.2.units"], ["model.layers.0.units"],
    ]  # fmt: skip
    assert paths(editing.move(studied, 0, 1)) == [
        ["fit.epochs", "model.layers.0.units"], ["model.layers.1.units"],
    ]  # fmt: skip
    assert paths(editing.remove(studied, [0])) == [["fit.epochs", "model.layers.0.units"], []]
    assert paths(whole.to_graph(studied)) == [
        ["fit.epochs", "model.nodes.1.units"], ["model.nodes.0.units"],
    ]  # fmt: skip


# --- graphs --------------------------------------------------------------------------------


def test_a_stack_becomes_a_graph_and_a_stack_again() -> None:
    made = whole.to_graph(BASE).experiment
    assert wiring(made) == "dense<input dense_1<dense dense_2<dense_1 > dense_2"
    back = whole.to_stack(made).experiment
    assert types(back) == types(BASE)
    with pytest.raises(UserError, match="no branches"):
        whole.to_stack(graph("a<x", "b<x", "c<a+b"))


def test_a_node_is_put_in_or_branched_off() -> None:
    chain = graph("a<x", "b<a")
    put = editing_graph.add_node(chain, DENSE, ["a"])
    assert wiring(put.experiment) == "a<x dense<a b<dense > b"
    assert wiring(editing_graph.add_node(chain, DENSE, ["b"]).experiment) == (
        "a<x b<a dense<b > dense"
    )
    branch = editing_graph.add_node(chain, DENSE, ["x"], branch=True)
    assert wiring(branch.experiment) == "dense<x a<x b<a > b"
    assert branch.place == 0
    assert editing_graph.loose(branch.experiment) == ["dense"]
    assert editing_graph.loose(chain) == []
    assert editing_graph.loose(graph("a<x", "b<a", "o<y", inputs="x y")) == ["x", "a", "b"]


def test_a_merge_takes_over_what_follows_and_leaves_a_way_around_alone() -> None:
    merge = {"type": "Add"}
    around = editing_graph.add_node(graph("a<x", "b<a", "c<b"), merge, ["a", "b"])
    assert wiring(around.experiment) == "a<x b<a add<a+b c<add > c"
    branches = editing_graph.add_node(graph("l<x", "r<x", "o<r"), merge, ["l", "r"])
    assert wiring(branches.experiment) == "l<x r<x add<l+r o<add > o"
    loose = editing_graph.add_node(graph("a<x", "b<a", "o<a", outputs="o"), merge, ["a", "b"])
    assert wiring(loose.experiment) == "a<x b<a add<a+b o<add > o"
    ends = editing_graph.add_node(graph("l<x", "r<x", outputs="l r"), merge, ["l", "r"])
    assert wiring(ends.experiment) == "l<x r<x add<l+r > add"


def test_a_node_that_goes_connects_its_neighbours() -> None:
    def without(experiment: Experiment, *places: int) -> str:
        return wiring(editing_graph.remove_nodes(experiment, places).experiment)

    chain = graph("a<x", "b<a", "c<b")
    assert without(chain, 1) == "a<x c<a > c"
    assert without(chain, 2) == "a<x b<a > b"
    assert without(chain, 0, 1) == "c<x > c"
    assert without(graph("a<x", "b<x", "m<a+b", "o<m"), 2) == "a<x b<x o<a > o"
    assert without(graph("a<x", "b<x", "m<a+b"), 0) == "b<x m<x+b > m"
    empty = editing_graph.remove_nodes(chain, [0, 1, 2])
    assert (layers_of(empty.experiment), empty.place) == ([], -1)


def test_names_follow_everywhere() -> None:
    plain = graph("a<x", "b<a", outputs="a b").plain()
    plain["compile"]["loss"] = {"a": "mse", "b": "mae"}
    plain["compile"]["loss_weights"] = {"a": 1.0, "b": 0.5}
    plain["compile"]["metrics"] = {"a": ["mae"], "b": []}
    plain["model"]["targets"] = {"a": ["x"]}
    both = Experiment.model_validate(plain)
    renamed = editing_graph.rename_node(both, 0, "first").experiment
    assert wiring(renamed) == "first<x b<first > first b"
    assert sorted(renamed.compile.loss) == ["b", "first"]  # type: ignore[arg-type]
    assert renamed.compile.loss_weights == {"first": 1.0, "b": 0.5}
    assert isinstance(renamed.model, GraphModel)
    assert renamed.model.targets == {"first": ["x"]}
    assert list(renamed.compile.metrics) == ["first", "b"]
    given_back = editing_graph.rename_input(renamed, "x", "y").experiment.model
    assert isinstance(given_back, GraphModel)
    assert given_back.targets == {"first": ["y"]}
    one = editing_graph.toggle_output(renamed, 0).experiment
    assert list(one.compile.loss) == ["b"]  # type: ignore[arg-type, call-overload]
    with pytest.raises(UserError, match="only output"):
        editing_graph.toggle_output(one, 1)
    fed = editing_graph.rename_input(one, "x", "measured").experiment
    assert wiring(fed) == "first<measured b<first > b"


def test_a_shared_layer_outlives_its_owner() -> None:
    shared = editing_graph.share(graph("a<x", "b<a", "c<b"), 1, "a").experiment
    assert layers_of(shared)[1] == {"name": "b", "type": "Dense", "from": ["a"], "shares": "a"}
    left = editing_graph.remove_nodes(shared, [0]).experiment
    assert layers_of(left)[0] == {"name": "b", "from": ["x"], **DENSE}
    own = editing_graph.share(shared, 1, None).experiment
    assert layers_of(own)[1] == {"name": "b", "from": ["a"], **DENSE}
    with pytest.raises(UserError, match="can't share"):
        editing_graph.share(shared, 2, "b")


def test_nodes_of_a_chain_change_roles_when_they_move() -> None:
    assert wiring(editing_graph.move_node(graph("a<x", "b<a", "c<b"), 1, 1).experiment) == (
        "a<x c<a b<c > b"
    )
    assert wiring(editing_graph.move_node(graph("a<x", "b<x", "m<a+b"), 0, 1).experiment) == (
        "b<x a<x m<a+b > m"
    )
    with pytest.raises(UserError, match="takes b"):
        editing_graph.move_node(graph("a<x", "b<x", "m<a+b"), 2, -1)


def test_inputs_come_and_go() -> None:
    two = editing_graph.add_input(graph("a<x", "b<a")).experiment
    assert editing_graph.names_of(two)[:2] == ["x", "input"]
    fed = editing_graph.connect(two, 1, ["a", "input"]).experiment
    assert wiring(fed) == "a<x b<a+input > b"
    assert wiring(editing_graph.remove_input(fed, "input").experiment) == "a<x b<a > b"
    with pytest.raises(UserError, match="nothing but x"):
        editing_graph.remove_input(fed, "x")
    with pytest.raises(UserError, match="does not stand before"):
        editing_graph.connect(two, 0, ["b"])


# --- any edits -----------------------------------------------------------------------------

LAYERS: list[dict[str, Any]] = [
    DENSE,
    {"type": "Dropout", "rate": 0.5},
    {"type": "Flatten"},
    {"type": "Add"},
    {"type": "LSTM", "units": 2, "name": "memory"},
]


KINDS = (
    *("add", "copy", "remove", "toggle", "move", "rename", "wrap", "unwrap", "put", "freeze"),
    *("graph", "stack", "branch", "merge", "connect", "share", "output"),
    *("input", "uninput", "reinput"),
)


@st.composite
def edits(draw: st.DrawFn) -> tuple[Any, ...]:
    kind = draw(st.sampled_from(KINDS))
    numbers = st.integers(0, 7)
    return (kind, draw(numbers), draw(numbers), draw(st.sampled_from(LAYERS)))


def apply(experiment: Experiment, edit: tuple[Any, ...]) -> Edited:
    """Carry an edit out as the screen would; raises `UserError` where it can't be."""
    kind, one, two, layer = edit
    layers = layers_of(experiment)
    if not layers:
        return editing.add(experiment, layer, -1)
    one, two = one % len(layers), two % len(layers)
    step = 1 if two % 2 else -1
    if kind == "wrap":
        return editing.wrap(experiment, one, "TimeDistributed")
    if kind == "unwrap":
        return editing.unwrap(experiment, one)
    if kind == "toggle":
        return editing.toggle(experiment, [one, two])
    if kind == "freeze":
        return editing.freeze(experiment, [one, two])
    if kind == "put":
        return editing.put(experiment, one, layer)
    if kind == "graph":
        return whole.to_graph(experiment)
    if kind == "stack":
        return whole.to_stack(experiment)
    if not editing.is_graph(experiment):
        return {
            "copy": lambda: editing.duplicate(experiment, one),
            "remove": lambda: editing.remove(experiment, [one, two]),
            "move": lambda: editing.move(experiment, one, step),
            "rename": lambda: editing.rename(experiment, one, f"name_{two}"),
        }.get(kind, lambda: editing.add(experiment, layer, one))()
    names = editing_graph.names_of(experiment)
    inputs = len(names) - len(layers)
    source, other = names[(one + inputs) % len(names)], names[two % len(names)]
    return {
        "branch": lambda: editing_graph.add_node(experiment, layer, [source], branch=True),
        "merge": lambda: editing_graph.add_node(experiment, {"type": "Add"}, [other, source]),
        "copy": lambda: editing_graph.duplicate_node(experiment, one),
        "remove": lambda: editing_graph.remove_nodes(experiment, [one, two]),
        "move": lambda: editing_graph.move_node(experiment, one, step),
        "rename": lambda: editing_graph.rename_node(experiment, one, f"name_{two}"),
        "connect": lambda: editing_graph.connect(experiment, one, [other]),
        "share": lambda: editing_graph.share(experiment, one, other if two else None),
        "output": lambda: editing_graph.toggle_output(experiment, one),
        "input": lambda: editing_graph.add_input(experiment),
        "uninput": lambda: editing_graph.remove_input(experiment, names[two % inputs]),
        "reinput": lambda: editing_graph.rename_input(experiment, names[two % inputs], f"in_{one}"),
    }.get(kind, lambda: editing_graph.add_node(experiment, layer, [source]))()


@settings(max_examples=60, deadline=None)
@given(st.lists(edits(), max_size=14), st.booleans())
def test_any_edits_leave_a_valid_experiment_that_undo_brings_back(
    wanted: list[tuple[Any, ...]], begin_with_a_graph: bool
) -> None:
    begin = graph("a<x", "b<x", "m<a+b", "o<m") if begin_with_a_graph else BASE
    history, states = Edits(begin), [begin]
    for edit in wanted:
        current = history.current
        assert current is not None
        try:
            edited = apply(current, edit)
        except UserError:  # refused in words; nothing changed
            continue
        layers = layers_of(edited.experiment)
        assert -1 <= edited.place < len(layers)
        names = [layer["name"] for layer in layers if layer.get("name")]
        if isinstance(edited.experiment.model, GraphModel):
            names += [entry.name for entry in edited.experiment.model.inputs]
        assert len(names) == len(set(names))
        assert edited.words
        assert loads(dumps(edited.experiment)) == edited.experiment
        if edited.experiment != current:
            history.change(edited.experiment, edited.words)
            states.append(edited.experiment)
    for state in reversed(states[:-1]):
        assert history.undo()
        assert history.current == state
    assert not history.undo()
