"""The recurrent network's speed beside PyTorch's, NumPy's and that of C by hand: see Benchmarks/README.md.

    kernel.py KERNEL_BENCHMARK C_COMPILER MODELS [DATA]

Every round asks each of them in turn for the same work on the same numbers, one thread each; the best of the rounds counts.
Before, all of them must agree on what comes out. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np
import torch

ROUNDS = 5
LANES = 16
BATCH = 4  # blocks of 16 windows
RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-8
REFERENCE = Path(__file__).parent / "reference.c"
torch.set_num_threads(1)
torch.set_flush_denormal(True)


class Case:
    """The work: weights to start from, windows in the order of an epoch's batches, labels (NaN is none)."""

    def __init__(self, path):
        numbers = np.fromfile(path, np.int32)
        (self.steps, self.inputs, self.hidden1, self.hidden2, self.outputs, biases, self.blocks, stride, rows) = (
            int(n) for n in numbers[:9])
        self.biases = bool(biases)
        sizes = self.sizes = [
            (self.inputs, self.hidden1), (self.hidden1, self.hidden1), (self.hidden1, self.hidden2),
            (self.hidden2, self.hidden2), (self.hidden2, self.outputs)]
        if self.biases:
            sizes += [(self.hidden1,), (self.hidden2,), (self.outputs,)]
        floats = numbers[9:].view(np.float32)
        count = sum(int(np.prod(size)) for size in sizes)
        self.weights, floats = floats[:count], floats[count:]
        self.lead_weights, floats = floats[:self.outputs], floats[self.outputs:]
        order, floats = floats[:self.blocks].view(np.int32), floats[self.blocks:]
        x, labels = floats[:rows * LANES].reshape(rows, LANES), floats[rows * LANES:]
        labels = labels.reshape(self.blocks, self.outputs, LANES)
        row = np.arange(self.steps * self.inputs)
        # Block by block in the epoch's order, and in each its windows: contiguous, so that a batch is a slice.
        windows = np.stack([x[block * stride + row] for block in order])
        windows = windows.reshape(self.blocks, self.steps, self.inputs, LANES).transpose(0, 3, 1, 2)
        self.x = np.ascontiguousarray(windows.reshape(-1, self.steps, self.inputs))
        self.labels = np.ascontiguousarray(labels[order].transpose(0, 2, 1).reshape(-1, self.outputs))
        self.order = order

    def tensors(self, weights):
        result = []
        for size in self.sizes:
            count = int(np.prod(size))
            result.append(weights[:count].reshape(size))
            weights = weights[count:]
        return result

    def in_order(self, outputs):
        """A kernel's outputs, 16 lanes a number, as ours stand here."""
        return outputs.reshape(self.blocks, self.outputs, LANES)[self.order].transpose(0, 2, 1).reshape(-1, self.outputs)

    def batches(self):
        for first in range(0, len(self.x), BATCH * LANES):
            yield slice(first, first + BATCH * LANES)


class NumPy:
    """Batched NumPy: one matrix product a step and layer."""

    name = "NumPy"
    chunk = 4096

    def __init__(self, case):
        self.case = case

    def forward(self, x, w):
        u, w1, q, w2, v = w[:5]
        b1, b2, c = w[5:] if self.case.biases else (np.float32(0),) * 3
        h1 = np.zeros((self.case.steps + 1, len(x), self.case.hidden1), np.float32)
        h2 = np.zeros((self.case.steps + 1, len(x), self.case.hidden2), np.float32)
        projected = x @ u + b1
        for t in range(self.case.steps):
            np.tanh(projected[:, t] + h1[t] @ w1, out=h1[t + 1])
            np.tanh(h1[t + 1] @ q + h2[t] @ w2 + b2, out=h2[t + 1])
        return h1, h2, h2[-1] @ v + c

    def predict(self):
        w = self.case.tensors(self.case.weights)
        return np.concatenate([
            self.forward(self.case.x[first:first + self.chunk], w)[2] for first in range(0, len(self.case.x), self.chunk)])

    def epoch(self):
        case = self.case
        flat = case.weights.copy()
        w = case.tensors(flat)
        m, v = np.zeros_like(flat), np.zeros_like(flat)
        gradient = np.zeros_like(flat)
        g = case.tensors(gradient)
        total, seen = 0.0, 0
        for step, batch in enumerate(case.batches(), 1):
            x, labels = case.x[batch], case.labels[batch]
            h1, h2, y = self.forward(x, w)
            there = ~np.isnan(labels)
            count = max(int(there.sum()), 1)
            error = np.where(there, y - labels, np.float32(0))
            dy = error * case.lead_weights
            total += float((error * dy).sum()) / 2
            seen += count
            gradient[:] = 0
            g[4][:] = h2[-1].T @ dy
            if case.biases:
                g[7][:] = dy.sum(0)
            d2 = dy @ w[4].T
            d1 = 0
            for t in range(case.steps, 0, -1):
                d2 = d2 * (1 - h2[t] * h2[t])
                d1 = (d1 + d2 @ w[2].T) * (1 - h1[t] * h1[t])
                g[3][:] += h2[t - 1].T @ d2
                g[2][:] += h1[t].T @ d2
                g[1][:] += h1[t - 1].T @ d1
                g[0][:] += x[:, t - 1].T @ d1
                if case.biases:
                    g[5][:] += d1.sum(0)
                    g[6][:] += d2.sum(0)
                d2 = d2 @ w[3].T
                d1 = d1 @ w[1].T
            gradient /= count
            m += np.float32(1 - BETA1) * (gradient - m)
            v += np.float32(1 - BETA2) * (gradient * gradient - v)
            flat -= RATE * (m / (1 - BETA1 ** step)) / (np.sqrt(v / (1 - BETA2 ** step)) + EPSILON)
        self.weights = flat
        return total / seen


