"""Diagrams: every box stands free, every arrow can be followed from box to box."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kerastui.datasets.errors import UserError
from kerastui.models.diagram import Box, Graph, draw, from_model, from_summary, to_svg
from kerastui.models.diagram.layout import layout
from kerastui.models.experiment.schema import GraphModel, SequentialModel
from kerastui.models.network.summary import ModelSummary, Row

UP, DOWN, LEFT, RIGHT = (0, -1), (0, 1), (-1, 0), (1, 0)
SIDES = {
    "│": {UP, DOWN}, "─": {LEFT, RIGHT}, "╭": {DOWN, RIGHT}, "╮": {DOWN, LEFT},
    "╰": {UP, RIGHT}, "╯": {UP, LEFT}, "├": {UP, DOWN, RIGHT}, "┤": {UP, DOWN, LEFT},
    "┬": {DOWN, LEFT, RIGHT}, "┴": {UP, LEFT, RIGHT}, "┼": {UP, DOWN, LEFT, RIGHT},
}  # fmt: skip


def graph(boxes: str, *edges: str) -> Graph:
    """Boxes named by letters, edges written as `ab`."""
    return Graph(
        [Box(name, "Dense", "1", "(1)", 2) for name in boxes], [(e[0], e[1]) for e in edges]
    )


def follow(lines: list[str], column: int, row: int) -> Counter[tuple[int, int]]:
    """Walk a line from below a box as an eye does; returns the arrow heads it reaches."""
    heads: Counter[tuple[int, int]] = Counter()
    seen: set[tuple[int, int, tuple[int, int]]] = set()
    walks = [(column, row, DOWN)]
    while walks:
        x, y, way = walks.pop()
        x, y = x + way[0], y + way[1]
        if (x, y, way) in seen:
            continue
        seen.add((x, y, way))
        sign = lines[y][x]
        if sign == "▼":
            assert way == DOWN
            heads[x, y] = 1
            continue
        if sign == "│" and way in (LEFT, RIGHT):  # under another line
            walks.append((x, y, way))
            continue
        back = (-way[0], -way[1])
        assert back in SIDES.get(sign, set()), f"a line ends at {x}, {y} in {sign!r}"
        walks += [(x, y, side) for side in SIDES[sign] - {back}]
    return heads


def arrows(graph: Graph) -> Counter[tuple[str, str]]:
    """The arrows that the drawing shows, read from its signs alone (but for the boxes' places)."""
    lines = draw(graph)
    places = layout(graph).places
    found: Counter[tuple[str, str]] = Counter()
    for place in places:
        row = place.y + place.height - 1
        if lines[row][place.exit] != "┬":
            continue
        for x, y in follow(lines, place.exit, row):
            inside = [p for p in places if p.y == y + 1 and p.x < x < p.x + p.width - 1]
            found[place.box.name, inside[0].box.name] += 1
    return found


@st.composite
def graphs(draw_: st.DrawFn) -> Graph:
    count = draw_(st.integers(1, 12))
    names = [f"n{i}x" for i in range(count)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = draw_(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    text = st.text("ab 1×", max_size=12)
    boxes = [
        Box(name, "Dense", draw_(text), draw_(st.sampled_from(["", "(None, 5)"])),
            draw_(st.one_of(st.none(), st.integers(0, 10**9))), draw_(st.booleans()))
        for name in names
    ]  # fmt: skip
    return Graph(boxes, edges)


@given(graphs())
def test_every_arrow_can_be_followed_and_no_other(graph: Graph) -> None:
    assert arrows(graph) == Counter(graph.edges)


@given(graphs())
def test_boxes_stand_free_and_lines_are_equally_wide(graph: Graph) -> None:
    lines = draw(graph)
    assert len({len(line) for line in lines}) == 1
    taken: Counter[tuple[int, int]] = Counter()
    for place in layout(graph).places:
        for y in range(place.y, place.y + place.height):
            taken.update((x, y) for x in range(place.x - 1, place.x + place.width + 1))
    assert not [cell for cell, count in taken.items() if count > 1]
    for box in graph.boxes:
        assert sum(line.count(f"╭─ {box.name} ─") for line in lines) == 1


@given(graphs())
def test_ascii_is_ascii_and_stands_the_same(graph: Graph) -> None:
    plain, drawn = draw(graph, ascii=True), draw(graph)
    assert all(line.isascii() for line in plain)
    assert [len(line) for line in plain] == [len(line) for line in drawn]


@given(graphs())
def test_drawing_twice_gives_the_same(graph: Graph) -> None:
    assert draw(graph) == draw(graph)
    assert to_svg(graph) == to_svg(graph)


@given(graphs(), st.text(max_size=30))
def test_the_svg_is_well_formed(graph: Graph, text: str) -> None:
    boxes = [*graph.boxes, Box(f"<&> {text}", text, text)]
    root = ElementTree.fromstring(to_svg(Graph(boxes, graph.edges), text))
    assert len(root.findall("{*}g")) == len(boxes)
    heads = [path for path in root.findall("{*}path") if path.get("class") == "head"]
    assert len(heads) == len(graph.edges)


ODD = ["层一", "naïve", "é", "a\tb\x1b[31m\n", "x" * 300, "🙂 smile", "層" * 40, "", "\ud800", "ｆ"]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("ascii", [False, True])
def test_names_from_outside_keep_the_lines_equal(text: str, ascii: bool) -> None:  # noqa: A002
    lines = draw(Graph([Box(text, text, text, text), Box("b")], [(text, "b")]), ascii=ascii)
    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) < 120
    assert not re.search(r"[\x00-\x1f\x7f]", "".join(lines))
    assert not ascii or all(line.isascii() for line in lines)


def test_a_chain_is_straight_and_calm() -> None:
    assert draw(graph("ab", "ab")) == [
        "╭─ a ───────╮",
        "│ Dense 1   │",
        "│ (1)     2 │",
        "╰─────┬─────╯",
        "      ▼      ",
        "╭─ b ───────╮",
        "│ Dense 1   │",
        "│ (1)     2 │",
        "╰───────────╯",
    ]


def test_a_skip_passes_its_layers_in_one_column() -> None:
    lines = draw(graph("xabs", "xa", "ab", "bs", "xs"))
    assert lines[4] == "      ├─────────╮"
    assert all(line[16] == "│" for line in lines[5:15])
    assert lines[15:17] == ["      │   ╭─────╯", "      ▼   ▼      "]


def test_two_inputs_and_two_outputs_stand_around_the_middle() -> None:
    drawn = draw(graph("abmcd", "am", "bm", "mc", "md"))
    assert drawn[4:6] == ["      ╰───╮       ╭───╯      ", "          ▼       ▼          "]
    assert drawn[10:12] == ["      ╭───────┴───────╮      ", "      ▼               ▼      "]


def test_lines_that_cross_do_not_join() -> None:
    crossed = graph("abcd", "ac", "ad", "bc", "bd")
    assert arrows(crossed) == Counter(crossed.edges)
    assert any("─│─" in line for line in draw(crossed))


def test_side_inputs_stand_just_before_they_are_used() -> None:
    places = {p.box.name: p for p in layout(graph("xabsm", "xa", "ab", "bm", "sm")).places}
    assert places["s"].y == places["b"].y


def test_it_can_be_centred_and_be_wider_than_the_screen() -> None:
    assert draw(graph("a"), width=21)[0] == "    ╭─ a ───────╮    "
    assert draw(graph("a"), width=3) == draw(graph("a"))
    assert draw(Graph([], [])) == []


def test_outputs_are_marked_where_there_is_doubt() -> None:
    boxes = [Box("a", output=True), Box("b", output=True)]
    assert sum(" out " in line for line in draw(Graph(boxes, [("a", "b")]))) == 2
    assert not any(" out " in line for line in draw(Graph(boxes[:1], [])))


@pytest.mark.parametrize(
    ("boxes", "edges", "message"),
    [("aa", [], "called 'a'"), ("a", ["ab"], "names 'b'"), ("ab", ["ab", "ba"], "in a circle"),
     ("a", ["aa"], "in a circle")],
)  # fmt: skip
def test_what_is_no_graph_is_told(boxes: str, edges: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        graph(boxes, *edges)


STACK = SequentialModel.model_validate(
    {
        "layers": [
            {"type": "Dense", "units": 10, "activation": "relu"},
            {"type": "Dropout", "rate": 0.5, "disabled": True},
            {"type": "Conv2D", "filters": 3, "kernel_size": [2, 2], "name": "dense_1"},
            {"type": "Dense", "units": 1},
        ]
    }
)


def test_a_stack_is_a_chain_without_what_is_switched_off() -> None:
    found = from_model(STACK)
    assert [(box.name, box.text) for box in found.boxes] == [
        ("input", ""), ("dense", "10 relu"), ("dense_1", "3 2×2"), ("dense_2", "1"),
    ]  # fmt: skip
    assert found.edges == [("input", "dense"), ("dense", "dense_1"), ("dense_1", "dense_2")]
    assert found.boxes[-1].output


def test_a_summary_adds_shapes_as_far_as_it_goes() -> None:
    row = Row("first", "Dense", "10 relu", [None, 10], 90, 90, ["input"], "model.layers.0")
    summary = ModelSummary({"input": [None, 8]}, [row], [], 90, 90, problem="no")
    found = from_model(STACK, summary)
    assert [(b.name, b.shape, b.parameters) for b in found.boxes][:3] == [
        ("input", "(8)", None), ("first", "(10)", 90), ("dense_1", "", None)
    ]  # fmt: skip


def test_a_graph_passes_by_what_is_switched_off_and_notes_what_is_shared() -> None:
    model = GraphModel.model_validate(
        {
            "kind": "graph",
            "inputs": [{"name": "a", "shape": [8]}, {"name": "b", "shape": [8]}],
            "nodes": [
                {"name": "tower", "type": "Dense", "units": 4, "from": ["a"]},
                {
                    "name": "drop",
                    "type": "Dropout",
                    "rate": 0.5,
                    "from": ["tower"],
                    "disabled": True,
                },
                {"name": "again", "type": "Dense", "from": ["b"], "shares": "tower"},
                {"name": "both", "type": "Concatenate", "from": ["drop", "again"]},
            ],
            "outputs": ["both", "drop"],
        }
    )
    found = from_model(model)
    assert found.edges == [("a", "tower"), ("b", "again"), ("tower", "both"), ("again", "both")]
    assert {box.name: box.text for box in found.boxes}["again"] == "shares tower"
    assert [box.name for box in found.boxes if box.output] == ["tower", "both"]
    assert found.boxes[0].shape == "(8)"


def test_a_summary_alone_needs_its_connections() -> None:
    rows = [Row(n, "Dense", "1", [None, 1], 2, 2, [f]) for n, f in (("a", "input"), ("b", "a"))]
    summary = ModelSummary({"input": [None, 1]}, rows, ["b"], 4, 4)
    assert from_summary(summary).edges == [("input", "a"), ("a", "b")]
    blind = [Row(n, "Dense", "1", [None, 1], 2, 2, []) for n in "ab"]
    with pytest.raises(UserError, match="how its layers are connected"):
        from_summary(ModelSummary({}, blind, ["b"], 4, 4))
