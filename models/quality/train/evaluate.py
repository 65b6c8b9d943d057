"""The model on labelled files that it never saw: P.835 votes and spoken digits in noise. Only for a finished model.

Usage: evaluate.py MODEL.onnx DATA [--vad silero_vad_v6.onnx]
A file's score is the mean over the steps that are speech by the VAD (all steps where it hears none), as in a call.
"""
import argparse
import csv
import json

import numpy as np
import onnxruntime
from scipy.signal import resample_poly
from scipy.stats import spearmanr

from speech import load

STEP, CONTEXT, WINDOW = 1_280, 4, 8
HEADS = ["intelligibility", "garbled", "signal", "background", "overall"]


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def rows_of(x):
    """Windows on the grid with their context, zeros outside: [rows, 20480]."""
    rows = int(np.ceil(len(x) / (WINDOW * STEP)))
    padded = np.zeros((rows * WINDOW + 2 * CONTEXT) * STEP, np.float32)
    padded[CONTEXT * STEP : CONTEXT * STEP + len(x)] = x
    return np.stack([padded[r * WINDOW * STEP :][: (WINDOW + 2 * CONTEXT) * STEP] for r in range(rows)])


def steps_of(session, x):
    """{head: value of each whole or begun step}"""
    out = session.run(HEADS, {"audio": rows_of(x)})
    return {head: v.reshape(-1)[: int(np.ceil(len(x) / STEP))] for head, v in zip(HEADS, out)}


def speech_of(vad, x):
    """Silero's probability of each 32 ms, as the share of each step over 0.5."""
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros(32, np.float32), []
    for i in range(0, len(x) - 255, 256):
        window = np.concatenate([context, x[i : i + 256]])[None].astype(np.float32)
        p, state = vad.run(None, {"input": window, "state": state, "sr": np.array(8000, np.int64)})
        context = window[0, -32:]
        found.append(p[0, 0] > 0.5)
    steps = int(np.ceil(len(x) / STEP))
    return np.array([np.mean(found[5 * s : 5 * s + 5] or [0]) for s in range(steps)])


def score(session, vad, x):
    values, speech = steps_of(session, x), speech_of(vad, x) >= 0.5
    chosen = speech if speech.any() else np.ones(len(speech), bool)
    return {head: float(v[chosen].mean()) for head, v in values.items()}


def narrow(path):
    return resample_poly(load(path, 16_000), 1, 2).astype(np.float32)


def p835(session, vad, data):
    rows = list(csv.DictReader(open(f"{data}/quality/p835/mos.csv")))
    found = [score(session, vad, narrow(f"{data}/quality/p835/{r['file']}")) for r in rows]
    pairs = {"signal": "mos_sig", "background": "mos_bak", "overall": "mos_ovrl"}
    return {head: round(float(np.corrcoef([f[head] for f in found], [float(r[column]) for r in rows])[0, 1]), 3)
            for head, column in pairs.items()}


def digits(session, vad, data):
    rows = list(csv.DictReader(open(f"{data}/intelligibility/digits/labels.csv")))
    found = np.array([score(session, vad, narrow(f"{data}/intelligibility/digits/{r['file']}"))["intelligibility"] for r in rows])
    snr = np.array([float(r["snr_db"]) for r in rows])
    conditions = sorted(set(snr))
    means = [found[snr == c].mean() for c in conditions]
    return {"spearman_files": round(float(spearmanr(found, snr)[0]), 3), "spearman_conditions": round(float(spearmanr(means, conditions)[0]), 3),
            "mean_at_snr_db": {c: round(float(m), 3) for c, m in zip(conditions, means)}}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model"); p.add_argument("data"); p.add_argument("--vad", required=True)
    a = p.parse_args()
    session, vad = session_of(a.model), session_of(a.vad)
    print(json.dumps({"p835_pearson_files": p835(session, vad, a.data), "digits": digits(session, vad, a.data)}, indent=1))


if __name__ == "__main__":
    main()
