"""Pitch on the FDA set (laryngograph truth): our model and its peers, clean and in noise, with what each costs.

    python benchmarks/peers/pitch.py [--data-root DIR] [--swift swift_f0.onnx] [--crepe crepe_tiny.onnx] [--pitchfinder DIR]

Peers whose file is not given are left out. All hear the same 50 files, brought from 20 to 8 kHz by a polyphase filter (SwiftF0
and CREPE: those up to 16 kHz; "full band" is SwiftF0 on the 20 kHz original brought to 16 kHz, clean only).

Reference value i stands at 15 i ms. A tracker's value there is interpolated linearly between its frames' centres: f0 in octaves
where both neighbours are voiced and within 20 % of each other (else the surer one's), confidence likewise, voiced above the
threshold. Thresholds: ours 0.5, SwiftF0 0.9 (its default), CREPE 0.5, Praat and harvest their own decision, all searching 50 to
500 Hz. Nothing was fitted here.

  voicing error   share of all reference frames with the wrong voicing
  gross error     |ratio - 1| > 20 %, of the frames voiced in both
  fine error      median |cents| of the others

Noise is 10 dB below the file's speech (mean power over the reference's voiced span): white, or shaped like the set's long-term
spectrum and swelling like babble (the sum of eight rolled envelopes); seeded. "Lag" moves the reference by that many ms: the best
fine error at 0 shows that the clocks agree. Costs are processor time of one thread, which a busy machine blurs less than wall time.
"""
import argparse
import datetime
import glob
import json
import os
import platform
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort
import soundfile as sf
from scipy.signal import butter, resample_poly, sosfilt, welch

RATE, FRAME, CONTEXT, WINDOW = 8000, 80, 1280, 5120
F0_MIN_HZ, F0_MAX_HZ = 50.0, 500.0
SNR_DB = 10
HERE = os.path.dirname(os.path.abspath(__file__))


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


# Trackers: samples at 8 kHz -> (frame times in s, f0 in Hz, voicing, threshold)