class PyTorch:
    """PyTorch's own nn.RNN of two layers, which have the same size in both shapes, and its fused Adam."""

    name = "PyTorch"
    chunk = 4096

    def __init__(self, case):
        self.case = case
        self.x, self.labels = torch.from_numpy(case.x), torch.from_numpy(case.labels)
        self.there = ~torch.isnan(self.labels)
        self.labels = torch.nan_to_num(self.labels)
        self.share = self.there * torch.from_numpy(case.lead_weights)
        self.counts = [max(int(self.there[batch].sum()), 1) for batch in case.batches()]
        self.start()

    def start(self):
        case = self.case
        self.rnn = torch.nn.RNN(case.inputs, case.hidden1, num_layers=2, bias=case.biases, batch_first=True)
        self.last = torch.nn.Linear(case.hidden2, case.outputs, bias=case.biases)
        u, w1, q, w2, v, *biases = (torch.from_numpy(t.copy()) for t in case.tensors(case.weights))
        names = ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"]
        with torch.no_grad():
            for name, values in zip(names, (u, w1, q, w2)):
                getattr(self.rnn, name).copy_(values.T)
            self.last.weight.copy_(v.T)
            if biases:
                self.rnn.bias_ih_l0.copy_(biases[0])
                self.rnn.bias_ih_l1.copy_(biases[1])
                self.last.bias.copy_(biases[2])
                # PyTorch has two biases where one would do; the second stays zero.
                for bias in (self.rnn.bias_hh_l0, self.rnn.bias_hh_l1):
                    bias.zero_().requires_grad_(False)
        self.parameters = [p for layer in (self.rnn, self.last) for p in layer.parameters() if p.requires_grad]

    def forward(self, x):
        return self.last(self.rnn(x)[1][1])

    def predict(self):
        with torch.inference_mode():
            return torch.cat([self.forward(x) for x in self.x.split(self.chunk)]).numpy()

    def epoch(self):
        self.start()
        adam = torch.optim.Adam(self.parameters, RATE, (BETA1, BETA2), EPSILON, fused=True)
        total, seen = 0.0, 0
        for batch, count in zip(self.case.batches(), self.counts):
            error = self.forward(self.x[batch]) - self.labels[batch]
            loss = (error * error * self.share[batch]).sum() / (2 * count)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
            total += loss.detach() * count
            seen += count
        return float(total) / seen

    @property
    def weights(self):
        rnn, last = self.rnn, self.last
        tensors = [rnn.weight_ih_l0.T, rnn.weight_hh_l0.T, rnn.weight_ih_l1.T, rnn.weight_hh_l1.T, last.weight.T]
        if self.case.biases:
            tensors += [rnn.bias_ih_l0, rnn.bias_ih_l1, last.bias]
        return np.concatenate([t.detach().numpy().ravel() for t in tensors])


class Process:
    """A program that answers a line with a line."""

    def __init__(self, name, case, process, prefix=""):
        self.name, self.case, self.process, self.prefix = name, case, process, prefix

    def ask(self, what):
        self.process.stdin.write(f"{self.prefix}{what}\n".encode())
        self.process.stdin.flush()
        return self.process.stdout

    def timed(self, what):
        return [float(word) for word in self.ask(what).readline().split()]

    def array(self, what, count):
        return np.frombuffer(self.ask(what).read(4 * count), np.float32)

    def outputs(self):
        return self.case.in_order(self.array("outputs", self.case.blocks * self.case.outputs * LANES))

    def weights(self):
        return self.array("weights", len(self.case.weights))


