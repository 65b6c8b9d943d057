#!/usr/bin/env python3
"""Who hears speech best: Earshot's labels, Silero v5 and v6, WebRTC VAD, on human labels.

    python vad.py --data DATA --silero5 V5.onnx --silero6 V6.onnx --labels node dist/benchmarks/peers/labelSpeech.js

Frames of 10 ms are compared with the human labels of the TEN and PAV sets, at 16 kHz and at 8 kHz, Silero at its threshold of 0.5,
WebRTC at all its modes. Cost: milliseconds of one processor a second of audio, one thread, one stream at a time, in this run.
"""
import argparse, datetime, glob, json, os, platform, subprocess, tempfile, time, wave
import numpy as np
import onnxruntime
import soundfile
from scipy.signal import resample_poly
import webrtcvad

FRAMES_A_SECOND = 100
HERE = os.path.dirname(os.path.abspath(__file__))


def ten_labels(path, frames):
    fields = open(path).read().strip().split(",")[1:]
    spans = [(float(a), float(b)) for a, b, label in zip(fields[::3], fields[1::3], fields[2::3]) if label.strip() == "1"]
    return mask_of(spans, frames)


def pav_labels(path, frames):
    rows = [line.split() for line in open(path) if line.strip()]
    return mask_of([(float(a), float(b)) for a, b, label in rows if label == "V"], frames)


def mask_of(spans, frames):
    mask = np.zeros(frames, bool)
    for a, b in spans:
        mask[round(a * FRAMES_A_SECOND): round(b * FRAMES_A_SECOND)] = True
    return mask


def load_set(folder, extension, labels_of):
    clips = []
    for path in sorted(glob.glob(os.path.join(folder, "*.flac"))):
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == 16000
        frames = len(samples) * FRAMES_A_SECOND // rate
        name = os.path.basename(path)[: -len(".flac")]
        clips.append((name, samples, labels_of(path[: -len(".flac")] + extension, frames)))
    return clips


class Silero:
    """The published network, fed as its authors say: windows of 32 ms behind the last 4 ms of the one before."""

    def __init__(self, path, rate):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.rate, self.window, self.context = rate, rate * 32 // 1000, rate * 4 // 1000

    def speech(self, samples):
        state, previous = np.zeros((2, 1, 128), np.float32), np.zeros(self.context, np.float32)
        padded = np.pad(samples, (0, -len(samples) % self.window))
        out = []
        for window in padded.reshape(-1, self.window):
            feed = {"input": np.concatenate([previous, window])[None], "state": state, "sr": np.array(self.rate, np.int64)}
            probability, state = self.session.run(None, feed)
            previous = window[-self.context:]
            out.append(probability[0, 0])
        at = np.arange(len(samples) * FRAMES_A_SECOND // self.rate) * self.rate // FRAMES_A_SECOND // self.window
        return np.array(out)[at] >= 0.5


class WebRtc:
    def __init__(self, mode, rate):
        self.mode, self.rate = mode, rate

    def speech(self, samples):
        vad = webrtcvad.Vad(self.mode)
        hop = self.rate // FRAMES_A_SECOND
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        return np.array([vad.is_speech(pcm[i * hop: (i + 1) * hop].tobytes(), self.rate) for i in range(len(pcm) // hop)])


def earshot(label_command, clips, rate):
    """All clips in one go; their masks by name, and the cost that the program itself measures."""
    with tempfile.TemporaryDirectory() as folder:
        for name, samples, _ in clips:
            with wave.open(os.path.join(folder, name + ".wav"), "wb") as w:
                w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
                w.writeframes((np.clip(at_rate(samples, rate), -1, 1) * 32767).astype("<i2").tobytes())
        answer = json.loads(subprocess.run([*label_command, folder], check=True, capture_output=True, text=True).stdout)
    return {name: np.array(list(text)) == "1" for name, text in answer["files"].items()}, answer["cpuMsPerS"]


def at_rate(samples, rate):
    return samples if rate == 16000 else resample_poly(samples, 1, 16000 // rate).astype(np.float32)


def scores(pairs):
    """F1, precision and recall over all frames of a set."""
    hit = sum((found & truth).sum() for found, truth in pairs)
    found, true = sum(f.sum() for f, _ in pairs), sum(t.sum() for _, t in pairs)
    return {"f1": round(float(2 * hit / (found + true)), 4), "precision": round(float(hit / found), 4),
            "recall": round(float(hit / true), 4)}


def fit(found, truth):
    n = min(len(found), len(truth))
    return found[:n], truth[:n]


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.processor())
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, text=True).strip()
    return {"date": datetime.date.today().isoformat(), "commit": commit, "processors": f"{os.cpu_count()} x {model}",
            "onnxruntime": onnxruntime.__version__}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--silero5", required=True)
    p.add_argument("--silero6", required=True)
    p.add_argument("--labels", required=True, nargs="+", help="command that labels a folder of WAVs, Earshot's")
    p.add_argument("--out", default=os.path.join(HERE, "vad.result.json"))
    a = p.parse_args()
    sets = {"TEN": load_set(os.path.join(a.data, "vad", "ten"), ".scv", ten_labels),
            "PAV": load_set(os.path.join(a.data, "vad", "pav"), ".lab", pav_labels)}
    rows = []
    for rate in (16000, 8000):
        systems = {"Silero v6": Silero(a.silero6, rate), "Silero v5": Silero(a.silero5, rate),
                   **{f"WebRTC mode {mode}": WebRtc(mode, rate) for mode in range(4)}}
        for name, system in systems.items():
            row, spent, seconds = {"system": name, "rateHz": rate}, 0.0, 0.0
            for label, clips in sets.items():
                pairs = []
                for _, samples, truth in clips:
                    resampled = at_rate(samples, rate)
                    started = time.process_time()
                    found = system.speech(resampled)
                    spent, seconds = spent + time.process_time() - started, seconds + len(samples) / 16000
                    pairs.append(fit(found, truth))
                row[label] = scores(pairs)
            rows.append(row | {"msPerSecond": round(1000 * spent / seconds, 2)})
        row, costs = {"system": "Earshot, whole call", "rateHz": rate}, []
        for label, clips in sets.items():
            masks, cost = earshot(a.labels, clips, rate)
            row[label] = scores([fit(masks[name], truth) for name, _, truth in clips])
            costs.append(cost)
        rows.append(row | {"msPerSecond": round(float(np.mean(costs)), 2)})
    result = {"what": "speech frames of 10 ms against human labels (TEN: 15 clips, PAV: 50 clips)", "command": "python benchmarks/peers/vad.py", "machine": machine(), "rows": rows}
    with open(a.out, "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    for row in rows:
        print(f"{row['system']:22s} {row['rateHz']:5d} Hz  TEN {row['TEN']['f1']:.3f}  PAV {row['PAV']['f1']:.3f}  {row['msPerSecond']:.2f} ms/s")


main()
