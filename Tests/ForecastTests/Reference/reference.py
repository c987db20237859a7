"""Writes network.json: outputs, loss and every gradient of small networks of one and two layers, in float64.

It shares nothing with the Swift code. The forward pass is the chapter's equations; the gradients are not backpropagated
but taken by complex steps, d/dw f(w) = Im f(w + ih) / h, which is exact to the last bits of float64.

    python3 reference.py > network.json        needs numpy
"""

import json

import numpy as np


def forward(p, x):
    """x: windows × steps × inputs → windows × outputs, from a state of zero."""
    h1 = np.zeros((x.shape[0], p["W1"].shape[0]), dtype=complex)
    h2 = np.zeros((x.shape[0], p["V"].shape[0]), dtype=complex)
    for t in range(x.shape[1]):
        h1 = np.tanh(x[:, t] @ p["U"] + h1 @ p["W1"] + p.get("b1", 0))
        if "Q" in p:
            h2 = np.tanh(h1 @ p["Q"] + h2 @ p["W2"] + p.get("b2", 0))
    return (h2 if "Q" in p else h1) @ p["V"] + p.get("c", 0)


def loss(p, x, a):
    """Σ(a − y)² / n / 2 over n windows."""
    return ((a - forward(p, x)) ** 2).sum() / x.shape[0] / 2


def complex_step(f, array):
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + 1e-30j
        gradient[index] = f().imag / 1e-30
        array[index] = kept
    return gradient


def case(seed, windows, steps, inputs, hidden1, hidden2, outputs, biases):
    random = np.random.default_rng(seed)

    def draw(*shape):
        # Through float32, so that the Swift code starts from exactly these numbers.
        return random.normal(0, 0.5, shape).astype(np.float32).astype(complex)

    p = {"U": draw(inputs, hidden1), "W1": draw(hidden1, hidden1)}
    if hidden2:
        p |= {"Q": draw(hidden1, hidden2), "W2": draw(hidden2, hidden2)}
    p |= {"V": draw(hidden2 or hidden1, outputs)}
    if biases:
        p |= {"b1": draw(hidden1)} | ({"b2": draw(hidden2)} if hidden2 else {}) | {"c": draw(outputs)}
    x, a = draw(windows, steps, inputs), draw(windows, outputs)
    gradients = {name: complex_step(lambda: loss(p, x, a), tensor) for name, tensor in p.items()}
    flat = lambda array: np.real(array).ravel().tolist()
    return {
        "windows": windows, "steps": steps, "inputs": inputs, "hidden1": hidden1, "hidden2": hidden2,
        "outputs": outputs, "biases": biases,
        "parameters": {name: flat(tensor) for name, tensor in p.items()},
        "x": flat(x), "a": flat(a), "y": flat(forward(p, x)), "loss": float(np.real(loss(p, x, a))),
        "gradients": {name: flat(gradient) for name, gradient in gradients.items()},
        "input_gradient": flat(complex_step(lambda: loss(p, x, a), x)),
    }


print(json.dumps([
    case(1, 16, 24, 6, 2, 2, 1, False),
    case(2, 16, 7, 5, 3, 4, 2, True),
    case(3, 16, 24, 3, 1, 5, 24, True),
    case(4, 16, 24, 6, 4, 0, 1, True),
    case(5, 16, 7, 5, 3, 0, 6, False),
]))
