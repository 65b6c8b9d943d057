"""Makes the training items: 9 s of degraded speech at 8 kHz with labels for each step of 160 ms.

Usage: make_items.py OUT.npz --data DIR [--count 2000] [--seed 1] [--held-out] [--tts DIR] [--teacher dnsmos_sig_bak_ovr.onnx] [--cleaned]
`--cleaned` makes only speech out of noise suppressors, and asks the teacher about each item.
"""
import argparse
import time

import numpy as np
from scipy.signal import resample_poly

import degrade as d
from labels import equivalent_q_db, overall, p835, stoi_both, understood_logit
from speech import RATE, Corpus
from teacher import Teacher

SECONDS = 9.01
STEP_S = 0.16
STEPS = 56
GARBLED_LOGIT = -4.0
Q_CLEAN_DB, SNR_CLEAN_DB = 36.0, 45.0


def distort(rng, x):
    """One distortion of the speech itself: (speech, equivalent Q in dB). Corrections from signal to ear are set by kind."""
    kind = rng.choice(["none", "mnru", "codec", "clip", "loss", "filter", "reverb"], p=[0.3, 0.37, 0.05, 0.06, 0.08, 0.07, 0.07])
    if kind == "none":
        return x, Q_CLEAN_DB
    if kind == "mnru":
        q = rng.uniform(-2, 40)
        return d.mnru(rng, x, q), min(q, Q_CLEAN_DB)
    if kind == "codec":
        y = d.coded(x, rng.choice(["gsm", "6k", "10k"], p=[0.6, 0.2, 0.2]))
        return y, equivalent_q_db(x, y) + 6
    if kind == "clip":
        y = d.clipped(x, 10 ** rng.uniform(0.3, 2))
        return y, 0.6 * equivalent_q_db(x, y) + 7
    if kind == "loss":
        share = rng.uniform(0.005, 0.25)
        return d.lossy(rng, x, share, rng.choice(["zero", "repeat", "burst"])), 23 - 75 * share
    y = d.filtered(rng, x) if kind == "filter" else d.reverberated(rng, x, rng.uniform(0.2, 1.2))
    return y, 0.5 * equivalent_q_db(x, y) + 11


def with_noise(rng, speech, clean, snr_db):
    noise = CORPUS.noise(rng, len(speech), clean)
    voiced = clean[np.abs(clean) > 0.002]
    return noise * d.rms(voiced) * 10 ** (-snr_db / 20)


def steady(rng, families, snr_range, noisy, distorted):
    """The whole item degraded alike. (heard, logit, garbled, q, snr)"""
    pause = (0.1, 0.6) if rng.random() < 0.6 else (0.4, 1.4)
    x, own_snr = CORPUS.talk(rng, SECONDS, families, pause)
    y, q = distort(rng, x) if rng.random() < distorted else (x, Q_CLEAN_DB)
    snr = SNR_CLEAN_DB
    heard = y
    if rng.random() < noisy:
        snr = rng.uniform(*snr_range)
        noise = with_noise(rng, y, x, snr)
        if snr > -3 and rng.random() < 0.12:
            speech, noise = d.suppressed(rng, y, noise)
            q = min(q, equivalent_q_db(x, speech) + 4)
            y, snr = speech, min(SNR_CLEAN_DB, 20 * np.log10(d.rms(speech[np.abs(x) > 0.002]) / d.rms(noise)))
        heard = y + noise
    logit = understood_logit(*stoi_both(x, heard))
    return heard, x, np.full(STEPS, logit), np.zeros(STEPS), q, both_snr(snr, own_snr)


def cleaned(rng):
    """Noisy speech through a suppressor, as P.835 panels mostly hear it. As `steady`."""
    x, own_snr = CORPUS.talk(rng, SECONDS, None, (0.1, 1.0))
    y, q = (d.mnru(rng, x, 25), 25) if rng.random() < 0.1 else (x, Q_CLEAN_DB)
    noise = with_noise(rng, y, x, rng.uniform(-5, 25))
    speech, left = (d.suppressed if rng.random() < 0.3 else d.masked)(rng, y, noise)
    snr = min(SNR_CLEAN_DB, 20 * np.log10(d.rms(speech[np.abs(x) > 0.002]) / d.rms(left)))
    logit = understood_logit(*stoi_both(x, speech + left))
    return speech + left, x, np.full(STEPS, logit), np.zeros(STEPS), min(q, equivalent_q_db(x, speech) + 4), both_snr(snr, own_snr)


