"""Studies: who runs when and where, what survives, and what a view of it says."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.machine.gpu import Gpu
from kerastui.models.machine.hardware import Cpu, Memory, Snapshot
from kerastui.models.runs.events import encode
from kerastui.models.runs.folder import birth, here
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.studies import members as studies
from kerastui.models.studies import pool as study_pool
from kerastui.models.studies import store as study_store
from kerastui.models.studies.members import Result
from kerastui.models.studies.pool import Pool, Slot
from kerastui.models.studies.store import StudyFolder
from kerastui.models.studies.view import StudyReader

GIB = 2**30
Make = Callable[..., tuple["Pool", "Workers"]]

ME = (os.getpid(), birth(os.getpid()), here())


class Workers:
    """Stands in for processes: they begin at once and end when the test says so."""

    def __init__(self) -> None:
        self.places: list[tuple[Run, Slot]] = []

    def start(self, run: Run, slot: Slot) -> None:
        self.places.append((run, slot))
        self._change(run, status="running", pid=os.getpid(), started=time.time())
        with run.events.open("ab") as stream:
            stream.write(encode("started", epochs=10, initial_epoch=0, steps=1))

    def end(
        self, place: int, status: str = "finished", figures: Mapping[str, float] | None = None
    ) -> None:
        """Let the run that was started as number `place` end."""
        run = self.places[place][0]
        with run.events.open("ab") as stream:
            logs = {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 1.0, 2.0]}
            stream.write(encode("epochs", first=1, logs=logs, seconds=3.0))
            stream.write(encode(status, epoch=3, seconds=3.0))
        self._change(run, status=status, figures=figures or {}, ended=time.time(), epoch=3)

    def _change(self, run: Run, **fields: object) -> None:
        info = run.info()
        for name, value in fields.items():
            setattr(info, name, value)
        run.write_info(info)

    @property
    def names(self) -> list[tuple[str, int]]:
        infos = [run.info() for run, _ in self.places]
        return [(info.variant, info.seed) for info in infos]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a study of an example and a pool over it."""

    def made(
        experiment: Experiment, slots: int = 2, room: Callable[[Sequence[Run]], bool] | None = None
    ) -> tuple[Pool, Workers]:
        workers = Workers()
        folder = study_store.create(Workspace(tmp_path), experiment)
        places = [Slot(number) for number in range(slots)]
        pool = Pool(folder, workers.start, places, room or (lambda _runs: True))
        pool.begin(*ME)
        return pool, workers

    return made


def repeated(times: int, **changes: object) -> Experiment:
    return shipped.experiment("a16-dropout").changed({"study.repeats": times, **changes})


def until_sure() -> Experiment:
    """A study that repeats until its loss is small."""
    figures = [{"figure": "train.loss", "band": [0.0, 0.1]}]
    changes = {"study.variants": [], "study.repeats": 6, "study.until": figures}
    return shipped.experiment("a16-dropout").changed(changes)


def states(pool: Pool) -> list[str]:
    return [member.state for member in pool.folder.info().members]


# --- the pool -------------------------------------------------------------------------------


def test_as_many_run_as_there_are_slots_and_the_next_follow(make: Make) -> None:
    pool, workers = make(repeated(2))
    assert pool.step()
    assert workers.names == [("with dropout", 1), ("without", 1)]
    assert [slot.number for _, slot in workers.places] == [0, 1]
    assert states(pool) == ["queued", "queued", "waiting", "waiting"]
    pool.step()
    assert states(pool)[:2] == ["running", "running"]
    workers.end(1)
    assert pool.step()
    assert workers.names[2:] == [("with dropout", 2)]
    assert workers.places[2][1].number == 1
    workers.end(0)
    workers.end(2)
    pool.step()
    workers.end(3)
    assert not pool.step()
    assert pool.end().status == "finished"
    assert states(pool) == ["finished"] * 4


def test_every_member_is_an_ordinary_run_of_its_own_experiment(make: Make) -> None:
    pool, workers = make(repeated(1))
    pool.step()
    base, without = (run for run, _ in workers.places)
    assert base.info().study == without.info().study == pool.folder.id
    assert study_store.of_run(base, base.info()).path == pool.folder.path  # type: ignore[union-attr]
    assert not base.experiment().model.layers[1].disabled  # type: ignore[union-attr]
    assert without.experiment().model.layers[1].disabled  # type: ignore[union-attr]
    assert without.experiment().study is None


