"""Where the human speech and the noise come from, and who is held out.

Speech: LibriSpeech clips and English Asterisk prompts of the labelled data's clips/, and Debian's packages
asterisk-core-sounds-{es,fr,it,ru}-wav, ktuberling-data, klettres-data, fillets-ng-data-{cs,nl}. Noise: the ESC-10 clips.
Nothing of the evaluation folders (pitch/, vad/, quality/, calls/) is read.
"""
import glob
import os
import random

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

ANALYSIS_RATE = 16000

# (name, pattern, seconds to use, held-out share). LibriSpeech is held out by speaker, the others by file.
DEBIAN_SPEECH = [
    ("es", "/usr/share/asterisk/sounds/es_MX_f_Allison/**/*.wav", 220),
    ("fr", "/usr/share/asterisk/sounds/fr_CA_f_June/**/*.wav", 220),
    ("it", "/usr/share/asterisk/sounds/it_IT_m_Carlo/**/*.wav", 300),
    ("ru", "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU/**/*.wav", 220),
    ("ktuberling", "/usr/share/ktuberling/sounds/*/*.ogg", 250),
    ("klettres", "/usr/share/klettres/*/*/*.ogg", 250),
    ("cs", "/usr/share/games/fillets-ng/sound/*/cs/*.ogg", 500),
    ("nl", "/usr/share/games/fillets-ng/sound/*/nl/*.ogg", 500),
]
HELD_OUT_SHARE = 0.1


def load(path, rate=ANALYSIS_RATE):
    """Mono samples at `rate`, mean removed, or None where the file is no sound."""
    try:
        samples, file_rate = sf.read(path, always_2d=True)
    except sf.LibsndfileError:
        return None
    mono = samples.mean(axis=1)
    if len(mono) < 0.3 * file_rate or not np.any(mono):
        return None
    common = np.gcd(file_rate, rate)
    mono = resample_poly(mono, rate // common, file_rate // common)
    return mono - mono.mean()


def speech_paths(data_root, seed):
    """Two lists of paths, training and held out; the same for the same seed."""
    rng = random.Random(seed)
    train, held_out = [], []
    callers = sorted(glob.glob(os.path.join(data_root, "clips/callers/*.flac")))
    speakers = sorted({speaker_of(path) for path in callers})
    rng.shuffle(speakers)
    apart = set(speakers[: max(1, round(len(speakers) * HELD_OUT_SHARE))])
    for path in callers:
        (held_out if speaker_of(path) in apart else train).append(path)
    groups = [(pattern, seconds) for _, pattern, seconds in DEBIAN_SPEECH]
    groups.append((os.path.join(data_root, "clips/agents/*.flac"), 200))
    for pattern, seconds in groups:
        chosen = take_seconds(sorted(glob.glob(pattern, recursive=True)), seconds, rng)
        split = round(len(chosen) * HELD_OUT_SHARE)
        held_out += chosen[:split]
        train += chosen[split:]
    return train, held_out


def speaker_of(path):
    return os.path.basename(path).split("-")[0]


def take_seconds(paths, seconds, rng):
    """Random files up to `seconds` in all."""
    paths = list(paths)
    rng.shuffle(paths)
    chosen, total = [], 0.0
    for path in paths:
        if total >= seconds:
            break
        try:
            total += sf.info(path).duration
        except sf.LibsndfileError:
            continue
        chosen.append(path)
    return chosen


def noise_paths(data_root):
    return sorted(glob.glob(os.path.join(data_root, "clips/noise/*.ogg")))
