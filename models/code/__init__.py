"""An experiment as the Python script a good teacher would write.

The script needs Keras and the usual libraries, nothing of this project. Run on the same machine
it prints the same figures, bit for bit, as the run with `execution = "plain"`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.models.code.data import DataCode
from kerastui.models.code.layout import docstring, literal, text
from kerastui.models.code.model import compile_lines, model_lines
from kerastui.models.code.script import Script
from kerastui.models.code.training import TrainingCode

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment


def script(experiment: Experiment, located: Path | None = None) -> str:
    """Return the complete, runnable script of an experiment.

    Args:
        experiment: What is to be trained. Of a study it is the experiment itself; a variant has
            the script of `experiment.changed(variant.set)`.
        located: The data file, where it is known to be on this machine; otherwise the script
            reads the published address.

    Raises:
        UserError: The experiment names a data set or a Keras object that does not exist.
    """
    code = program(experiment, located)
    return code.render(docstring(title(experiment), heading(experiment)))


def local_data(experiment: Experiment) -> Path | None:
    """Return the file of an experiment's data where it is on this machine."""
    from kerastui.datasets.catalogue import card_of
    from kerastui.datasets.fetch import locate

    located = locate(card_of(experiment.data))
    return located.path if located else None


def program(experiment: Experiment, located: Path | None = None) -> Script:
    """Return the script of an experiment in its parts; arguments and errors as of `script`."""
    code = Script()
    _environment(code, experiment)
    code.use("keras")
    code.constant("SEED", literal(experiment.seed))
    data = DataCode(code, experiment, located)

    code.section("Build the model. The seed makes weights and shuffling repeatable.")
    if experiment.precision != "float32":
        code.add(f"keras.config.set_dtype_policy({text(experiment.precision)})")
    code.add("keras.utils.set_random_seed(SEED)")
    shape = data.feeding.shape(data.held.of("x", "train"))
    model = model_lines(experiment.model, shape, code.names)
    if any("layers." in line for line in model):
        code.use("keras", "layers")
    code.add(*model)
    code.add(*compile_lines(experiment.compile, experiment.model))
    code.add("model.summary()")
    TrainingCode(code, experiment, data).write()
    return code


def _environment(code: Script, experiment: Experiment) -> None:
    """Choices that Keras reads when it is imported."""
    if experiment.backend != "tensorflow":
        code.before.append(f'os.environ["KERAS_BACKEND"] = {text(experiment.backend)}')
    if experiment.device == "cpu":
        code.before.append('os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # leave the GPU alone')


def title(experiment: Experiment) -> str:
    """Return what a script is called in its first line."""
    return experiment.title or experiment.name


def heading(experiment: Experiment) -> list[str]:
    """Return the paragraphs that introduce a script."""
    lesson = experiment.lesson
    paragraphs = [lesson.source] if lesson and lesson.source else []
    if experiment.study:
        names = ", ".join(variant.name for variant in experiment.study.variants)
        paragraphs.append(f"This is the first of several variants; the others: {names}." if names
                          else "Repeat it with other seeds and compare.")  # fmt: skip
    return paragraphs
