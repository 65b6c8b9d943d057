"""Makes the training and the held-out set: audio at 8 kHz with f0, voicing and their weights for every 10 ms.

    python make_set.py --data-root DIR --swift swift_f0.onnx --out DIR [--share 0.05]

Writes train.npz and held_out.npz with: audio (int16), f0_hz (0 = unvoiced), voicing_weight, f0_weight (one a frame, value at the
frame's centre), kind (0 human labelled by trackers, 1 WORLD, 2 source and filter), and noise.npz.
"""
import argparse
import os
import time

import numpy as np

from source_filter import utterance
from sources import ANALYSIS_RATE, load, noise_paths, speech_paths
from teachers import SwiftF0, agreement, praat_track
from world_speech import Analysis, resynthesise
from scipy.signal import resample_poly

RATE, FRAME = 8000, 80
VERSIONS = 2
SOURCE_FILTER_SECONDS = 1500
HUMAN, WORLD, SOURCE_FILTER = 0, 1, 2


class SetWriter:
    def __init__(self, rng):
        self.rng, self.parts = rng, []

    def add(self, samples, times, f0, kind, voicing_agreed=None, f0_agreed=None):
        """Cuts to whole frames, levels the clip, and takes f0 at the frames' centres."""
        frames = min(len(samples), int(times[-1] * RATE)) // FRAME
        if frames < 20:
            return
        samples = samples[: frames * FRAME]
        loud = np.sqrt(np.mean(samples**2)) + 1e-9
        samples = np.clip(samples / loud * 10 ** (self.rng.normal(-25, 4) / 20), -1, 1)
        centres = (np.arange(frames) + 0.5) * FRAME / RATE
        at = np.clip(np.round(centres / (times[1] - times[0])).astype(int), 0, len(times) - 1)
        voiced = f0[at] > 0
        known = f0 > 0
        hz = np.where(voiced, np.interp(centres, times[known], f0[known]) if known.any() else 0, 0)
        one = np.ones(frames)
        self.parts.append((
            np.round(samples * 32767).astype(np.int16), hz.astype(np.float32),
            (one if voicing_agreed is None else voicing_agreed[at]).astype(np.float32),
            (voiced if f0_agreed is None else f0_agreed[at]).astype(np.float32), np.full(frames, kind, np.int8)))
        if self.rng.random() < 0.3:
            self.pause(int(self.rng.integers(5, 60)), kind)

    def pause(self, frames, kind):
        zeros = np.zeros(frames, np.float32)
        self.parts.append((np.zeros(frames * FRAME, np.int16), zeros, zeros + 1, zeros, np.full(frames, kind, np.int8)))

    def save(self, path):
        order = self.rng.permutation(len(self.parts))
        columns = [np.concatenate([self.parts[i][c] for i in order]) for c in range(5)]
        np.savez(path, audio=columns[0], f0_hz=columns[1], voicing_weight=columns[2], f0_weight=columns[3], kind=columns[4])
        f0, kind = columns[1], columns[4]
        for k in (HUMAN, WORLD, SOURCE_FILTER):
            here = kind == k
            print(f"{path} kind {k}: {here.sum() / 6000:.1f} min, voiced {np.mean(f0[here] > 0):.2f}, "
                  f"labelled {np.mean(columns[2][here]):.3f}", flush=True)


def build(paths, swift, out, seed, source_filter_seconds):
    rng = np.random.default_rng(seed)
    writer, started = SetWriter(rng), time.time()
    for path in paths:
        wide = load(path)
        if wide is None:
            continue
        human_times = np.arange(int(len(wide) / ANALYSIS_RATE / 0.005) + 1) * 0.005
        f0, voicing_agreed, f0_agreed = agreement(wide, human_times, swift)
        writer.add(resample_poly(wide, 1, 2), human_times, f0, HUMAN, voicing_agreed, f0_agreed)
        analysis = Analysis(wide, swift)
        for _ in range(VERSIONS):
            writer.add(*resynthesise(analysis, rng), WORLD)
    made = 0.0
    while made < source_filter_seconds:
        samples, times, f0 = utterance(rng.uniform(3, 8), rng)
        writer.add(samples, times, f0, SOURCE_FILTER)
        made += times[-1]
    writer.save(out)
    print(f"{out}: {time.time() - started:.0f} s", flush=True)


def build_noise(paths, out):
    """ESC-10 at 8 kHz, each clip with how periodic Praat finds it: crying babies are not taught as unvoiced at high level."""
    audio, periodic = [], []
    for path in paths:
        wide = load(path)
        if wide is None:
            continue
        clip = resample_poly(wide, 1, 2)
        clip = clip / (np.sqrt(np.mean(clip**2)) + 1e-9)
        if len(clip) < 3 * RATE:
            clip = np.tile(clip, int(np.ceil(3 * RATE / len(clip))))
        times = np.arange(0, len(wide) / ANALYSIS_RATE, 0.01)
        audio.append(clip[: 5 * RATE].astype(np.float16))
        periodic.append(np.mean(praat_track(wide, times) > 0))
    np.savez(out, audio=np.concatenate(audio), lengths=[len(a) for a in audio], periodic=periodic)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", default=os.environ.get("EARSHOT_DATA", "../shared/data"))
    parser.add_argument("--swift", required=True, help="swift_f0.onnx of the PyPI package swift-f0")
    parser.add_argument("--out", required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the material, for a pilot")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    swift = SwiftF0(options.swift)
    train, held_out = speech_paths(options.data_root, seed=1)
    train = train[:: max(1, round(1 / options.share))]
    build_noise(noise_paths(options.data_root), os.path.join(options.out, "noise.npz"))
    build(held_out, swift, os.path.join(options.out, "held_out.npz"), 2, 150)
    build(train, swift, os.path.join(options.out, "train.npz"), 3, SOURCE_FILTER_SECONDS * options.share)


if __name__ == "__main__":
    main()
