"""
Makes the training and test speech: python synthesise.py OUT_FOLDER [--share 1.0]

Synthetic utterances with the centres of their nuclei (train, dev: texts never trained on; test: neither texts nor voices
trained on), and human utterances of which only the number of syllables is known, by espeak-ng's reading of their text.
"""
import argparse
import os
import random
import subprocess

import numpy as np
import soundfile
from scipy.signal import resample_poly

from espeak import Espeak, is_nucleus
from texts import FILLETS, dialogues, is_held_out, prompts, sentences
from voices import festival, flite

RATE_HZ = 8000
SECONDS_MIN, SECONDS_MAX = 0.6, 9.0
ESPEAK = {"en-us": "en", "en-gb": "en", "de": "de", "cs": "cs", "es": "es", "es-419": "es", "fr-fr": "fr", "it": "it",
          "nl": "nl", "ru": "ru", "sv": "sv", "eo": "eo", "sl": "sl", "bg": "bg"}
ESPEAK_TEST = {"en-us": "en", "de": "de", "es": "es", "fr-fr": "fr", "pl": "pl"}
VARIANTS = ["", "f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m8", "klatt", "klatt2", "klatt4", "klatt6", "Annie",
            "Gene", "Michael", "Alicia", "adam", "anika", "belinda", "ed", "grandma", "grandpa", "iven", "john", "max", "paul",
            "steph", "victor", "zac", "whisper", "croak", "Lee", "Hugo", "quincy", "Diogo", "Jacky"]
VARIANTS_TEST = ["f4", "m7", "klatt3", "linda", "Andy", "edward", "michel", "shelby"]
FLITE, FLITE_TEST = ["kal16", "rms", "slt"], ["awb"]
FESTIVAL = [("kal_diphone", "en"), ("cmu_us_slt_arctic_hts", "en"), ("lp_diphone", "it"), ("suo_fi_lj_diphone", "it"),
            ("pc_diphone", "it"), ("suo_fi_lj_diphone", "nl")]
FESTIVAL_TEST = [("ked_diphone", "en"), ("hy_fi_mv_diphone", "it")]
COUNTS = {"train": (2600, 700, 800), "dev": (150, 50, 50), "test": (240, 80, 80)}
ASTERISK = {"es": "es_MX_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}
ESPEAK_OF = {"fr": "fr-fr", "es": "es-419"}


def at_8_khz(samples, rate):
    divisor = np.gcd(rate, RATE_HZ)
    return resample_poly(samples, RATE_HZ // divisor, rate // divisor).astype(np.float32)


class Pool:
    """Sentences of each language: those a split may speak, drawn at random."""

    def __init__(self, split, rng):
        self.rng, self.held_out, self.known = rng, split != "train", {}

    def draw(self, language):
        if language not in self.known:
            self.known[language] = [s for s in sentences(language) if is_held_out(s) == self.held_out]
        return self.rng.choice(self.known[language])


def spoken_by_espeak(engine, pool, rng, split):
    voice, language = rng.choice(sorted((ESPEAK_TEST if split == "test" else ESPEAK).items()))
    variant = rng.choice(VARIANTS_TEST if split == "test" else VARIANTS)
    name = f"{voice}+{variant}" if variant else voice
    made = engine.speak(pool.draw(language), name, rng.uniform(80, 260), rng.uniform(10, 90), rng.uniform(20, 90))
    if made is None:
        return None
    samples, phonemes = made
    spans = [(start / engine.rate_hz, end / engine.rate_hz) for ipa, start, end in phonemes if is_nucleus(ipa)]
    return samples, engine.rate_hz, spans, f"espeak {name}"


def spoken_by_flite(pool, rng, split):
    voice = rng.choice(FLITE_TEST if split == "test" else FLITE)
    pitch = rng.uniform(80, 220) if voice == "kal16" else None
    return *flite(pool.draw("en"), voice, rng.uniform(0.65, 1.6), pitch), f"flite {voice}"


def spoken_by_festival(pool, rng, split):
    voice, language = rng.choice(FESTIVAL_TEST if split == "test" else FESTIVAL)
    return *festival(pool.draw(language), voice, rng.uniform(0.65, 1.6)), f"festival {voice}"


def synthetic(engine, split, share, seed):
    rng = random.Random(seed)
    pool = Pool(split, rng)
    makers = [lambda: spoken_by_espeak(engine, pool, rng, split), lambda: spoken_by_flite(pool, rng, split),
              lambda: spoken_by_festival(pool, rng, split)]
    for make, count in zip(makers, COUNTS[split]):
        for _ in range(int(count * share)):
            try:
                made = make()
            except (subprocess.SubprocessError, OSError, IndexError, ValueError):
                continue
            if made is None or not made[2]:
                continue
            samples, rate, spans, name = made
            if SECONDS_MIN <= len(samples) / rate <= SECONDS_MAX:
                yield at_8_khz(samples, rate), [(start + end) / 2 for start, end in spans], name


def human_files():
    for language, folder in ASTERISK.items():
        for name, text in prompts(language).items():
            yield f"/usr/share/asterisk/sounds/{folder}/{name}.wav", text, language, f"asterisk {language}"
    for language in ("cs", "nl"):
        for (level, name), text in dialogues(language).items():
            yield f"{FILLETS}/sound/{level}/{language}/{name}.ogg", text, language, f"fillets {language}"


def human(engine, share, seed):
    """Only clips whose text is plain and whose syllables come at 2 to 9 a second: others do not say what is written."""
    rng = random.Random(seed)
    for path, text, language, name in sorted(human_files()):
        if rng.random() > share or not os.path.exists(path) or any(letter.isdigit() for letter in text):
            continue
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        samples = at_8_khz(samples.mean(axis=1), rate)
        if not SECONDS_MIN <= len(samples) / RATE_HZ <= SECONDS_MAX:
            continue
        _, phonemes = engine.speak(text, ESPEAK_OF.get(language, language)) or (None, [])
        count = sum(is_nucleus(ipa) for ipa, _, _ in phonemes)
        seconds = voiced_seconds(samples)
        if count >= 3 and 2 <= count / seconds <= 9:
            yield samples, count, name


def voiced_seconds(samples):
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    return max(0.1, 0.01 * np.sum(level > level.max() - 35))


def pack(items):
    items = list(items)
    audio = np.concatenate([(np.clip(samples, -1, 1) * 32767).astype(np.int16) for samples, _, _ in items])
    ends = np.cumsum([len(samples) for samples, _, _ in items])
    return items, {"audio": audio, "ends": ends, "voices": np.array([name for _, _, name in items])}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--share", type=float, default=1.0)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    engine = Espeak()  # one for all: the library cannot be started twice
    for seed, split in enumerate(("train", "dev", "test")):
        items, packed = pack(synthetic(engine, split, arguments.share, 100 + seed))
        centres = np.concatenate([centres for _, centres, _ in items]).astype(np.float32)
        counts = np.array([len(centres) for _, centres, _ in items])
        np.savez(os.path.join(arguments.out, f"{split}.npz"), **packed, centres=centres, counts=counts)
        print(split, len(items), "utterances", round(len(packed["audio"]) / RATE_HZ / 60, 1), "min", flush=True)
    items, packed = pack(human(engine, arguments.share, 200))
    np.savez(os.path.join(arguments.out, "human.npz"), **packed, counts=np.array([count for _, count, _ in items]))
    print("human", len(items), round(len(packed["audio"]) / RATE_HZ / 60, 1), "min")


if __name__ == "__main__":
    main()
