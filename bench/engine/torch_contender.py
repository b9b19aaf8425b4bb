"""The same model and steps in PyTorch on the CPU, for orientation: answers calls, one JSON object a line."""

import json
import os
import sys
import time

import torch
import torch.nn.functional as F


def layer_names(layers):
    """Names of the weights in the order of the flat buffer."""
    parts = ["attention_norm", "qkv", "attention_out", "mlp_norm", "gate_up", "down"]
    return ["embedding"] + [f"layers.{i}.{part}" for i in range(layers) for part in parts] + ["norm"]


def shapes_of(config):
    d, f, v = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    layer = [[d], [d, 3 * d], [d, d], [d], [d, 2 * f], [f, d]]
    return [[v, d]] + layer * config["num_hidden_layers"] + [[d]]


def blas():
    """The library that multiplies, where Linux tells: with the reference BLAS, PyTorch is slow."""
    if torch.backends.mkl.is_available():
        return "MKL"
    if not os.path.exists("/proc/self/maps"):
        return "BLAS unknown"
    with open("/proc/self/maps", encoding="utf8") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line}
    return "OpenBLAS" if any("openblas" in file for file in files) else "reference BLAS" if files else "BLAS built in"


class Contender:
    def start(self, _backend):
        torch.set_num_threads(os.cpu_count())
        return f"{torch.__version__}, {torch.get_num_threads()} threads, {blas()}"

    def load(self, model):
        self.config = config = model["config"]
        flat = torch.from_file(model["weights"], size=model["count"], dtype=torch.float32)
        shapes = shapes_of(config)
        pieces = torch.split(flat, [torch.Size(shape).numel() for shape in shapes])
        self.weights = {
            name: piece.clone().reshape(shape).requires_grad_()
            for name, piece, shape in zip(layer_names(config["num_hidden_layers"]), pieces, shapes)
        }
        adam = model["adam"]
        self.optimizer = torch.optim.Adam(
            self.weights.values(), lr=adam["lr"], betas=(adam["beta1"], adam["beta2"]), eps=adam["epsilon"]
        )
        tokens = torch.tensor(model["tokens"])
        self.inputs, self.targets = tokens[:, :-1], tokens[:, 1:].reshape(-1)
        length, half = self.inputs.shape[1], config["hidden_size"] // config["num_attention_heads"] // 2
        rates = config["rope_theta"] ** (-torch.arange(half) / half)
        angles = torch.arange(length)[:, None] * rates
        self.cos, self.sin = angles.cos(), angles.sin()
        self.mask = torch.full((length, length), float("-inf")).triu(1)

    def norm(self, x, name):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.config["rms_norm_eps"]) * self.weights[name]

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat([a * self.cos - b * self.sin, b * self.cos + a * self.sin], -1)

    def loss(self):
        config, w = self.config, self.weights
        d, heads = config["hidden_size"], config["num_attention_heads"]
        rows, length = self.inputs.shape
        x = w["embedding"][self.inputs]
        for i in range(config["num_hidden_layers"]):
            at = f"layers.{i}."
            qkv = self.norm(x, at + "attention_norm") @ w[at + "qkv"]
            q, k, v = (part.view(rows, length, heads, d // heads).transpose(1, 2) for part in qkv.split(d, -1))
            scores = self.rotate(q) @ self.rotate(k).transpose(2, 3) / (d // heads) ** 0.5 + self.mask
            mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, d)
            x = x + mixed @ w[at + "attention_out"]
            gate, up = (self.norm(x, at + "mlp_norm") @ w[at + "gate_up"]).chunk(2, -1)
            x = x + (F.silu(gate) * up) @ w[at + "down"]
        logits = self.norm(x, "norm") @ w["embedding"].t()
        return F.cross_entropy(logits.view(rows * length, -1), self.targets)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def firstStep(self):
        begin = time.perf_counter()
        loss = self.step()
        gradient_norm = sum(w.grad.square().sum() for w in self.weights.values()).sqrt().item()
        return {"loss": loss, "gradientNorm": gradient_norm, "seconds": time.perf_counter() - begin}

    def steps(self, count):
        begin = time.perf_counter()
        for _ in range(count):
            loss = self.step()
        seconds = (time.perf_counter() - begin) / count
        return {"seconds": seconds, "loss": loss, "dispatches": 0, "createdGpuBytes": 0}

    def decodings(self):
        return []

    def product(self, product, block_seconds):
        m, k, n = product["m"], product["k"], product["n"]
        a = torch.randn(k, m).t() if product["transposeA"] else torch.randn(m, k)
        b = torch.randn(n, k).t() if product["transposeB"] else torch.randn(k, n)
        best = float("inf")
        count = 1
        for _ in range(4):
            begin = time.perf_counter()
            for _ in range(count):
                a @ b
            best = min(best, (time.perf_counter() - begin) / count)
            count = min(1000, max(1, round(block_seconds / best)))
        return best

    def memory(self):
        return {"dispatches": 0, "gpuBytes": 0, "peakGpuBytes": 0, "createdGpuBytes": 0, "wasmBytes": 0}


contender = Contender()
for line in sys.stdin:
    call = json.loads(line)
    try:
        answer = {"id": call["id"], "value": getattr(contender, call["method"])(*call["args"])}
    except Exception as error:  # whoever asked decides what a failure means
        answer = {"id": call["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
