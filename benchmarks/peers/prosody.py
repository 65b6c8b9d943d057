"""
Prosody against its peers and its truth: python benchmarks/peers/prosody.py [--synthetic FOLDER]

  periods    jitter, shimmer and harmonicity of human speech, ours against Praat's, on the same samples and the same contour
  syllables  our nuclei against known counts: held-out synthetic speech (models/syllables/train/synthesise.py), human prompts
             counted by hand (syllables.counts.json), two whole sentences of EmoDB; beside them de Jong & Wempe's method in Praat
  arousal    recall of high and low on EmoDB (the model has heard these speakers; leave-one-speaker-out is in its card)
  cost       ms of compute a second of audio, batch 64, one thread

Needs `npm run build` first (periods.ts runs compiled). The result is written beside this file.
"""
import argparse
import csv
import datetime
import glob
import json
import os
import platform
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import parselmouth
import soundfile
from parselmouth.praat import call
from scipy.signal import resample_poly

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.environ.get("EARSHOT_DATA", os.path.join(ROOT, "..", "shared", "data"))
NUCLEUS = {"file": "syllables/syllables.onnx", "output": "nucleus", "before": 2560, "window": 10240, "after": 2560}
AROUSAL = {"file": "arousal/arousal.onnx", "output": "arousal", "before": 5120, "window": 10240, "after": 5120}
NUCLEUS_MIN, APART_FRAMES = 0.35, 5  # core/voice/syllableRate.ts
HIGH, LOW = ("anger", "fear", "happiness"), ("sadness", "boredom", "neutral")


