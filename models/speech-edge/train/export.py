"""Writes the trained edge model as ONNX and its sha256 into the card.

Usage: export.py MODEL.pt OUT_DIR
"""
import argparse, hashlib, json
import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from network import CONTEXT, EdgeNet, HIDDEN, WINDOW


class Probabilities(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, audio, hidden, state):
        logits, state_after = self.net(audio, hidden, state)
        return torch.sigmoid(logits), state_after


def example(rows, windows, state_length):
    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    return draw(rows, CONTEXT + windows * WINDOW) * 0.1, torch.tanh(draw(rows, windows, HIDDEN)), torch.zeros(rows, state_length)


def check(model, path):
    """The file gives what the network gives, and cutting a row in two changes nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    run = lambda *values: session.run(["probability", "stateN"], dict(zip(["audio", "hidden", "state"], values)))
    audio, hidden, state = (value.numpy() for value in example(3, 9, model.net.state_length))
    whole, last = run(audio, hidden, state)
    with torch.no_grad():
        wanted, _ = model(*(torch.from_numpy(value) for value in (audio, hidden, state)))
    assert np.allclose(whole, wanted.numpy(), atol=1e-5)
    cut = 4
    first, between = run(audio[:, : CONTEXT + cut * WINDOW], hidden[:, :cut], state)
    second, end = run(np.ascontiguousarray(audio[:, cut * WINDOW:]), hidden[:, cut:], between)
    assert np.allclose(np.concatenate([first, second], 1), whole, atol=1e-5) and np.allclose(end, last, atol=1e-5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("out")
    args = parser.parse_args()
    net = EdgeNet()
    net.load_state_dict(torch.load(args.model))
    model = Probabilities(net).eval()
    path = f"{args.out}/speech-edge.onnx"
    axes = {"audio": {0: "rows", 1: "samples"}, "hidden": {0: "rows", 1: "windows"}, "state": {0: "rows"},
            "probability": {0: "rows", 1: "values"}, "stateN": {0: "rows"}}
    torch.onnx.export(model, example(2, 3, net.state_length), path, input_names=["audio", "hidden", "state"],
                      output_names=["probability", "stateN"], dynamic_axes=axes, opset_version=17, dynamo=False)
    onnx.checker.check_model(path)
    check(model, path)
    card_path = f"{args.out}/card.json"
    card = json.load(open(card_path))
    card["sha256"] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    with open(card_path, "w") as file:
        file.write(json.dumps(card, indent=2) + "\n")


main()
