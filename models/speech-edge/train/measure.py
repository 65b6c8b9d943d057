"""Measures an edge model's frames on labelled calls (NAME.wav beside NAME.truth.json), without any rule behind it.

Usage: measure.py MODEL.pt CALLS_DIR --silero silero_vad.onnx
"""
import argparse, glob, json
import numpy as np
import soundfile
import torch
from network import CONTEXT, DELAY_STEPS, EdgeNet, VALUE
from silero import Silero


def heard(net, silero, audio):
    """Probability of speech of each 8 ms of a channel at 8 kHz, on its own time."""
    late = 2 * DELAY_STEPS
    padded = np.pad(audio, (0, late * VALUE + (-len(audio)) % 256 + 256))
    padded = padded[: len(padded) // 256 * 256][None].astype(np.float32)
    _, hidden = silero.hear(padded)
    with torch.no_grad():
        logits, _ = net(torch.from_numpy(np.pad(padded, ((0, 0), (CONTEXT, 0)))), torch.from_numpy(hidden), torch.zeros(1, net.state_length))
    return torch.sigmoid(logits)[0].numpy()[late: late + len(audio) // VALUE]


def bridged(speech, gap=20, shortest=5):
    """Pauses under 200 ms are bridged, runs under 50 ms dropped, at 10 ms frames."""
    out = np.zeros_like(speech)
    on = np.flatnonzero(speech)
    if len(on) == 0:
        return out
    cuts = np.flatnonzero(np.diff(on) > gap)
    for a, b in zip(on[np.r_[0, cuts + 1]], on[np.r_[cuts, len(on) - 1]]):
        if b + 1 - a >= shortest:
            out[a: b + 1] = 1
    return out


def measure(net, silero, folder, thresholds=(0.4, 0.5, 0.6)):
    net.eval()
    sums = {}
    for path in sorted(glob.glob(f"{folder}/*.wav")):
        truth = json.load(open(path[:-4] + ".truth.json"))
        audio, _ = soundfile.read(path, dtype="float32")
        values = heard(net, silero, audio[:, 0])
        frames = values[np.minimum(len(values) - 1, (np.arange(len(audio) // 80) * 10 + 5) // 8)]
        true = np.zeros(len(frames), bool)
        for segment in truth["segments"]:
            if segment["channel"] == "caller":
                true[round(segment["startMs"] / 10): round(segment["endMs"] / 10)] = True
        for threshold in thresholds:
            found = bridged(frames > threshold).astype(bool)
            for group in ("all", f"snr {truth['conditions']['snrDb']}"):
                sums[threshold, group] = sums.get((threshold, group), 0) + np.array([true.sum(), found.sum(), (true & found).sum()])
    for (threshold, group), (true, found, both) in sorted(sums.items(), key=str):
        print(f"threshold {threshold} {group}: precision {both / max(1, found):.3f} recall {both / true:.3f} F1 {2 * both / (true + found):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("calls")
    parser.add_argument("--silero", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = EdgeNet()
    model.load_state_dict(torch.load(args.model))
    measure(model, Silero(args.silero), args.calls)
