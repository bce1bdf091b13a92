"""Trains a classifier of handwritten digits, and shows what each training step was on its way to machine code.

    python examples/train_digits.py
    python examples/train_digits.py --epochs 10 --out /tmp/digits

The digits are the 1797 images of 8 x 8 pixels that come with scikit-learn. Written to the output folder: a picture
of the training, the training step in MLIR after each stage, which `weft-opt` reads, and the trained model, which
`weft_runtime.load` runs on any number of images, on a machine without weft's compiler.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy

import weft
import weft.numpy as np
from weft import export, nn, random

Params = list[dict[str, weft.Array]]

WANTED_ACCURACY = 0.97


# ---- the data: grey images with values from 0 to 1, the last fifth held back ----


class Digits(NamedTuple):
    """Images[n, 8, 8] and their labels[n]."""

    images: weft.Array
    labels: weft.Array


def load() -> tuple[Digits, Digits]:
    """Digits to train on, digits to test with."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    order = numpy.random.default_rng(0).permutation(len(raw.target))
    images, labels = raw.images[order] / 16.0, raw.target[order]
    first_test = len(order) * 4 // 5

    def part(chosen: slice) -> Digits:
        return Digits(np.asarray(images[chosen], "float32"), np.asarray(labels[chosen], "int32"))

    return part(slice(first_test)), part(slice(first_test, None))


# ---- the model: for one image; vmap makes it one for many ----


def init(key: weft.Array, sizes: Sequence[int] = (64, 256, 128, 10)) -> Params:
    """Random weights, with the variance that keeps the signal's size through relu."""
    keys = random.split(key, len(sizes) - 1)
    return [
        {"w": random.normal(k, (m, n)) * np.sqrt(2.0 / m), "b": np.zeros(n)}
        for k, m, n in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def scores(params: Params, image: weft.Array) -> weft.Array:
    """Logarithm of the probability of each digit, for one image."""
    x = image.reshape(-1)
    for layer in params[:-1]:
        x = nn.relu(x @ layer["w"] + layer["b"])
    return nn.log_softmax(x @ params[-1]["w"] + params[-1]["b"])


def noisy(key: weft.Array, image: weft.Array) -> weft.Array:
    """The image with a little noise: the same digit, but new to the model each time."""
    return np.clip(image + 0.1 * random.normal(key, image.shape), 0.0, 1.0)


def example_loss(params: Params, image: weft.Array, label: weft.Array) -> weft.Array:
    """Cross entropy of one example."""
    return -np.sum(scores(params, image) * nn.one_hot(label, 10))


def loss(params: Params, batch: Digits, key: weft.Array) -> weft.Array:
    """Mean cross entropy of a batch, each image with its own noise."""
    images = weft.vmap(noisy)(random.split(key, len(batch.labels)), batch.images)
    return np.mean(weft.vmap(example_loss, in_axes=(None, 0, 0))(params, images, batch.labels))


@weft.jit
def predictions(params: Params, images: weft.Array) -> weft.Array:
    """The most probable digit of each image."""
    return np.argmax(weft.vmap(scores, in_axes=(None, 0))(params, images), axis=-1)


# ---- the training: Adam on a tree of parameters ----


class Adam(NamedTuple):
    """Step count, running means of the gradient and of its square."""

    count: weft.Array
    mean: Params
    square: Params

    @staticmethod
    def start(params: Params) -> Adam:
        """Before the first step."""
        zeros = [weft.tree.map(np.zeros_like, params) for _ in range(2)]
        return Adam(np.zeros((), "int32"), *zeros)


def adam(params: Params, grads: Params, state: Adam, rate: float = 1e-3) -> tuple[Params, Adam]:
    """Parameters and state after one step (Kingma & Ba 2015)."""
    b1, b2 = 0.9, 0.999
    count = state.count + 1
    mean = weft.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.mean, grads)
    square = weft.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, state.square, grads)
    rate = rate * np.sqrt(1 - b2**count) / (1 - b1**count)
    params = weft.tree.map(lambda p, m, s: p - rate * m / (np.sqrt(s) + 1e-8), params, mean, square)
    return params, Adam(count, mean, square)


loss_and_grads = weft.jit(weft.value_and_grad(loss))


@weft.jit
def train_step(
    params: Params, state: Adam, batch: Digits, key: weft.Array
) -> tuple[Params, Adam, weft.Array]:
    """One step: new parameters, new state of the optimiser, the loss before the step."""
    value, grads = loss_and_grads(params, batch, key)
    return *adam(params, grads, state), value


class History(NamedTuple):
    """What is drawn: the loss after each step, the test accuracy after each epoch."""

    losses: list[float]
    accuracies: list[float]


def train(train_set: Digits, test_set: Digits, epochs: int, batch_size: int) -> tuple[Params, History]:
    """Trained parameters, and how it went; a line on the terminal tells meanwhile."""
    init_key, key = random.split(random.key(0))
    params = init(init_key)
    state, history = Adam.start(params), History([], [])
    count, start = len(train_set.labels), time.perf_counter()
    for epoch in range(1, epochs + 1):
        key, order_key = random.split(key)
        order = random.permutation(order_key, count)
        losses = []
        for first in range(0, count - batch_size + 1, batch_size):
            chosen = order[first : first + batch_size]
            batch = Digits(train_set.images[chosen], train_set.labels[chosen])
            params, state, value = train_step(params, state, batch, random.fold_in(key, first))
            losses.append(value)  # not read yet: the next step need not wait for it
        history.losses.extend(float(x) for x in losses)
        history.accuracies.append(accuracy(params, test_set))
        report(epoch, epochs, history, time.perf_counter() - start)
    return params, history