def start(*command):
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def seconds(work):
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def compile_reference(compiler, case, folder, name):
    program = folder / f"reference-{name}"
    sizes = {"INPUTS": case.inputs, "HIDDEN1": case.hidden1, "HIDDEN2": case.hidden2, "OUTPUTS": case.outputs,
             "BIASES": int(case.biases)}
    subprocess.run(
        [compiler, "-O3", "-march=x86-64-v3", *(f"-D{key}={value}" for key, value in sizes.items()), REFERENCE,
         "-o", program, "-lm"], check=True)
    return program


def agree(name, case, processes, peers):
    """All must compute the same: outputs of every window, the epoch's mean loss, the weights after it."""
    numpy_outputs = peers[0].predict()
    numpy_loss = peers[0].epoch()
    size = np.abs(numpy_outputs).max()
    for side in processes + peers[1:]:
        if isinstance(side, Process):
            side.timed("predict")
            outputs, loss, weights = side.outputs(), side.timed("epoch")[1], side.weights()
        else:
            outputs, loss, weights = side.predict(), side.epoch(), side.weights
        filled = ~np.isnan(case.labels).all(axis=1)  # the last lanes of a case may hold no window
        worst = np.abs(outputs - numpy_outputs)[filled].max() / size
        # Hundreds of steps of Adam in float32 add up in another order, so weights drift apart a little.
        drift = np.abs(weights - peers[0].weights).max()
        if worst > 1e-4 or abs(loss - numpy_loss) > 1e-3 * numpy_loss or drift > 0.01:
            sys.exit(f"{name}: {side.name} differs from NumPy: outputs {worst:.1e}, loss {loss:.6g} not {numpy_loss:.6g}, "
                     f"weights {drift:.1e}")


def fastest_chunk(peer):
    """PyTorch and NumPy predict in chunks of the size that suits them best here."""
    sizes = [1024, 4096, len(peer.case.x)]
    times = []
    for peer.chunk in sizes:
        times.append(min(seconds(peer.predict)[0] for _ in range(2)))
    peer.chunk = sizes[times.index(min(times))]


def main():
    ours, compiler, models, *data = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swift = start(ours, models, folder, *data)
        if swift.stdout.readline() != b"ready\n":
            sys.exit("KernelBenchmark did not start")
        sides, best = {}, {}
        for name in ("chapter", "operational"):
            case = Case(folder / f"{name}.case")
            processes = [
                Process("Hazecast", case, swift, prefix=f"{name} "),
                Process("C", case, start(compile_reference(compiler, case, folder, name), folder / f"{name}.case"))]
            peers = [NumPy(case), PyTorch(case)]
            agree(name, case, processes, peers)
            for peer in peers:
                fastest_chunk(peer)
            sides[name] = processes + peers
        station = bare = float("inf")
        for _ in range(ROUNDS):
            for name, rivals in sides.items():
                for what in ("predict", "epoch"):
                    for side in rivals:
                        # The quick ones are asked several times a round, so that chance spares one of them.
                        if isinstance(side, Process):
                            took = min(side.timed(what)[0] for _ in range(5))
                        else:
                            took = seconds(getattr(side, what))[0]
                        key = name, what, side.name
                        best[key] = min(best.get(key, took), took)
            for _ in range(5):
                whole, networks = sides["operational"][0].timed("forecast")
                station, bare = min(station, whole), min(bare, networks)
        for process in {side.process for rivals in sides.values() for side in rivals if isinstance(side, Process)}:
            process.stdin.close()
            process.wait()
    report(sides, best, station, bare)


def report(sides, best, station, bare):
    print(f"{'ms':24}" + "".join(f"{side.name:>12}" for side in sides["chapter"]))
    ratios = {}
    for name, rivals in sides.items():
        case = rivals[0].case
        print(f"{name}: {case.inputs} inputs, {case.hidden1} and {case.hidden2} hidden, {case.outputs} outputs, "
              f"{len(case.weights)} weights")
        ratios[name] = {}
        for what in ("epoch", "predict"):
            times = {side.name: best[name, what, side.name] for side in rivals}
            print(f"  {what:22}" + "".join(f"{time * 1e3:12.2f}" for time in times.values()))
            ratios[name][f"{what}_vs_c"] = round(times["Hazecast"] / times["C"], 3)
            ratios[name][f"{what}_vs_torch"] = round(times["PyTorch"] / times["Hazecast"], 1)
            ratios[name][f"{what}_vs_numpy"] = round(times["NumPy"] / times["Hazecast"], 1)
    print(f"a station's forecast by the whole ensemble: {station * 1e6:.2f} µs, {station / bare:.2f} times the bare networks")
    ratios["operational"]["forecast_us"] = round(station * 1e6, 2)
    ratios["operational"]["forecast_vs_networks"] = round(station / bare, 2)
    print(json.dumps(ratios))


main()