def test_a_failed_member_does_not_stop_the_others(make: Make) -> None:
    pool, workers = make(repeated(2), slots=1)
    for place, status in enumerate(("failed", "finished", "finished", "finished")):
        pool.step()
        workers.end(place, status)
    assert not pool.step()
    assert pool.end().status == "finished"
    assert states(pool) == ["failed", "finished", "finished", "finished"]


def test_a_study_of_which_nothing_finished_has_failed(make: Make) -> None:
    pool, workers = make(repeated(1))
    pool.step()
    workers.end(0, "failed")
    workers.end(1, "failed")
    assert not pool.step()
    assert pool.end().status == "failed"


def test_stop_keeps_what_runs_and_starts_nothing_more(make: Make) -> None:
    pool, workers = make(repeated(2))
    pool.step()
    pool.folder.stop()
    assert pool.step()
    assert states(pool)[2:] == ["skipped", "skipped"]
    for run, _ in workers.places:
        assert b'"stop"' in run.commands.read_bytes()
    workers.end(0, "stopped")
    workers.end(1, "stopped")
    assert not pool.step()
    assert pool.end().status == "stopped"
    assert len(workers.places) == 2


def test_a_study_stopped_before_it_began_was_stopped(make: Make) -> None:
    pool, workers = make(repeated(1))
    pool.folder.stop()
    assert not pool.step()
    assert pool.end().status == "stopped"
    assert workers.places == []
    assert study_store.find(pool.folder.workspace, pool.folder.id[-4:])
    assert study_store.find(pool.folder.workspace, "nothing") is None


def test_a_worker_that_is_gone_without_a_word_is_lost(make: Make) -> None:
    pool, workers = make(repeated(1), slots=1)
    pool.step()
    run = workers.places[0][0]
    info = run.info()
    info.pid, info.pid_started = 2**22 - 1, 1.0
    run.write_info(info)
    assert pool.step()
    assert states(pool) == ["lost", "queued"]


def test_members_wait_for_memory_but_one_always_runs(make: Make) -> None:
    pool, workers = make(repeated(1), room=lambda _runs: False)
    pool.step()
    pool.step()
    assert len(workers.places) == 1
    workers.end(0)
    pool.step()
    assert len(workers.places) == 2


# --- until it succeeds ----------------------------------------------------------------------


def test_it_ends_at_the_first_that_succeeds_in_the_order_of_the_seeds(make: Make) -> None:
    pool, workers = make(until_sure())
    pool.step()
    # The second is quicker, and succeeds; which of the two counts is not known yet.
    workers.end(1, figures={"train.loss": 0.05})
    pool.step()
    assert states(pool)[:3] == ["running", "finished", "queued"]
    workers.end(0, figures={"train.loss": 0.5})
    pool.step()
    assert states(pool)[3:] == ["skipped"] * 3
    assert b'"stop"' in workers.places[2][0].commands.read_bytes()
    workers.end(2, "stopped")
    assert not pool.step()
    info = pool.end()
    assert info.status == "finished"
    assert info.run == workers.places[1][0].id
    assert info.figures["with dropout"]["train.loss"] == 0.05
    assert len(workers.places) == 3


def test_a_quicker_success_gives_way_to_an_earlier_seed(make: Make) -> None:
    pool, workers = make(until_sure())
    pool.step()
    workers.end(1, figures={"train.loss": 0.01})
    pool.step()
    workers.end(0, figures={"train.loss": 0.02})
    pool.step()
    workers.end(2, figures={"train.loss": 0.03})
    assert not pool.step()
    info = pool.end()
    assert info.run == workers.places[0][0].id
    assert info.figures["with dropout"]["train.loss"] == 0.02


def test_without_success_all_repeats_run(make: Make) -> None:
    pool, workers = make(until_sure(), slots=1)
    for place in range(6):
        assert pool.step()
        workers.end(place, figures={"train.loss": 0.5})
    assert not pool.step()
    assert pool.end().status == "finished"
    assert states(pool) == ["finished"] * 6


def test_a_result_that_is_no_number_is_no_success() -> None:
    experiment = until_sure()
    assert studies.succeeded(experiment, {"train.loss": 0.05})
    assert not studies.succeeded(experiment, {"train.loss": math.nan})
    assert not studies.succeeded(experiment, {})
    assert not studies.succeeded(shipped.experiment("a16-dropout"), {"train.loss": 0.05})


# --- a runner that was lost -----------------------------------------------------------------


