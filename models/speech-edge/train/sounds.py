"""Reads every recording that the edge model learns from once, at 8 kHz, and keeps them in one file.

Usage: sounds.py OUT.npz [--data DIR] [--held-out]
Voices: LibriSpeech clips (DATA/clips/callers) and, from Debian packages, Asterisk prompts in four languages, ktuberling and
klettres words, fillets-ng dialogue. DATA/clips/agents only echoes, DATA/clips/noise is the noise. With --held-out a quarter
of the LibriSpeech speakers and of the noise sounds is left out, to measure on.
"""
import argparse, glob, os, random
import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE_HZ = 8000
CLEAR_DB = 12
ASTERISK = "/usr/share/asterisk/sounds/{}/**/*.wav"
ASTERISK_VOICES = ["es_MX_f_Allison", "fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"]
#: More of one actor or narrator teaches little; the limits keep the voices in balance.
OTHERS = {**{ASTERISK.format(voice): 150 for voice in ASTERISK_VOICES},
          "/usr/share/**/ktuberling/sounds/**/*.ogg": 400, "/usr/share/**/klettres/**/*.ogg": 300,
          "/usr/share/games/fillets-ng/sound/*/cs/*.ogg": 500, "/usr/share/games/fillets-ng/sound/*/nl/*.ogg": 500}


def read(path):
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return resample_poly(samples.mean(1), RATE_HZ, rate).astype(np.float32)


def speaker_of(path):
    return os.path.basename(path).split("-")[0]


def is_clear(samples):
    """In a clip whose pauses lie less than this under its peaks, the label's rule would call mere noise speech."""
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    db = 10 * np.log10((frames ** 2).mean(1) + 1e-9)
    return np.percentile(db, 97) - np.percentile(db, 10) > CLEAR_DB


def chosen(pattern, count, rnd):
    paths = sorted(glob.glob(pattern, recursive=True))
    return rnd.sample(paths, min(count, len(paths)))


def held_out(callers, noises):
    """The split of DATA that the held-out figures stand on: a quarter of the speakers and of the noise sounds."""
    rnd = random.Random(7)
    speakers = sorted({speaker_of(path) for path in callers})
    return set(rnd.sample(speakers, len(speakers) // 4)), set(rnd.sample(noises, len(noises) // 4))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--data", default=os.environ.get("EARSHOT_DATA", "../shared/data"))
    parser.add_argument("--held-out", action="store_true")
    args = parser.parse_args()
    clips = {kind: sorted(glob.glob(f"{args.data}/clips/{kind}/*")) for kind in ("callers", "agents", "noise")}
    if args.held_out:
        speakers, noises = held_out(clips["callers"], clips["noise"])
        clips["callers"] = [path for path in clips["callers"] if speaker_of(path) not in speakers]
        clips["noise"] = [path for path in clips["noise"] if path not in noises]
    rnd = random.Random(1)
    clips["others"] = [path for pattern, count in OTHERS.items() for path in chosen(pattern, count, rnd)]
    kept = {}
    for kind, paths in clips.items():
        parts = [(path, read(path)) for path in paths]
        parts = [(path, samples) for path, samples in parts if len(samples) > RATE_HZ // 5 and samples.any()]
        if kind != "noise":
            parts = [(path, samples) for path, samples in parts if is_clear(samples)]
        kept[kind] = np.concatenate([samples for _, samples in parts])
        kept[f"{kind}_ends"] = np.cumsum([len(samples) for _, samples in parts])
        kept[f"{kind}_by"] = np.array([speaker_of(path) if kind == "callers" else os.path.dirname(path) for path, _ in parts])
        print(kind, len(parts), f"{len(kept[kind]) / RATE_HZ / 60:.0f} min")
    np.savez(args.out, **kept)


main()
