"""python statistics_of.py EMODB_FOLDER NOISE_FOLDER OUT.npz: EmoDB through many lines, as the network's statistics."""
import argparse
import csv
import os

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly

from net import AFTER, BEFORE, ROW, WINDOW, Statistics
from augment import line  # of models/syllables/train, put on the path by net.py
from noises import noises_of

HIGH, LOW = ("anger", "fear", "happiness"), ("sadness", "boredom", "neutral")
STEP = WINDOW // 8
SPEECH_BELOW_PEAK_DB = 30
PITCH_SHIFT_SEMITONES = 3


def rows_of(padded):
    """Windows on their grid with their context; the first window begins BEFORE samples in."""
    windows = (len(padded) - BEFORE - AFTER) // WINDOW
    return np.stack([padded[i * WINDOW : i * WINDOW + ROW] for i in range(windows)])


def placed(samples, lead):
    """The clip `lead` samples into the grid, silence around it to whole windows."""
    windows = -(-(lead + len(samples)) // WINDOW)
    padded = np.zeros(BEFORE + windows * WINDOW + AFTER, np.float32)
    padded[BEFORE + lead : BEFORE + lead + len(samples)] = samples
    return padded


def speech_steps(samples):
    """Steps of 160 ms whose loudest 10 ms is within 30 dB of the utterance's loudest: as a caller's speech flags would say."""
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    loud = level > np.percentile(level, 97) - SPEECH_BELOW_PEAK_DB
    steps = -(-len(loud) // 16)
    return np.pad(loud, (0, steps * 16 - len(loud))).reshape(-1, 16).mean(axis=1) >= 0.5


def clips_of(folder):
    for row in csv.DictReader(open(os.path.join(folder, "labels.csv"))):
        if row["emotion"] in HIGH + LOW:
            samples, rate = soundfile.read(os.path.join(folder, row["file"]), dtype="float32")
            yield resample_poly(samples, 1, rate // 8000).astype(np.float32), row["emotion"] in HIGH, row["speaker"], row["file"]


def other_voice(samples, rng):
    """Played a little faster or slower: another speaker's pitch and vocal tract, the manner kept."""
    semitones = rng.uniform(-PITCH_SHIFT_SEMITONES, PITCH_SHIFT_SEMITONES)
    return resample_poly(samples, 200, int(round(200 * 2 ** (semitones / 12)))).astype(np.float32)


def heard(statistics, samples, rng, noises, copy):
    """Statistics of the speech steps of one copy; copy 0 is the clip as it is, at a random level."""
    if copy % 2 == 1:
        samples = other_voice(samples, rng)
    around = placed(samples, int(rng.integers(0, 8)) * STEP)
    speech = speech_steps(around[BEFORE:-AFTER])
    gain = 10 ** (rng.uniform(-40, -5) / 20) / np.abs(samples).max()
    said = around * gain if copy == 0 else line(around, rng, noises)
    with torch.no_grad():
        steps = statistics(torch.tensor(rows_of(said.astype(np.float32)))).numpy().reshape(-1, Statistics.SIZE)
    return steps[speech]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("emodb")
    parser.add_argument("noise")
    parser.add_argument("out")
    parser.add_argument("--copies", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng, statistics, noises = np.random.default_rng(7), Statistics(), list(noises_of(arguments.noise))
    values, owner, copies, clips = [], [], [], list(clips_of(arguments.emodb))
    for copy in range(arguments.copies):
        for index, (samples, *_) in enumerate(clips):
            steps = heard(statistics, samples, rng, noises, copy)
            values.append(steps)
            owner += [index] * len(steps)
            copies += [copy] * len(steps)
        print(copy, len(owner), flush=True)
    np.savez(arguments.out, values=np.concatenate(values), owner=owner, copies=copies, high=[clip[1] for clip in clips],
             speakers=[clip[2] for clip in clips], files=[clip[3] for clip in clips])


if __name__ == "__main__":
    main()
