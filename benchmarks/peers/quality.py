"""Our quality model and DNSMOS P.835 on the same files: P.835 votes (39 clips), spoken digits in noise (110), and the cost of both.

Usage: quality.py --data DIR --models DIR [--out benchmarks/peers/quality.result.json]
`--models` holds dnsmos_sig_bak_ovr.onnx (PyPI speechmos, microsoft/DNS-Challenge) and silero_vad_v6.onnx. Costs are processor time of
one thread, the lowest of several runs.
"""
import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import time

import numpy as np
import onnxruntime
from scipy.stats import spearmanr

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "models", "quality", "train"))
from evaluate import digits, p835, session_of  # noqa: E402
from speech import load  # noqa: E402
from teacher import SAMPLES, Teacher  # noqa: E402

SCORES = {"signal": "mos_sig", "background": "mos_bak", "overall": "mos_ovrl"}


def pearson(a, b):
    return round(float(np.corrcoef(a, b)[0, 1]), 3)


def dnsmos_p835(teacher, data):
    rows = list(csv.DictReader(open(f"{data}/quality/p835/mos.csv")))
    found = np.array([teacher.score(load(f"{data}/quality/p835/{r['file']}")) for r in rows])
    return {head: pearson(found[:, i], [float(r[column]) for r in rows]) for i, (head, column) in enumerate(SCORES.items())}


def dnsmos_digits(teacher, data):
    """Its overall score stands in for intelligibility, which it does not tell."""
    rows = list(csv.DictReader(open(f"{data}/intelligibility/digits/labels.csv")))
    found = np.array([teacher.score(load(f"{data}/intelligibility/digits/{r['file']}"))[2] for r in rows])
    snr = np.array([float(r["snr_db"]) for r in rows])
    conditions = sorted(set(snr))
    means = [found[snr == c].mean() for c in conditions]
    return {"spearman_files": round(float(spearmanr(found, snr)[0]), 3),
            "spearman_conditions": round(float(spearmanr(means, conditions)[0]), 3)}


def cost(session, name, samples, seconds, batch, runs):
    """Milliseconds of processor time a second of audio."""
    audio = (np.random.default_rng(1).normal(size=(batch, samples)) * 0.05).astype(np.float32)
    session.run(None, {name: audio})
    times = []
    for _ in range(runs):
        began = time.process_time()
        session.run(None, {name: audio})
        times.append(time.process_time() - began)
    return round(min(times) * 1e3 / (batch * seconds), 3)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "commit": commit, "processors": f"{os.cpu_count()} x {model}",
            "onnxruntime": onnxruntime.__version__}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default=os.environ.get("EARSHOT_DATA", os.path.join(ROOT, "..", "shared", "data")))
    p.add_argument("--models", required=True)
    p.add_argument("--out", default=os.path.join(HERE, "quality.result.json"))
    a = p.parse_args()
    ours, vad = session_of(os.path.join(ROOT, "models", "quality", "quality.onnx")), session_of(f"{a.models}/silero_vad_v6.onnx")
    teacher = Teacher(f"{a.models}/dnsmos_sig_bak_ovr.onnx")
    second = lambda session, name, samples, seconds, many: {
        "batch 1": cost(session, name, samples, seconds, 1, 5), f"batch {many}": cost(session, name, samples, seconds, many, 2)}
    result = {
        "what": "Pearson with human votes for each of 39 files; Spearman with SNR over 110 files of digits, and over its 11 conditions; "
        "ms of processor time a second of audio, one thread, context included",
        "command": "python benchmarks/peers/quality.py",
        "machine": machine(),
        "ours (8 kHz)": {"p835": p835(ours, vad, a.data), "digits": digits(ours, vad, a.data),
                         "msPerSecond": second(ours, "audio", 20480, 1.28, 64)},
        "DNSMOS P.835 (16 kHz)": {"p835": dnsmos_p835(teacher, a.data), "digits (overall)": dnsmos_digits(teacher, a.data),
                                  "msPerSecond": second(teacher.session, teacher.input, SAMPLES, SAMPLES / 16000, 8)},
    }
    with open(a.out, "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