def test_another_runner_takes_up_what_a_lost_one_has_left(make: Make) -> None:
    pool, workers = make(repeated(2))
    pool.step()
    workers.end(0)
    pool.step()
    folder: StudyFolder = pool.folder
    info = folder.info()
    info.pid, info.pid_started = 2**22 - 1, 1.0
    folder.write_info(info)
    assert folder.info().status == "lost"

    workers.end(1)
    again = Pool(StudyFolder(folder.path), workers.start, [Slot(0), Slot(1)], lambda _runs: True)
    again.begin(*ME)
    assert folder.info().status == "running"
    assert again.step()
    assert workers.names == [
        ("with dropout", 1), ("without", 1), ("with dropout", 2), ("without", 2),
    ]  # fmt: skip
    workers.end(2)
    workers.end(3)
    assert not again.step()
    assert again.end().status == "finished"


def test_a_stopped_study_goes_on_with_the_runs_it_had(make: Make) -> None:
    pool, workers = make(repeated(2))
    pool.step()
    workers.end(0)
    pool.stop()
    workers.end(1, "stopped")
    pool.step()
    assert pool.end().status == "stopped"
    folder = StudyFolder(pool.folder.path)
    assert states(pool) == ["finished", "stopped", "skipped", "skipped"]
    folder.stop()  # meant for the runner that was
    study_store.resume(folder)
    with pytest.raises(UserError, match="queued"):
        study_store.resume(folder)

    again = Pool(folder, workers.start, [Slot(0), Slot(1)], lambda _runs: True)
    again.begin(*ME)
    again.step()
    assert states(again) == ["finished", "queued", "queued", "waiting"]
    assert workers.places[2][0].id == workers.places[1][0].id, "the same run goes on"
    assert workers.places[2][0].stored().resumed
    for number in (2, 3):
        workers.end(number)
    again.step()
    workers.end(4)
    assert not again.step()
    assert again.end().status == "finished"
    with pytest.raises(UserError, match="finished"):
        study_store.resume(folder)


def test_a_damaged_record_is_told_in_plain_words(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "studies" / "x")
    folder.path.mkdir(parents=True)
    (folder.path / "study.json").write_text("[1, 2")
    with pytest.raises(UserError, match="no study that can be read"):
        folder.info()


def test_studies_are_listed_the_newest_first(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert study_store.folders(workspace) == []
    made = [study_store.create(workspace, repeated(1)) for _ in range(2)]
    assert {one.id for one in study_store.folders(workspace)} == {one.id for one in made}


def test_a_workspace_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "studies").write_text("in the way")
    with pytest.raises(UserError, match="No study can be saved"):
        study_store.create(Workspace(tmp_path), repeated(1))


# --- places ---------------------------------------------------------------------------------


def machine(cores: int, gpus: int = 0) -> Snapshot:
    cards = tuple(Gpu(index=i, name="A10", uuid=f"GPU-{i}") for i in range(gpus))
    return Snapshot(Cpu("cpu", cores, cores, cores), Memory(64 * GIB, 48 * GIB, 64 * GIB), cards)


def threads(places: Sequence[Slot]) -> set[str]:
    return {slot.environment["TF_NUM_INTRAOP_THREADS"] for slot in places}


@pytest.mark.parametrize(
    ("cores", "members", "jobs", "count", "share"),
    [
        (2, 4, 0, 2, "1"),
        (16, 4, 0, 4, "4"),
        (1, 9, 0, 1, "1"),
        (16, 40, 3, 3, "5"),
        (4, 2, 9, 2, "2"),
    ],
)
def test_cores_are_shared_out(cores: int, members: int, jobs: int, count: int, share: str) -> None:
    places = study_pool.slots(repeated(1), members, machine(cores), jobs=jobs)
    assert len(places) == count
    assert threads(places) == {share}


def test_each_gpu_has_one_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    places = study_pool.slots(repeated(1), 9, machine(16, gpus=2), cuda=True)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in places] == ["0", "1"]
    places = study_pool.slots(repeated(1), 9, machine(16, gpus=2), cuda=True, jobs=4)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in places] == ["0", "1", "0", "1"]


def test_only_the_gpus_that_may_be_used_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    places = study_pool.slots(repeated(1), 9, machine(16, gpus=2), cuda=True)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in places] == ["3", "1"]