def failing(rng):
    """A stretch of the item fails as synthesis fails; the rest is clean."""
    x, own_snr = CORPUS.talk(rng, SECONDS, None, (0.08, 0.4))
    length = int(rng.uniform(1.0, 4.5) * RATE) if rng.random() < 0.85 else len(x)
    a = int(rng.integers(0, max(1, len(x) - length)))
    seg = x[a : a + length]
    kind = rng.choice(["scrambled", "loop", "reversed", "speed", "robot", "chopped", "crowd", "holes", "clip"],
                      p=[0.46, 0.1, 0.08, 0.08, 0.08, 0.05, 0.05, 0.05, 0.05])
    logit, garbled, sig = GARBLED_LOGIT, 1.0, 1.5
    if kind == "scrambled":
        y = d.scrambled(rng, seg)
    elif kind == "loop":
        y, logit, garbled = d.looped(rng, seg), -2.5, 0.0
    elif kind == "reversed":
        y = seg[::-1]
    elif kind == "speed":
        factor = rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.25, 2.4)])
        off = abs(np.log2(factor))
        y, logit, garbled, sig = d.sped(seg, factor), 4 - 7.5 * off, float(np.clip((off - 0.55) / 0.4, 0, 1)), 4.5 - 3 * min(1, off)
    elif kind == "robot":
        y, width = d.whispering_robot(rng, seg)
        logit, garbled, sig = 3.0 - 0.16 * width, float(np.clip((width - 25) / 15, 0, 1)) * 0.6, 2.2
    elif kind == "chopped":
        y, logit, garbled, sig = d.chopped(rng, seg), -2.0, 0.0, 1.5
    elif kind == "crowd":
        y = seg + sum(CORPUS.talk(rng, len(seg) / RATE + 0.01)[0][: len(seg)] for _ in range(rng.integers(3, 7)))
        logit, garbled, sig = -2.5, 0.0, 2.5
    elif kind == "holes":
        y, logit, garbled, sig = seg.copy(), 2.5, 0.0, 2.2
        for _ in range(3):
            h = int(rng.uniform(0, max(1, len(seg) - 0.3 * RATE)))
            y[h : h + int(rng.uniform(0.1, 0.3) * RATE)] = 0
    else:
        y = d.clipped(seg, rng.uniform(5, 15))
        logit, garbled, sig = understood_logit(*stoi_both(seg, y)), 0.0, 1.8
    full = x.copy()
    full[a : a + len(y)] = y
    share = covered(a, a + len(y))
    snr = SNR_CLEAN_DB
    base = 4.5
    if rng.random() < 0.35:
        snr = rng.uniform(8, 40)
        noise = with_noise(rng, x, x, snr)
        base = understood_logit(*stoi_both(x, x + noise))
        full = full + noise
    if rng.random() < 0.25:
        full = d.lossy(rng, full, rng.uniform(0, 0.05), "zero")
    return full, x, base * (1 - share) + min(logit, base) * share, garbled * share, sig, share, both_snr(snr, own_snr)


def both_snr(added_db, own_db):
    return -10 * np.log10(10 ** (-added_db / 10) + 10 ** (-own_db / 10))


def covered(a, b):
    """Share of each step within [a, b)."""
    at = np.arange(STEPS + 1) * STEP_S * RATE
    return np.clip((np.minimum(at[1:], b) - np.maximum(at[:-1], a)) / (STEP_S * RATE), 0, 1)


def line(rng, y):
    """To 8 kHz at some level, through the line: its noise, G.711, 16 bits."""
    z = resample_poly(y, 1, 2)
    z = z / (d.rms(z) + 1e-9) * 10 ** (rng.uniform(-42, -12) / 20)
    z = z + rng.normal(size=len(z)) * rng.choice([0, 1, 3, 10]) / 32768
    if rng.random() < 0.5:
        z = d.mulaw(z, rng.choice([127, 127, 128]))
    return np.round(np.clip(z, -1, 1) * 32767).astype(np.int16)


def item(rng, teacher, kind=None):
    kind = kind or rng.choice(["p835", "hard", "fails", "clean"], p=[0.40, 0.22, 0.30, 0.08])
    teach = np.full(3, np.nan)
    if kind == "fails":
        heard, x, logit, garbled, sig, share, snr = failing(rng)
        s0, bak, _ = p835(Q_CLEAN_DB, snr)
        signal = s0 * (1 - share) + min(sig, s0) * share
        background = np.full(STEPS, bak)
    else:
        if kind == "p835":
            heard, x, logit, garbled, q, snr = steady(rng, None, (-5, 45), 0.75, 1.0)
            if teacher is not None and rng.random() < 0.6:
                teach = teacher.score(heard)
        elif kind == "cleaned":
            heard, x, logit, garbled, q, snr = cleaned(rng)
            if teacher is not None:
                teach = teacher.score(heard)
        elif kind == "hard":
            families = ["words", "prompts", "agents"] if rng.random() < 0.4 else None
            heard, x, logit, garbled, q, snr = steady(rng, families, (-19, 12), 1.0, 0.1)
        else:
            heard, x, logit, garbled, q, snr = steady(rng, None, (25, 45), 0.4, 0.0)
        sig, bak, _ = p835(q, snr)
        signal, background = np.full(STEPS, sig), np.full(STEPS, bak)
    level = np.abs(x[: int(STEPS * STEP_S * RATE)]).reshape(STEPS, -1).max(1)
    labels = np.stack([logit, garbled, signal, background, overall(signal, background), level > 0.01]).astype(np.float32)
    return line(rng, heard), labels, teach, kind


def main():
    global CORPUS
    p = argparse.ArgumentParser()
    p.add_argument("out"); p.add_argument("--data", required=True); p.add_argument("--count", type=int, default=2000)
    p.add_argument("--seed", type=int, default=1); p.add_argument("--held-out", action="store_true")
    p.add_argument("--tts"); p.add_argument("--teacher")
    p.add_argument("--cleaned", dest="kind", action="store_const", const="cleaned")
    a = p.parse_args()
    CORPUS = Corpus(a.data, held_out=a.held_out, tts=a.tts)
    teacher = Teacher(a.teacher) if a.teacher else None
    began = time.time()
    rows = []
    for i in range(a.count):
        rows.append(item(np.random.default_rng((a.seed, i)), teacher, a.kind))
        if i % 200 == 199:
            print(i + 1, f"{time.time() - began:.0f} s", flush=True)
    audio, labels, teach, kinds = zip(*rows)
    np.savez(a.out, audio=np.stack(audio), labels=np.stack(labels), teacher=np.stack(teach), kind=np.array(kinds))


if __name__ == "__main__":
    main()
