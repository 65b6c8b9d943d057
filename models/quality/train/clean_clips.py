"""Whole clips of the training callers as they are: narrow bands, low levels, nothing garbled.

Usage: clean_clips.py OUT.npz --data DIR [--seed 21]
Each clip gives two items; scores of P.835 are not known and stay NaN.
"""
import argparse

import numpy as np
from scipy.signal import butter, sosfilt

from make_items import SECONDS, STEP_S, STEPS, line
from speech import RATE, files, load, speaker_of, split

UNDERSTOOD_LOGIT = 4.5
BANDS_HZ = [(60, 3900), (200, 3600), (300, 3400), (350, 3000), (150, 2500)]


def narrowed(rng, x):
    low, high = BANDS_HZ[rng.integers(len(BANDS_HZ))]
    return sosfilt(butter(int(rng.integers(2, 5)), [low, high], "bandpass", fs=RATE, output="sos"), x)


def quiet(rng, samples):
    """Half of the items down to the last bits of a line."""
    return np.round(samples * 10 ** (-rng.uniform(6, 20) / 20)).astype(np.int16) if rng.random() < 0.5 else samples


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out"); p.add_argument("--data", required=True); p.add_argument("--seed", type=int, default=21)
    a = p.parse_args()
    rng = np.random.default_rng(a.seed)
    audio, labels = [], []
    for path in split(files(f"{a.data}/clips/callers/*"), speaker_of)[0] * 2:
        x = load(path)
        x = np.resize(np.concatenate([x, np.zeros(RATE // 3)]), int(SECONDS * RATE) if len(x) < SECONDS * RATE else len(x))
        start = int(rng.integers(len(x) - int(SECONDS * RATE) + 1))
        x = x[start : start + int(SECONDS * RATE)]
        level = np.abs(x[: int(STEPS * STEP_S * RATE)]).reshape(STEPS, -1).max(1)
        unknown = np.full(STEPS, np.nan)
        labels.append(np.stack([np.full(STEPS, UNDERSTOOD_LOGIT), np.zeros(STEPS), unknown, unknown, unknown, level > level.max() * 0.05]))
        audio.append(quiet(rng, line(rng, narrowed(rng, x))))
    np.savez(a.out, audio=np.stack(audio), labels=np.stack(labels).astype(np.float32))


if __name__ == "__main__":
    main()