def test_gpus_that_tensorflow_cannot_use_do_not_count() -> None:
    places = study_pool.slots(repeated(1), 9, machine(4, gpus=2), cuda=False)
    assert len(places) == 4
    assert "CUDA_VISIBLE_DEVICES" not in places[0].environment


@pytest.mark.parametrize(("device", "count"), [("cpu", 4), ("gpu:1", 1), ("gpu", 2)])
def test_the_experiments_device_decides(device: str, count: int) -> None:
    experiment = repeated(1, device=device)
    assert len(study_pool.slots(experiment, 9, machine(4, gpus=2), cuda=True)) == count


def test_what_a_worker_will_still_take_is_not_free() -> None:
    assert study_pool.has_room(2 * GIB, [2 * GIB], 3 * GIB)
    assert not study_pool.has_room(2 * GIB, [0], 3 * GIB)
    assert not study_pool.has_room(2 * GIB, [], 2 * GIB)


def test_reviews_need_more_memory_than_flowers() -> None:
    flowers = study_pool.memory_needed(shipped.experiment("a06-iris"))
    reviews = study_pool.memory_needed(shipped.experiment("d02-imdb"))
    assert flowers < GIB < 3 * GIB < reviews


def test_a_reader_follows_a_study_from_its_files(make: Make) -> None:
    pool, workers = make(repeated(1), slots=1)
    reader = StudyReader(pool.folder)
    assert [row.state for row in reader.refresh().rows] == ["waiting", "waiting"]
    pool.step()
    pool.step()
    assert [row.state for row in reader.refresh().rows] == ["running", "waiting"]
    workers.end(0, figures={"train.loss": 0.4, "last.loss": 0.5})
    pool.step()
    workers.end(1, figures={"train.loss": 0.3, "last.loss": 0.3})
    pool.step()
    pool.end()
    view = reader.refresh()
    assert (view.status, view.done, view.share) == ("finished", 2, 1.0)
    assert [row.best_epoch for row in view.rows] == [2, 2]
    assert [verdict.state for verdict in view.verdicts] == ["inside", "inside"]
    assert {entry.variant for entry in view.groups} == {"with dropout", "without"}
    assert len(reader.histories) == 2
    recorded: Mapping[str, Mapping[str, object]] = pool.folder.info().figures
    assert recorded["without"]["last.loss"] == 0.3
    assert recorded["*"]["last.loss"] == pytest.approx(0.4)


# --- together -------------------------------------------------------------------------------


def test_mean_curves_give_the_best_epoch() -> None:
    results = [
        Result("fold 1", 1, {"last.val_mae": 4.0}, curves={"val_mae": [9.0, 2.0, 4.0]}),
        Result("fold 2", 1, {"last.val_mae": 2.0}, curves={"val_mae": [9.0, 6.0, 2.0]}),
    ]
    found = studies.together(results)
    assert found["last.val_mae"] == 3.0
    assert (found["mean.best.val_mae"], found["mean.best_epoch.val_mae"]) == (3.0, 3.0)
    assert found["study.runs"] == 2.0
    assert "mean.smooth.best.val_mae" not in found  # too short for it


def test_the_smooth_curve_leaves_the_beginning_out() -> None:
    curve = [0.0] * studies.WARM_UP + [5.0, 1.0, 1.0, 9.0]
    found = studies.together([Result("", 1, {}, curves={"val_loss": curve})])
    assert found["mean.smooth.best_epoch.val_loss"] == studies.WARM_UP + 3
    assert found["mean.smooth.best.val_loss"] == pytest.approx(0.9 * 4.6 + 0.1)


@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_smoothing_stays_within_the_extremes(points: list[float]) -> None:
    smooth = studies.smoothed(points)
    assert len(smooth) == len(points)
    for value in smooth:
        assert min(points) - 1e-6 <= value <= max(points) + 1e-6


def test_a_figure_of_a_variant_and_of_all() -> None:
    experiment = shipped.experiment("d12-boston-kfold")
    names = ("fold 1", "fold 2", "fold 3", "fold 4")
    results = [Result(name, 1, {"validation.mae": 2.0 + i}) for i, name in enumerate(names)]
    found = studies.verdicts(experiment, results)
    assert [verdict.got for verdict in found] == [3.5, 2.0, 3.0, 4.0, 5.0]
    assert found[0].state == "outside"


def test_no_member_may_be_called_like_all_of_them() -> None:
    with pytest.raises(UserError, match="stands for all members"):
        studies.members(repeated(1, **{"study.base": "*"}))
