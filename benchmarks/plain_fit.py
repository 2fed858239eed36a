"""Plain Keras scripts, as the documents have them: `python plain_fit.py CASE EPOCHS [FILE]`.

Prints one JSON object: the seconds of `fit` with its tracing (`first`: up to the end of the first
epoch, `rest`: the others), and the last loss.
"""

import json
import sys
import time

import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split


def iris(path):
    table = pd.read_csv(path, header=None)
    x = table.iloc[:, :-1].to_numpy("float32")
    y = np.unique(table.iloc[:, -1].to_numpy(), return_inverse=True)[1]
    x, _, y, _ = train_test_split(x, y, test_size=0.33, random_state=1)
    model = keras.Sequential(
        [
            keras.Input(shape=(4,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, {"batch_size": 32}


def ionosphere(path):
    table = pd.read_csv(path, header=None)
    x = table.iloc[:, :-1].to_numpy("float32")
    y = np.unique(table.iloc[:, -1].to_numpy(), return_inverse=True)[1]
    x, _, y, _ = train_test_split(x, y, test_size=0.33, random_state=1)
    model = keras.Sequential(
        [
            keras.Input(shape=(34,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, {"batch_size": 32}


def xor(_):
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype="float32")
    y = np.array([0, 1, 1, 0], dtype="float32")
    model = keras.Sequential(
        [keras.Input(shape=(2,)), layers.Dense(2, activation="relu"), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    return model, x, y, {}


def circles(batch_size):
    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    x = x.astype("float32")
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            layers.Dense(50, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    validation = (x[500:], y[500:])
    return model, x[:500], y[:500], {"batch_size": batch_size, "validation_data": validation}


def mnist(path):
    with np.load(path) as archive:
        x, y = archive["x_train"], archive["y_train"]
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu", kernel_initializer="he_uniform"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(100, activation="relu", kernel_initializer="he_uniform"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x[..., np.newaxis].astype("float32") / 255, y, {"batch_size": 128}


CASES = {
    "iris": iris,
    "ionosphere": ionosphere,
    "xor": xor,
    "circles-full": lambda _: circles(500),
    "circles-one": lambda _: circles(1),
    "circles-one-whole": lambda _: circles(1),
    "mnist": mnist,
}


class Clock(keras.callbacks.Callback):
    """Notes when the first epoch has ended."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            self.first = time.perf_counter()


def main(case, epochs, path=None):
    keras.utils.set_random_seed(1)
    model, x, y, options = CASES[case](path)
    clock = Clock()
    began = time.perf_counter()
    history = model.fit(x, y, epochs=epochs, verbose=0, callbacks=[clock], **options)
    ended = time.perf_counter()
    print(json.dumps({"first": clock.first - began, "rest": ended - clock.first,
                      "loss": history.history["loss"][-1]}))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
