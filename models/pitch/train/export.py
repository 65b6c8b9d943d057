"""Writes pitch.onnx from trained weights, checks it against PyTorch and its contract, and puts its sha256 into card.json.

    python export.py pitch.pt --out ../pitch.onnx [--card ../card.json]
"""
import argparse
import hashlib
import json
import re

import numpy as np
import onnxruntime as ort
import torch

from net import CONTEXT, PitchNet

WINDOW = 5120


def export(net, path):
    example = 0.1 * torch.randn(2, 2 * CONTEXT + WINDOW)
    shapes = {"audio": {0: "rows", 1: "samples"}, "f0_hz": {0: "rows", 1: "frames"}, "voicing": {0: "rows", 1: "frames"}}
    torch.onnx.export(net, (example,), path, input_names=["audio"], output_names=["f0_hz", "voicing"], dynamic_axes=shapes,
                      opset_version=17, dynamo=False)


def check(net, path):
    """Same numbers as PyTorch, any batch and window length, silence unvoiced, no NaN, the same at any level."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for rows, window in [(1, 1280), (3, 5120), (64, 10240)]:
        audio = (0.1 * rng.standard_normal((rows, 2 * CONTEXT + window))).astype(np.float32)
        f0, voicing = session.run(["f0_hz", "voicing"], {"audio": audio})
        assert f0.shape == voicing.shape == (rows, window // 80)
        with torch.no_grad():
            expected = net(torch.from_numpy(audio))
        assert np.abs(voicing - expected[1].numpy()).max() < 1e-4
        assert np.mean(np.abs(f0 / expected[0].numpy() - 1) < 1e-3) > 0.99  # a tie of two bins may fall either way
    _, silent = session.run(None, {"audio": np.zeros((1, 2 * CONTEXT + WINDOW), np.float32)})
    assert silent.max() < 0.1, silent.max()
    time = np.arange(2 * CONTEXT + WINDOW) / 8000
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 20))
    tone = tone / np.sqrt(np.mean(tone**2)) * np.hanning(len(time))
    confidences = [session.run(None, {"audio": (10 ** (db / 20) * tone)[None].astype(np.float32)}) for db in (-50, -30, -10)]
    for f0, voicing in confidences:
        assert np.isfinite(f0).all() and np.isfinite(voicing).all()
    medians = [(round(float(np.median(f)), 2), round(float(np.median(v)), 3)) for f, v in confidences]
    print("140 Hz at -50, -30, -10 dBFS:", medians)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("--out", required=True)
    parser.add_argument("--card")
    options = parser.parse_args()
    state = torch.load(options.weights)
    net = PitchNet(state["enter.weight"].shape[0]).eval()
    net.load_state_dict(state)
    export(net, options.out)
    check(net, options.out)
    with open(options.out, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    print(digest)
    if options.card:
        with open(options.card) as file:
            text = file.read()
        assert json.loads(text)["name"] == "pitch"
        with open(options.card, "w") as file:
            file.write(re.sub(r'("sha256": ")[0-9a-f]*', r"\g<1>" + digest, text))


if __name__ == "__main__":
    main()