def accuracy(params: Params, digits: Digits) -> float:
    """The part of the digits that is read right."""
    return float(np.mean(predictions(params, digits.images) == digits.labels))


def report(epoch: int, epochs: int, history: History, passed_s: float) -> None:
    """The progress: one line that changes on a terminal, now and then a line elsewhere."""
    line = (
        f"epoch {epoch:3}/{epochs}  loss {history.losses[-1]:.3f}  "
        f"test accuracy {100 * history.accuracies[-1]:.1f} %  {passed_s:.1f} s"
    )
    is_last = epoch == epochs
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="\n" if is_last else "", flush=True)
    elif is_last or epoch == 1 or epoch % 5 == 0:
        print(line, flush=True)


# ---- what is left to look at ----


def draw(params: Params, test_set: Digits, history: History, path: Path) -> None:
    """The loss, the accuracy, some digits with what the model reads, and those that it finds hardest."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(10, 8), layout="constrained")
    upper, lower = figure.subfigures(2, 1)
    left, right = upper.subplots(1, 2)
    left.semilogy(history.losses, linewidth=0.8)
    left.set(xlabel="step", ylabel="loss", title="Training loss")
    right.plot(range(1, len(history.accuracies) + 1), [100 * a for a in history.accuracies])
    right.set(xlabel="epoch", ylabel="%", title=f"Test accuracy: {100 * history.accuracies[-1]:.1f} %")

    read = numpy.asarray(predictions(params, test_set.images))
    hardest = numpy.argsort(-numpy.asarray(pulls(params, test_set)))
    axes = lower.subplots(2, 10)
    lower.suptitle("Ten test digits, and the ten that pull hardest at the weights: label, and what was read")
    for axis, i in zip(axes.flat, [*range(10), *hardest[:10]], strict=True):
        label = int(test_set.labels[int(i)])
        axis.imshow(numpy.asarray(test_set.images[int(i)]), cmap="gray_r")
        axis.set_title(f"{label}: {read[i]}", color="green" if read[i] == label else "red")
        axis.axis("off")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


@weft.jit
def pulls(params: Params, digits: Digits) -> weft.Array:
    """Length of the gradient of each example by itself."""
    grads = weft.vmap(weft.grad(example_loss), in_axes=(None, 0, 0))(params, *digits)
    squares = [np.sum(g.reshape(len(g), -1) ** 2, axis=-1) for g in weft.tree.leaves(grads)]
    return np.sqrt(sum(squares))


STAGES = {
    "2-expanded": "weft-expand-transforms",
    "3-simplified": "weft-inline,weft-simplify,weft-cse,weft-dce",
    "4-stablehlo": "weft-to-stablehlo",
}
"""Files and the passes that make each from the one before."""


def write_stages(params: Params, digits: Digits, batch_size: int, folder: Path) -> list[str]:
    """The training step in MLIR after each stage; returns the commands that made the files."""
    batch = Digits(digits.images[:batch_size], digits.labels[:batch_size])
    traced = train_step.trace(params, Adam.start(params), batch, random.key(0))
    beside = Path(sys.executable).with_name("weft-opt")
    tool = os.path.relpath(beside) if beside.exists() else "weft-opt"
    source = folder / "1-traced.mlir"
    source.write_text(traced.ir)
    commands = []
    for name, passes in STAGES.items():
        target = folder / f"{name}.mlir"
        arguments = [str(source), f"--passes={passes}", "-o", str(target)]
        subprocess.run([sys.executable, "-m", "weft_tools.opt", *arguments], check=True)
        commands.append(" ".join([tool, *arguments]))
        source = target
    return commands


PLATFORMS = ("cpu", "cuda", "rocm", "tpu", "metal")


def export_reader(params: Params, path: Path) -> None:
    """The trained model as a file: from images[n, 8, 8], for whatever n, to the most probable digits[n]."""

    @weft.jit
    def read_digits(images: weft.Array) -> weft.Array:
        return predictions(params, images)

    images = weft.ShapeDtypeStruct(export.symbolic_shape("n, 8, 8"), "float32")
    path.write_bytes(export.export(read_digits, platforms=PLATFORMS)(images).serialize())


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "train_digits")
    options = parser.parse_args(argv)
    folder = Path(os.path.relpath(options.out))
    folder.mkdir(parents=True, exist_ok=True)

    train_set, test_set = load()
    print(f"{len(train_set.labels)} digits to train on, {len(test_set.labels)} to test with")
    params, history = train(train_set, test_set, options.epochs, options.batch_size)

    draw(params, test_set, history, folder / "training.png")
    commands = write_stages(params, train_set, options.batch_size, folder)
    export_reader(params, folder / "read_digits.weft")
    print(f"\nThe training as a picture:  {folder / 'training.png'}")
    print(f"The trained model:          {folder / 'read_digits.weft'}, for weft_runtime.load")
    print(f"The training step as IR:    {folder / '1-traced.mlir'}, and from it")
    print("\n".join(f"  {command}" for command in commands))
    if history.accuracies[-1] < WANTED_ACCURACY:
        print(f"the accuracy is below {100 * WANTED_ACCURACY:.0f} %: train longer", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