def read(path, rate_hz=8000):
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    divisor = np.gcd(rate, rate_hz)
    return resample_poly(samples.mean(axis=1), rate_hz // divisor, rate // divisor).astype(np.float32)


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(os.path.join(ROOT, "models", model["file"]), options)


def windows_of(samples, model):
    count = -(-len(samples) // model["window"])
    padded = np.zeros(model["before"] + count * model["window"] + model["after"], np.float32)
    padded[model["before"] : model["before"] + len(samples)] = samples
    row = model["before"] + model["window"] + model["after"]
    return np.stack([padded[i * model["window"] : i * model["window"] + row] for i in range(count)])


def told(running, model, samples):
    return running.run([model["output"]], {"audio": windows_of(samples, model)})[0].ravel()


# Periods


def pitch_of(samples):
    """Praat's contour on the middles of 10 ms frames, 0 = unvoiced, and the Pitch object it comes from."""
    sound = parselmouth.Sound(samples.astype(np.float64), 8000)
    pitch = call(sound, "To Pitch (ac)", 0.01, 75, 15, False, 0.03, 0.45, 0.01, 0.35, 0.14, 500)
    frames = len(samples) // 80
    f0 = [call(pitch, "Get value at time", 0.01 * frame + 0.005, "Hertz", "Linear") for frame in range(frames)]
    return sound, pitch, [0.0 if np.isnan(hz) else round(hz, 3) for hz in f0]


def praat_measures(sound, pitch):
    points = call([sound, pitch], "To PointProcess (cc)")
    harmonicity = call(sound, "To Harmonicity (ac)", 0.01, 75, 0.1, 4.5)
    return {"jitterPercent": 100 * call(points, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3),
            "shimmerPercent": 100 * call([sound, points], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6),
            "harmonicityDb": call(harmonicity, "Get mean", 0, 0)}


def periods(paths):
    theirs, listed = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            samples = read(path)[: 10 * 8000]
            wav = os.path.join(folder, f"{number}.wav")
            soundfile.write(wav, samples, 8000, subtype="PCM_16")
            sound, pitch, f0 = pitch_of(read(wav))
            theirs.append(praat_measures(sound, pitch))
            listed.append({"wav": wav, "f0Hz": f0})
        path = os.path.join(folder, "list.json")
        with open(path, "w") as file:
            json.dump(listed, file)
        script = os.path.join(ROOT, "dist/benchmarks/peers/periods.js")
        ours = json.loads(subprocess.run(["node", script, path], capture_output=True, text=True, check=True).stdout)
    result = {"recordings": len(paths), "msPerVoicedSecond": round(ours["msPerVoicedS"], 2)}
    for name in ("jitterPercent", "shimmerPercent", "harmonicityDb"):
        pairs = [(mine[name], praat[name]) for mine, praat in zip(ours["measured"], theirs) if mine[name] is not None]
        a, b = np.array([pair for pair in pairs if not np.isnan(pair[1])]).T
        result[name] = {"n": len(a), "correlation": round(float(np.corrcoef(a, b)[0, 1]), 3),
                        "oursMean": round(float(a.mean()), 3), "praatMean": round(float(b.mean()), 3),
                        "meanAbsoluteDifference": round(float(np.abs(a - b).mean()), 3)}
    return result


# Syllables


def nuclei(probability):
    best = []
    for i in np.argsort(-probability, kind="stable"):
        if probability[i] < NUCLEUS_MIN:
            break
        if probability[max(0, i - 1) : i + 2].max() == probability[i] and all(abs(i - j) >= APART_FRAMES for j in best):
            best.append(i)
    return len(best)


def de_jong_wempe(samples, silence_db=-25, dip_db=2):
    """Peaks of intensity that are loud, voiced and set off by a dip (de Jong & Wempe 2009, the 2010 script's settings)."""
    sound = parselmouth.Sound(samples.astype(np.float64), 8000)
    intensity = sound.to_intensity(minimum_pitch=50, subtract_mean=False)
    level = intensity.values[0]
    times = intensity.xs()
    loud = np.quantile(level, 0.99)
    threshold = max(loud + silence_db, level.min())
    above = [i for i in range(1, len(level) - 1) if level[i] > threshold]
    tops = [i for i in above if level[i] > level[i - 1] and level[i] >= level[i + 1]]
    kept = []
    for here, following in zip(tops, tops[1:] + [None]):
        dip = level[here : following + 1].min() if following else level[here:].min()
        if level[here] - dip > dip_db:
            kept.append(here)
    pitch = sound.to_pitch_ac(time_step=0.02, pitch_floor=30, pitch_ceiling=450, max_number_of_candidates=4,
                              voicing_threshold=0.25,
                              silence_threshold=0.03, octave_cost=0.01, octave_jump_cost=0.35,
                              voiced_unvoiced_cost=0.25)
    return sum(not np.isnan(call(pitch, "Get value at time", times[i], "Hertz", "Linear")) for i in kept)


def rate_errors(running, items):
    """The relative error of the count is that of the rate, whatever the duration is taken to be."""
    ours, peer, all_ours, all_true = [], [], 0, 0
    for samples, count in items:
        found = nuclei(told(running, NUCLEUS, samples))
        all_ours, all_true = all_ours + found, all_true + count
        ours.append(found / count - 1)
        peer.append(de_jong_wempe(samples) / count - 1)
    figures = {"utterances": len(ours), "syllables": int(all_true), "overAllCounts": round(all_ours / all_true - 1, 3)}
    for name, errors in (("ours", ours), ("deJongWempe", peer)):
        figures[name] = {"meanAbsoluteError": round(float(np.mean(np.abs(errors))), 3),
                         "meanError": round(float(np.mean(errors)), 3),
                         "medianAbsoluteError": round(float(np.median(np.abs(errors))), 3)}
    return figures


def synthetic_items(folder, seed):
    """Held-out texts by held-out voices; with a seed, each through a line drawn by it."""
    import sys

    sys.path.append(os.path.join(ROOT, "models/syllables/train"))
    from augment import line
    from noises import noises_of

    data = dict(np.load(os.path.join(folder, "test.npz")))
    noises = list(noises_of(os.path.join(DATA, "clips/noise"))) if seed else []
    rng = np.random.default_rng(seed or 0)
    for start, end, count in zip(np.concatenate([[0], data["ends"][:-1]]), data["ends"], data["counts"]):
        samples = data["audio"][start:end].astype(np.float32) / 32768
        yield (line(samples, rng, noises) if seed else samples), int(count)


def prompt_items(counts):
    for name, count in counts["asteriskPrompts"].items():
        yield read(os.path.join(DATA, "clips/agents", name)), count


def emodb_rows():
    with open(os.path.join(DATA, "prosody/emodb/labels.csv")) as file:
        return list(csv.DictReader(file))


def emodb_items(counts):
    """The clips are cut at 2 s: only the two short sentences, where the clip ends in silence, are whole."""
    for row in emodb_rows():
        if row["text_id"] in counts["emodbTexts"]:
            samples = read(os.path.join(DATA, "prosody/emodb", row["file"]))
            if np.abs(samples[-800:]).max() < 0.05 * np.abs(samples).max():
                yield samples, counts["emodbTexts"][row["text_id"]]


def syllables(folder):
    running = session(NUCLEUS)
    with open(os.path.join(HERE, "syllables.counts.json")) as file:
        counts = json.load(file)
    result = {"promptsCountedByHand": rate_errors(running, prompt_items(counts)),
              "emodbSentences": rate_errors(running, emodb_items(counts))}
    if folder:
        result["syntheticHeldOut"] = rate_errors(running, synthetic_items(folder, None))
        result["syntheticHeldOutThroughLines"] = rate_errors(running, synthetic_items(folder, 5))
    return result


# Arousal and cost


def speech_steps(samples):
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80).astype(np.float64)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = level > np.percentile(level, 97) - 30
    return np.pad(loud, (0, -len(loud) % 16)).reshape(-1, 16).mean(axis=1) >= 0.5


def arousal():
    running, rng = session(AROUSAL), np.random.default_rng(3)
    rows = [row for row in emodb_rows() if row["emotion"] in HIGH + LOW]
    right = {True: [], False: []}
    for row in rows:
        samples = read(os.path.join(DATA, "prosody/emodb", row["file"]))
        samples *= 10 ** (rng.uniform(-40, -5) / 20) / np.abs(samples).max()
        speech = speech_steps(samples)
        score = told(running, AROUSAL, samples)[: len(speech)][speech].mean()
        high = row["emotion"] in HIGH
        right[high].append((score > 0.5) == high)
    with open(os.path.join(ROOT, "models/arousal/card.json")) as file:
        card = json.load(file)
    recalls = {name: round(float(np.mean(right[high])), 3) for name, high in (("high", True), ("low", False))}
    return {"utterances": len(rows), "heardInTraining": {**recalls, "uar": round(float(np.mean(list(recalls.values()))), 3)},
            "leaveOneSpeakerOut": card["scores"]["emodbLeaveOneSpeakerOut"]}


def cost(model, batch=64, runs=10):
    running = session(model)
    row = model["before"] + model["window"] + model["after"]
    audio = (np.random.default_rng(1).standard_normal((batch, row)) * 0.1).astype(np.float32)
    running.run(None, {"audio": audio})
    spent = []
    for _ in range(runs):
        began = time.process_time()
        running.run(None, {"audio": audio})
        spent.append(time.process_time() - began)
    return round(float(np.median(spent)) * 1000 / batch / (model["window"] / 8000), 3)


def machine():
    with open("/proc/cpuinfo") as file:
        name = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "commit": commit, "processors": f"{os.cpu_count()} x {name}",
            "onnxruntime": onnxruntime.__version__, "praat": parselmouth.PRAAT_VERSION}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synthetic", help="folder that models/syllables/train/synthesise.py made")
    arguments = parser.parse_args()
    callers = sorted(glob.glob(os.path.join(DATA, "clips/callers/*.flac")))
    actors = sorted(glob.glob(os.path.join(DATA, "prosody/emodb/*.flac")))[::4]
    result = {"command": "python benchmarks/peers/prosody.py --synthetic FOLDER", "machine": machine(),
              "periodsAgainstPraat": periods(callers + actors),
              "syllableRate": syllables(arguments.synthetic), "arousal": arousal(),
              "costMsPerSecondOfAudio": {"syllables": cost(NUCLEUS), "arousal": cost(AROUSAL)}}
    print(json.dumps(result, indent=2))
    with open(os.path.join(HERE, "prosody.result.json"), "w") as file:
        json.dump(result, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
