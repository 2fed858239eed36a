"""Tables of a million rows: the service against pandas and NumPy, and the grid in the real app."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from places import KERASTUI, environment
from table import Row, percentile
from terminal import Terminal

from kerastui.datasets.files.library import Library, OwnFile
from kerastui.datasets.recipe import FileRecipe
from kerastui.models.tables.worker import Tables

COLUMNS, WIDE = 50, 64
PAGE_DOWN = "\x1b[6~"


def tables(quick: bool) -> list[Row]:
    """Measure a CSV of a million rows and 50 columns, and an array of a million rows and 64."""
    count = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "measured.csv"
        _write_csv(file, count)
        array = Path(folder) / "weights.npy"
        np.save(array, np.random.default_rng(0).normal(size=(count, WIDE)).astype(np.float32))
        what = f"{count:,} × {COLUMNS} CSV"
        return [
            *_csv_rows(file, what),
            *_array_rows(array, f"{count:,} × {WIDE} array"),
            *_app_rows(file, folder, what, f"{count:,}", 15 if quick else 40),
        ]


def _write_csv(path: Path, count: int) -> None:
    import pyarrow as pa
    from pyarrow import csv

    draw = np.random.default_rng(0)
    columns: dict[str, Any] = {
        f"x{place}": draw.normal(size=count).round(4) for place in range(COLUMNS - 4)
    }
    columns |= {
        "number": np.arange(count),
        "count": draw.integers(0, 1000, count),
        "city": draw.choice(np.array(["Ulm", "Köln", "Bonn", "Jena"]), count),
        "y": draw.integers(0, 2, count),
    }
    csv.write_csv(pa.table(columns), path)


def _csv_rows(path: Path, what: str) -> list[Row]:
    import pandas as pd

    service = Tables()
    data = {"dataset": "measured", "task": "binary", "file": {"path": str(path)}}
    began = time.perf_counter()
    table = service.open(at_once=0.0, data=data)["id"]
    first = time.perf_counter() - began
    while service.progress(table)["reading"] is not None:
        time.sleep(0.01)
    every = time.perf_counter() - began
    frame, read = _timed(lambda: pd.read_csv(path))
    size = f"{path.stat().st_size / 1e6:,.0f} MB"
    rows = [
        Row(f"first rows of a {what}", _ms(first), budget="≤ 300 ms", note=size),
        Row(f"all rows of a {what}", _s(every), _s(read), every / read,
            note="in the background; against pandas.read_csv"),
        Row(f"page of a {what}", _ms(_page(service, table)), budget="≤ 30 ms", note=_PAGE),
    ]  # fmt: skip
    compared: list[tuple[str, Callable[[], object], Callable[[], object], str]] = [
        ("sort", lambda: service.sort(table, [0]),
         lambda: frame.sort_values("x0", kind="stable"), "sort_values"),
        ("filter", lambda: service.filter(table, "x1>0 city=Ulm"),
         lambda: frame[(frame["x1"] > 0) & (frame["city"] == "Ulm")], "two conditions"),
        ("search", lambda: service.search(table, "nowhere", 0), lambda: None, ""),
    ]  # fmt: skip
    for name, ours, other, note in compared:
        mine, theirs = _timed(ours)[1], _timed(other)[1]
        if note:
            rows.append(Row(f"{name} a {what}", _ms(mine), _ms(theirs), mine / theirs,
                            note=f"against pandas' {note}"))  # fmt: skip
        else:
            rows.append(Row(f"{name} a {what}", _ms(mine), note="a text in every column"))
    service.filter(table, "")
    service.sort(table, [])
    found: list[Any] = []
    began = time.perf_counter()
    while len(found) < COLUMNS:
        found += service.columns(table, len(found), target="y", classes=True)["columns"]
    taken = _s(time.perf_counter() - began)
    note = "all columns, with histogram, quantiles, target; shown one by one"
    return [*rows, Row(f"statistics of a {what}", taken, note=note)]


def _array_rows(path: Path, what: str) -> list[Row]:
    service = Tables()
    told, opening = _timed(lambda: service.open(path=str(path)))
    table = told["id"]
    return [
        Row(f"open a {what}", _ms(opening), budget="≤ 100 ms"),
        Row(f"page of a {what}", _ms(_page(service, table)), budget="≤ 30 ms", note=_PAGE),
        Row(f"sort a {what}", _ms(_timed(lambda: service.sort(table, [5]))[1])),
        Row(f"page of the sorted {what}", _ms(_page(service, table)), budget="≤ 30 ms", note=_PAGE),
    ]


def _app_rows(path: Path, folder: str, what: str, count: str, presses: int) -> list[Row]:
    """Open the table in the real app, turn pages, and weigh the app."""
    recipe = FileRecipe(path=str(path))
    Library(Path(folder)).add("measured", OwnFile(task="binary", target=["y"], file=recipe))
    with Terminal([KERASTUI], environment(folder), folder) as terminal:
        terminal.wait_for(rb"lessons")
        time.sleep(8)  # until the nursery has imported Keras
        terminal.press("D")
        terminal.wait_for(rb"measured", timeout=30)
        terminal.press("/")
        time.sleep(1)
        terminal.press("measured\r")
        time.sleep(2)
        opened = terminal.press("t")
        shown = terminal.wait_for(rb"first [\d,]+ rows|row 1 ", since=opened) - opened
        terminal.wait_for(rf"{count} rows".encode(), since=opened, timeout=120)
        time.sleep(1)
        repaints = []
        for _ in range(presses):
            pressed = terminal.press(PAGE_DOWN)
            repaints.append(_settled(terminal, pressed) - pressed)
        memory = psutil.Process(terminal.pid).memory_info().rss / 2**20
    shares = (percentile(repaints, 0.5), percentile(repaints, 0.95), max(repaints))
    return [
        Row(f"key to first rows of a {what}", _ms(shown), note="t on the Data screen, 80×24"),
        Row(f"key to repaint, a {what}", " / ".join(f"{s * 1000:.0f}" for s in shares) + " ms",
            budget="p95 ≤ 60 ms", note=f"{presses} pages down, to the last byte; p50 / p95 / max"),
        Row(f"memory of the app, a {what}", f"{memory:.0f} MB", budget="≤ 120 MB"),
    ]  # fmt: skip


_PAGE = "128 rows × 16 columns at random places, median of 20"


def _settled(terminal: Terminal, since: float) -> float:
    """Return when the last was written of what a key brought: 0.1 s of silence follow it."""
    first = terminal.wait_for(rb"[^\x00]", since=since, timeout=10)
    terminal.wait_until_quiet(0.1)
    last, now = first, time.perf_counter()
    while now - last > 0.0005:
        middle = (last + now) / 2
        last, now = (middle, now) if terminal.written(middle, now) else (last, middle)
    return last


def _page(service: Tables, table: str) -> float:
    rows = service.state(table)["rows"]
    places = np.random.default_rng(1).integers(0, rows - 128, 20).tolist()
    columns = list(range(16))
    return statistics.median(
        _timed(partial(service.page, table, first, 128, columns))[1] for first in places
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s"
