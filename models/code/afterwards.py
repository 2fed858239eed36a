"""The part of an exported script that reads the saved model again, and guesses without it."""

from __future__ import annotations

from kerastui.models.code.layout import call, text
from kerastui.models.code.script import Script
from kerastui.models.experiment.schema import Baseline, SavedFormat


def write_reload(
    script: Script, formats: list[SavedFormat], x: str, *, several: bool = False
) -> None:
    """Write the model's way into files and back, and how far the copies are from it.

    Args:
        script: Where it is written.
        formats: What the files are.
        x: The expression of the inputs that both are asked about.
        several: The model has several outputs.
    """
    script.section("Save it, read it again, and compare.")
    script.use("numpy")
    joined = "np.hstack({})" if several else "{}"
    script.add(f"before = {joined.format(f'model.predict({x}, verbose=0)')}")
    for name in formats:
        if name == "json":
            script.add(
                'with open("model.json", "w") as file:',
                "    file.write(model.to_json())",
                'model.save_weights("model.weights.h5")',
                'with open("model.json") as file:',
                "    copy = keras.models.model_from_json(file.read())",
                'copy.load_weights("model.weights.h5")',
            )
        else:
            file = f'"model.{name}"'
            script.add(
                f"model.save({file})", f"copy = keras.models.load_model({file}, compile=False)"
            )
        after = joined.format(f"copy.predict({x}, verbose=0)")
        script.add(f"difference = np.abs({after} - before).max()")
        script.do(call("print", [text(f"{name}: largest difference"), "difference"]))


def write_baselines(
    script: Script, baselines: list[Baseline], y: str, part: str, *, one_hot: bool
) -> None:
    """Write the accuracy of guesses that look at no input.

    Args:
        script: Where it is written.
        baselines: Which guesses.
        y: The expression of the true classes.
        part: The name of the part they are of.
        one_hot: Whether they are rows of zeros and a one.
    """
    script.section("Guess without a model.")
    script.use("numpy")
    script.add(f"truth = {y}.argmax(axis=1)" if one_hot else f"truth = {y}.ravel()")
    for guess in baselines:
        if guess == "shuffled":
            script.add("guess = np.random.default_rng(SEED).permutation(truth)")
            right = "np.mean(guess == truth)"
        else:
            right = "np.unique(truth, return_counts=True)[1].max() / len(truth)"
        script.do(call("print", [text(f"{part}: {guess} classes"), right]))
