"""The set once more, through noise and telephone codecs: audio_coded.npy beside it, sample for sample.

    python telephone_codecs.py DIR [...]

Needs sox (GSM) and ffmpeg (Opus, Speex, G.726, G.723.1). A codec's delay is measured by correlation and taken out.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import soundfile as sf

RATE = 8000
BLOCK_S = 120
OPUS = ["ffmpeg", "-v", "error", "-y", "-i", "IN", "-c:a", "libopus", "-application", "voip", "-b:a"]
CODECS = [  # (name, file ending, encoder's command)
    ("gsm", "gsm", ["sox", "IN", "-t", "gsm", "OUT"]),
    ("opus8", "opus", [*OPUS, "8k", "OUT"]),
    ("opus12", "opus", [*OPUS, "12k", "OUT"]),
    ("speex", "spx", ["ffmpeg", "-v", "error", "-y", "-i", "IN", "-c:a", "libspeex", "-b:a", "8k", "OUT"]),
    ("g726", "wav", ["ffmpeg", "-v", "error", "-y", "-i", "IN", "-c:a", "g726", "-b:a", "24k", "OUT"]),
    ("g723", "wav", ["ffmpeg", "-v", "error", "-y", "-i", "IN", "-c:a", "g723_1", "-b:a", "6.3k", "OUT"]),
]


def through(codec, samples):
    name, ending, command = codec
    with tempfile.TemporaryDirectory() as folder:
        source, coded, back = (os.path.join(folder, n) for n in ("in.wav", f"coded.{ending}", "back.wav"))
        sf.write(source, samples, RATE)
        subprocess.run([{"IN": source, "OUT": coded}.get(word, word) for word in command], check=True)
        decode = ["sox", "-t", "gsm", "-r", str(RATE), coded, back] if name == "gsm" else \
            ["ffmpeg", "-v", "error", "-y", "-i", coded, "-ar", str(RATE), "-ac", "1", back]
        subprocess.run(decode, check=True)
        decoded, _ = sf.read(back)
    decoded = np.pad(decoded, (0, max(0, len(samples) + 2000 - len(decoded))))
    delay = delay_of(samples, decoded)
    shifted = np.pad(decoded, (2000, 0))[2000 + delay:] if delay >= 0 else np.pad(decoded, (-delay, 0))
    return shifted[: len(samples)], delay


def delay_of(samples, decoded, most=1000):
    length = min(len(samples), 30 * RATE)
    size = 1 << (2 * length).bit_length()
    cross = np.fft.irfft(np.fft.rfft(decoded[:length], size) * np.conj(np.fft.rfft(samples[:length], size)), size)
    lags = np.concatenate([cross[-most:], cross[:most]])
    return int(np.argmax(lags)) - most


def main(folder):
    audio = np.load(os.path.join(folder, "train.npz"))["audio"]
    rng = np.random.default_rng(4)
    out = np.empty_like(audio)
    delays = {}
    for index, start in enumerate(range(0, len(audio), BLOCK_S * RATE)):
        block = audio[start:start + BLOCK_S * RATE] / 32768.0
        noise = rng.standard_normal(len(block)) * 10 ** (rng.uniform(-75, -40) / 20)
        codec = CODECS[index % len(CODECS)]
        coded, delay = through(codec, np.clip(block + noise, -1, 1))
        delays.setdefault(codec[0], []).append(delay)
        out[start:start + len(block)] = np.round(np.clip(coded, -1, 1) * 32767).astype(np.int16)
    np.save(os.path.join(folder, "audio_coded.npy"), out)
    print("delays taken out, samples:", {name: sorted(set(values)) for name, values in delays.items()})


if __name__ == "__main__":
    main(sys.argv[1])
