"""The labs: small screens that compute for real and train nothing. Learn lists them.

    lab = labs.find("b03")
    app.push_screen(lab.screen())

Only this registry is loaded with the app; a lab's own module comes when the lab is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.tui.labs.base import LabScreen


@dataclass(frozen=True)
class Lab:
    """A lab.

    Attributes:
        name: Tells it from all others, and from all examples: `b01-neuron`.
        title: What it is about.
        document: The letter of its document, as in `kerastui.models.shipped.DOCUMENTS`.
        section: The lesson it belongs to.
        source: Where it stands in the document.
        teaches: What there is to be seen.
        published: What the document prints, in words; empty where it prints nothing.
        module: The module of `kerastui.tui.labs` whose `make(lab)` returns the screen.
    """

    name: str
    title: str
    document: str
    section: str
    source: str
    teaches: str
    published: str
    module: str

    @property
    def id(self) -> str:
        """The short id, `b01`."""
        return self.name.partition("-")[0]

    def screen(self) -> LabScreen:
        """Return a new screen of the lab, to be pushed."""
        made: LabScreen = import_module(f"kerastui.tui.labs.{self.module}").make(self)
        return made


_A, _B, _D = (
    "tf.keras in one lab",
    "T81-558, module 3",
    "Deep Learning with Python, chapter 3",
)
_NEURONS = "3.1 Neurons and activation functions"
_TENSORS = "3.2 TensorFlow by itself"

LABS: tuple[Lab, ...] = (
    Lab(
        "a01-versions", "Versions and devices", "A", "1.3 What is installed", f"{_A}, 1.3",
        "Which libraries are installed, which devices TensorFlow really sees, and why no more. "
        "A fresh process answers: what it has, a run will get.",
        "version 2.2.0 of TensorFlow", "versions",
    ),
    Lab(
        "a02-sequential", "A stack of layers", "A", "2.2 Sequential models", f"{_A}, 2.2",
        "A Sequential model is a list of layers. A Dense layer has a weight for each pair of "
        "input and neuron, and a bias for each neuron.",
        "101 parameters", "structures",
    ),
    Lab(
        "a03-deep-mlp", "A deeper stack", "A", "2.2 Sequential models", f"{_A}, 2.2",
        "Six Dense layers. Two thirds of all weights sit between the two widest: 100·80 + 80. "
        "Depth is cheap, width times width is not.",
        "900, 8,080, 2,430, 310, 55, 6: 11,781 parameters", "structures",
    ),
    Lab(
        "a04-functional", "A graph of layers", "A", "2.3 Functional models", f"{_A}, 2.3",
        "Naming each layer's input comes to the same weights as a stack, and does what no stack "
        "can: several inputs, branches, several outputs.",
        "as many parameters as a02", "structures",
    ),
    Lab(
        "a11-summary", "A model's summary", "A", "4.1 Looking at a model", f"{_A}, 4.1",
        "What comes out of each layer, and how many weights it has: a model that is wired "
        "wrongly shows it here, before it trains.",
        "90, 88, 9: 187 parameters", "structures",
    ),
    Lab(
        "a12-plot-model", "A model as a diagram", "A", "4.1 Looking at a model", f"{_A}, 4.1",
        "The same model as boxes and arrows, with the shape that leaves each box. No Graphviz, "
        "no browser; w writes SVG and text.",
        "a box for each layer, arrows between them", "structures",
    ),
    Lab(
        "b01-neuron", "One neuron by hand", "B", _NEURONS, f"{_B}, part 3.1",
        "Multiply each input by its weight, add the products, send the sum through an "
        "activation. The bias is the weight of an input of 1.",
        "sum 0.8", "neuron",
    ),
    Lab(
        "b02-activations", "Activation functions", "B", _NEURONS, f"{_B}, part 3.1",
        "What a neuron makes of its sum, and the slope that training multiplies its errors by. "
        "Where the slope is 0, nothing is learned.",
        "φ'(x) = φ(x)(1 − φ(x)) for the sigmoid; 1 or 0 for relu", "activations",
    ),
    Lab(
        "b03-weight-bias", "Weight and bias", "B", _NEURONS, f"{_B}, part 3.1",
        "A weight makes the sigmoid steeper, but all such curves cross at (0, 0.5). Only a bias "
        "moves the point at which a neuron switches.",
        "all curves without bias cross at (0, 0.5)", "weight_bias",
    ),
    Lab(
        "b04-softmax", "Softmax, step by step", "B", _NEURONS, f"{_B}, part 3.1",
        "From any numbers to probabilities: e to the power of each, their sum, the share of "
        "each in it. Together the shares are 1.",
        "sum 5.17283056695839; 0.47548495534876745, 0.2361188410001125, 0.28839620365112",
        "softmax",
    ),
    Lab(
        "b05-linear-algebra", "Tensor algebra", "B", _TENSORS, f"{_B}, part 3.2",
        "TensorFlow is a calculator for matrices before all else: it computes each line, in 32 "
        "bits. Variables keep what was assigned.",
        "12; [−2, −1]; [1, 3]", "algebra",
    ),
    Lab(
        "b06-mandelbrot", "The Mandelbrot set", "B", _TENSORS, f"{_B}, part 3.2",
        "Nothing is learned: 640×480 complex numbers are squared and shifted 200 times. The "
        "colour says when one ran away; black never did.",
        "640×480 numbers around (−0.5, 0), 4 wide, 200 cycles", "mandelbrot",
    ),
    Lab(
        "b12-xavier", "Initial weights", "B", "3.5 Initial weights", f"{_B}, part 3.5",
        "How large random weights begin decides whether signals grow, fade or keep their size. "
        "Keras draws them; the curve is the promise.",
        "Var(W) = 2 / (n_in + n_out)", "initializers",
    ),
    Lab(
        "d01-two-apis", "One model, two ways", "D", "3.2 Keras in a nutshell", f"{_D}, 3.2.2",
        "784 pixels, 32 neurons, 10 digits, written in both ways: layer for layer and weight "
        "for weight it is the same model.",
        "25,450 parameters, both", "structures",
    ),
)  # fmt: skip
"""All labs in the order of their ids."""


def find(name: str) -> Lab:
    """Return a lab by its name or its short id.

    Raises:
        UserError: There is no such lab.
    """
    for lab in LABS:
        if name in (lab.name, lab.id):
            return lab
    raise UserError(
        f"There is no lab {name!r}.", f"There are: {', '.join(lab.id for lab in LABS)}."
    )
