"""The training step of bench/models.ts in PyTorch, for `deno task bench --only step-torch`.

Started as `python3 torch_step.py FILE THREADS`, where the file has one line of JSON (the architecture, the
batch, and name, shape and place of every weight) and then the weights as little-endian float32. For every
line on standard input one step is taken, and answered with a line of JSON. Written as a user of PyTorch would: torch.nn.functional, torch.optim.AdamW, clip_grad_norm_.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.readline())
        numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    weights = {}
    for name, shape, start in header["weights"]:
        size = int(torch.tensor(shape).prod())
        weights[name] = numbers[start : start + size].reshape(shape).clone().requires_grad_()
    return header, weights


def forward(config, weights, ids):
    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        width = x.shape[-1:]
        return F.layer_norm(x, width, weights[name + ".weight"], weights[name + ".bias"], config["layerNormEps"])

    batch, length = ids.shape
    heads, hidden = config["heads"], config["hiddenSize"]
    words = F.embedding(ids, weights["embeddings.word_embeddings.weight"])
    positions = weights["embeddings.position_embeddings.weight"][:length]
    types = weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(words + positions + types, "embeddings.LayerNorm")  # [B, S, H]
    for layer in range(config["layers"]):
        block = f"encoder.layer.{layer}."

        def split(x, name):
            return linear(x, f"{block}attention.self.{name}").view(batch, length, heads, -1).transpose(1, 2)

        query, key, value = split(x, "query"), split(x, "key"), split(x, "value")  # [B, A, S, D]
        scores = query @ key.transpose(-1, -2) * (hidden / heads) ** -0.5
        context = F.softmax(scores, dim=-1) @ value
        joined = context.transpose(1, 2).reshape(batch, length, hidden)
        attended = linear(joined, block + "attention.output.dense")
        x = norm(x + attended, block + "attention.output.LayerNorm")
        inner = F.gelu(linear(x, block + "intermediate.dense"))
        x = norm(x + linear(inner, block + "output.dense"), block + "output.LayerNorm")
    return linear(F.relu(x[:, 0]), "classifier")


def main():
    header, weights = read(sys.argv[1])
    ids = torch.tensor(header["ids"]).reshape(header["batch"], header["length"])
    labels = torch.tensor(header["labels"])
    settings = header["adamW"]
    matrices = [weight for weight in weights.values() if weight.dim() > 1]
    vectors = [weight for weight in weights.values() if weight.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings["weightDecay"]},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
    )
    torch.set_num_threads(int(sys.argv[2]))
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(header["config"], weights, ids), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), settings["maxGradientNorm"])
        optimizer.step()
        value = loss.item()
        print(json.dumps({"loss": value, "ms": (time.perf_counter() - start) * 1000}), flush=True)


main()