def ours(path):
    model = session(path)

    def track(samples):
        windows = -(-len(samples) // WINDOW)
        padded = np.pad(samples, (CONTEXT, windows * WINDOW - len(samples) + CONTEXT)).astype(np.float32)
        rows = np.stack([padded[w * WINDOW:(w + 1) * WINDOW + 2 * CONTEXT] for w in range(windows)])
        f0, voicing = model.run(["f0_hz", "voicing"], {"audio": rows})
        frames = np.arange(f0.size)
        return (frames + 0.5) * FRAME / RATE, f0.ravel(), voicing.ravel(), 0.5

    return track


def swift(path, band="narrow"):
    model = session(path)

    def track(samples):
        wide = samples if band == "full" else resample_poly(samples, 2, 1)
        f0, confidence = model.run(["pitch_hz", "confidence"], {"input_audio": wide[None].astype(np.float32)})
        inside = (f0[0] >= F0_MIN_HZ) & (f0[0] <= F0_MAX_HZ)
        return np.arange(f0.shape[1]) * 256 / 16000, f0[0], confidence[0] * inside, 0.9

    return track


def crepe(path):
    model = session(path)
    cents = 1997.3794084376191 + 20 * np.arange(360)

    def track(samples):
        wide = np.pad(resample_poly(samples, 2, 1), 512)
        starts = np.arange(80, len(wide) - 1024, 160)  # centres at 5, 15, ... ms
        frames = np.stack([wide[s:s + 1024] for s in starts])
        frames = (frames - frames.mean(1, keepdims=True)) / np.maximum(frames.std(1, keepdims=True), 1e-8)
        salience = np.concatenate([model.run(None, {"frames": part.astype(np.float32)})[0] for part in np.array_split(frames, 8)])
        low, high = (int(np.searchsorted(cents, 1200 * np.log2(hz / 10))) for hz in (F0_MIN_HZ, F0_MAX_HZ))
        salience[:, :low], salience[:, high:] = 0, 0
        peak = salience.argmax(1)
        near = np.abs(np.arange(360)[None] - peak[:, None]) <= 4
        weights = salience * near
        hz = 10 * 2 ** ((weights @ cents) / np.maximum(weights.sum(1), 1e-9) / 1200)
        return starts / 16000, hz, salience.max(1), 0.5

    return track


def praat(samples):
    import parselmouth
    pitch = parselmouth.Sound(samples, RATE).to_pitch_ac(time_step=0.01, pitch_floor=F0_MIN_HZ, pitch_ceiling=F0_MAX_HZ)
    f0 = pitch.selected_array["frequency"]
    return pitch.xs(), f0, (f0 > 0).astype(float), 0.5


def harvest(samples):
    import pyworld
    f0, times = pyworld.harvest(samples, RATE, f0_floor=F0_MIN_HZ, f0_ceil=F0_MAX_HZ, frame_period=10)
    return times, f0, (f0 > 0).astype(float), 0.5


# Comparison

def at_times(times, frame_times, f0, voicing, threshold):
    """f0 at the times, 0 where unvoiced."""
    step = frame_times[1] - frame_times[0]
    position = np.clip((times - frame_times[0]) / step, 0, len(f0) - 1)
    left = np.minimum(position.astype(int), len(f0) - 2)
    share = position - left
    confidence = voicing[left] * (1 - share) + voicing[left + 1] * share
    left_ok, right_ok = f0[left] > 0, f0[left + 1] > 0
    if 0 < threshold < 1 and not set(np.unique(voicing)) <= {0.0, 1.0}:
        left_ok, right_ok = left_ok & (voicing[left] > threshold), right_ok & (voicing[left + 1] > threshold)
    low, high = np.log2(np.maximum(f0[left], 1)), np.log2(np.maximum(f0[left + 1], 1))
    alike = left_ok & right_ok & (np.abs(high - low) < np.log2(1.2))
    surer = np.where(left_ok & right_ok, voicing[left] >= voicing[left + 1], left_ok)
    between = np.where(alike, low * (1 - share) + high * share, np.where(surer, low, high))
    return np.where((confidence > threshold) & (left_ok | right_ok), 2.0**between, 0.0)


def score(pairs):
    reference, found = (np.concatenate(side) for side in zip(*pairs))
    truth, said = reference > 0, found > 0
    both = truth & said
    ratio = found[both] / reference[both]
    gross = np.abs(ratio - 1) > 0.2
    cents = 1200 * np.log2(ratio[~gross])
    return {
        "voicingErrorPct": round(100 * float(np.mean(truth != said)), 2),
        "missedPct": round(100 * float(np.mean(truth & ~said)), 2),
        "falsePct": round(100 * float(np.mean(~truth & said)), 2),
        "grossErrorPct": round(100 * float(np.mean(gross)), 2) if both.any() else None,
        "fineErrorCents": round(float(np.median(np.abs(cents))), 1) if len(cents) else None,
        "biasCents": round(float(np.median(cents)), 1) if len(cents) else None,
        "frames": int(len(truth)),
        "voicedInBoth": int(both.sum()),
    }


def noisy(files, kind):
    rng = np.random.default_rng(20)
    _, power = welch(np.concatenate([x for _, x, _, _ in files]), RATE, nperseg=256)
    average = np.sqrt(power)
    out = []
    for name, samples, full, reference in files:
        noise = rng.standard_normal(len(samples))
        if kind == "speech-shaped":
            size = len(noise)
            gain = np.interp(np.linspace(0, 1, size // 2 + 1), np.linspace(0, 1, len(average)), average)
            envelope = np.sqrt(sosfilt(butter(1, 8, fs=RATE, output="sos"), samples**2).clip(1e-12))
            swell = sum(np.roll(envelope, rng.integers(size)) for _ in range(8))
            noise = np.fft.irfft(np.fft.rfft(noise) * gain, size) * swell
        voiced = np.flatnonzero(reference > 0) * 0.015 * RATE
        speech = samples[int(voiced[0]):int(voiced[-1])]
        noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-SNR_DB / 20)
        out.append((name, samples + noise, full, reference))
    return out


def evaluate(track, files, source="narrow"):
    pairs, speakers, tracks, spent = [], [], [], 0.0
    for name, samples, full, reference in files:
        times = np.arange(len(reference)) * 0.015
        heard = full if source == "full" else samples
        started = time.process_time()
        found = track(heard)
        spent += time.process_time() - started
        pairs.append((reference, at_times(times, *found)))
        speakers.append(name[:2])
        tracks.append(found)
    seconds = sum(len(samples) for _, samples, _, _ in files) / RATE
    result = {"all": score(pairs)}
    for speaker in sorted(set(speakers)):
        result[speaker] = score([p for p, s in zip(pairs, speakers) if s == speaker])
    return result, spent * 1000 / seconds, tracks


def lags(tracks, files):
    """Fine error with the reference moved by some ms."""
    out = {}
    for lag_ms in (-10, -5, 0, 5, 10):
        pairs = [(r, at_times(np.arange(len(r)) * 0.015 + lag_ms / 1000, *found)) for found, (_, _, _, r) in zip(tracks, files)]
        out[str(lag_ms)] = score(pairs)["fineErrorCents"]
    return out


def cost(path):
    """Milliseconds of processor time a second of audio, one thread, at batch 1 and 64."""
    model, out = session(path), {}
    for rows in (1, 64):
        audio = (0.1 * np.random.default_rng(0).standard_normal((rows, WINDOW + 2 * CONTEXT))).astype(np.float32)
        spans = []
        for _ in range(40):
            started = time.process_time()
            model.run(None, {"audio": audio})
            spans.append(time.process_time() - started)
        out[f"batch{rows}"] = round(float(np.median(spans[5:])) * 1000 / (rows * WINDOW / RATE), 3)
    return out


def pitchfinder(folder, files):
    with tempfile.TemporaryDirectory() as audio_dir:
        for name, samples, _, _ in files:
            samples.astype(np.float32).tofile(os.path.join(audio_dir, f"{name}.f32"))
        found = json.loads(subprocess.check_output(["node", os.path.join(HERE, "pitchfinder.mjs"), folder, audio_dir]))
    results = {}
    for method, run in found.items():
        def track(samples, tracks=iter([run["tracks"][name] for name, _, _, _ in files])):
            f0 = np.array(next(tracks), dtype=float)
            return (np.arange(len(f0)) + 0.5) * 0.01, f0, (f0 > 0).astype(float), 0.5
        results[f"pitchfinder {method}"] = (evaluate(track, files)[0], run["msPerSecond"])
    return results


def read_files(data_root):
    files = []
    for path in sorted(glob.glob(os.path.join(data_root, "pitch", "*.flac"))):
        samples, rate = sf.read(path)
        assert rate == 20000, rate
        samples = samples - samples.mean()
        reference = np.loadtxt(path.replace(".flac", ".f0ref"))
        files.append((os.path.basename(path)[:-5], resample_poly(samples, 2, 5), resample_poly(samples, 4, 5), reference))
    return files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", default=os.environ.get("EARSHOT_DATA", "../shared/data"))
    parser.add_argument("--model", default=os.path.join(HERE, "../../models/pitch/pitch.onnx"))
    parser.add_argument("--swift")
    parser.add_argument("--crepe")
    parser.add_argument("--pitchfinder", help="folder into which pitchfinder was installed")
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--out", help="result file", default=os.path.join(HERE, "pitch.result.json"))
    options = parser.parse_args()
    clean = read_files(options.data_root)
    conditions = {"clean": clean, "white 10 dB": noisy(clean, "white"), "speech-shaped 10 dB": noisy(clean, "speech-shaped")}
    trackers = {"earshot": ours(options.model)}
    if not options.only_ours:
        if options.swift:
            trackers["SwiftF0"] = swift(options.swift)
        if options.crepe:
            trackers["CREPE tiny"] = crepe(options.crepe)
        trackers |= {"Praat ac": praat, "WORLD harvest": harvest}
    systems = {name: {"accuracy": {}} for name in trackers}
    for condition, files in conditions.items():
        for name, track in trackers.items():
            track(files[0][1])
            accuracy, spent_ms, tracks = evaluate(track, files)
            systems[name]["accuracy"][condition] = accuracy
            if condition == "clean":
                systems[name]["msPerSecond"] = round(spent_ms, 2)
                systems[name]["fineErrorCentsByLagMs"] = lags(tracks, files)
            show(name, condition, accuracy)
        if options.pitchfinder and not options.only_ours:
            for name, (accuracy, spent_ms) in pitchfinder(options.pitchfinder, files).items():
                entry = systems.setdefault(name, {"accuracy": {}, "msPerSecond": round(spent_ms, 2)})
                entry["accuracy"][condition] = accuracy
                show(name, condition, accuracy)
    if options.swift and not options.only_ours:
        accuracy, spent_ms, _ = evaluate(swift(options.swift, "full"), clean, "full")
        systems["SwiftF0 full band"] = {"accuracy": {"clean": accuracy}, "msPerSecond": round(spent_ms, 2)}
        show("SwiftF0 full band", "clean", accuracy)
    systems["earshot"]["msPerSecondInBatches"] = cost(options.model)
    print("cost, ms a second:", {name: entry.get("msPerSecond") for name, entry in systems.items()},
          systems["earshot"]["msPerSecondInBatches"])
    if not options.only_ours:
        with open(options.out, "w") as file:
            json.dump({"what": "f0 and voicing on the FDA set, 50 utterances at 8 kHz",
                       "command": "python benchmarks/peers/pitch.py", "machine": machine(), "systems": systems}, file, indent=2)
            file.write("\n")


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.processor())
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, text=True).strip()
    return {"date": datetime.date.today().isoformat(), "commit": commit, "processors": f"{os.cpu_count()} x {model}",
            "python": platform.python_version(), "onnxruntime": ort.__version__}


def show(name, condition, accuracy):
    cells = [f"{who}: voicing {s['voicingErrorPct']} % (missed {s['missedPct']}, false {s['falsePct']}) "
             f"gross {s['grossErrorPct']} % fine {s['fineErrorCents']} cents" for who, s in accuracy.items()]
    print(f"{name:20} {condition:20} " + " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
