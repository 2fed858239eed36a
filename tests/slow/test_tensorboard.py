"""The event files of a run, read back by TensorFlow itself."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kerastui.models.runs import tensorboard
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import Run, RunInfo

pytestmark = pytest.mark.slow


def test_tensorflow_reads_what_was_written(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "20260101-000000-a-0001")
    run.path.mkdir(parents=True)
    run.write_info(RunInfo(id=run.id, name="a", status="finished"))
    loss = [1.0 / (epoch + 1) for epoch in range(300)]
    curves = {"loss": loss, "val_loss": [2 * value for value in loss]}
    odd = {"loss": [math.nan], "val_loss": [1e60]}
    run.events.write_bytes(
        encode("started", epochs=301, initial_epoch=0, steps=4)
        + encode("epochs", first=1, logs=curves, seconds=30.0)
        + encode("epochs", first=301, logs=odd, seconds=1.0)
    )
    train, validation = tensorboard.write(run, tmp_path / "board")

    from tensorflow.compat.v1.train import summary_iterator

    read = [
        (event.step, event.wall_time, value.tag, value.simple_value)
        for event in summary_iterator(str(train))
        for value in event.summary.value
    ]
    assert [step for step, *_ in read] == list(range(301))
    assert {tag for _, _, tag, _ in read} == {"epoch_loss"}
    assert [value for *_, value in read[:300]] == pytest.approx(loss)
    assert math.isnan(read[300][3])
    times = [time for _, time, _, _ in read]
    assert times == sorted(times)
    assert times[299] - times[0] == pytest.approx(30 * 299 / 300, abs=0.01)
    last = list(summary_iterator(str(validation)))[-1]
    assert math.isinf(last.summary.value[0].simple_value)
