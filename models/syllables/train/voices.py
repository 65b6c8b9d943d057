"""flite and festival: speech with the time of each syllable's nucleus, by their own segment times."""
import os
import re
import subprocess
import tempfile

import soundfile

VOWELS_OF_FLITE = {"aa", "ae", "ah", "ao", "aw", "ax", "axr", "ay", "eh", "er", "ey", "ih", "iy",
                   "ow", "oy", "uh", "uw", "el", "em", "en"}

SPEAK = """
(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch})
(set! u (SynthText "{text}"))
(utt.save.wave u "{wav}")
(set! out (fopen "{times}" "w"))
(define (vowel? s) (or (string-equal (item.feat s "ph_vc") "+") (member_string (item.name s) '("el" "em" "en"))))
(mapcar (lambda (syllable)
  (mapcar (lambda (s) (if (vowel? s) (format out "%s %f %f " (item.name s) (item.feat s "segment_start")
                                              (item.feat s "segment_end"))))
          (item.daughters (item.relation syllable 'SylStructure)))
  (format out "\\n"))
 (utt.relation.items u 'Syllable))
(fclose out)
"""


def flite(text, voice, stretch, pitch_hz):
    """-> (samples, rate, [(start_s, end_s) of nuclei])."""
    with tempfile.TemporaryDirectory() as folder:
        wav = os.path.join(folder, "a.wav")
        command = ["flite", "-voice", voice, "-psdur", "--setf", f"duration_stretch={stretch:.3f}"]
        if pitch_hz:
            command += ["--setf", f"int_f0_target_mean={pitch_hz:.0f}"]
        told = subprocess.run(command + ["-t", text, "-o", wav], capture_output=True, text=True, timeout=60).stdout
        samples, rate = soundfile.read(wav, dtype="float32")
    ends = [(name, float(end)) for name, end in re.findall(r"([a-z]+):([0-9.]+)", told)]
    starts = [0.0] + [end for _, end in ends]
    return samples, rate, [(start, end) for start, (name, end) in zip(starts, ends) if name in VOWELS_OF_FLITE]


def festival(text, voice, stretch):
    """-> (samples, rate, [(start_s, end_s) of nuclei]); the vowels of one syllable are one nucleus."""
    with tempfile.TemporaryDirectory() as folder:
        wav, times, script = (os.path.join(folder, name) for name in ("a.wav", "a.txt", "a.scm"))
        plain = re.sub(r'["\\]', " ", text)
        with open(script, "w", encoding="latin-1", errors="ignore") as out:
            out.write(SPEAK.format(voice=voice, stretch=f"{stretch:.3f}", text=plain, wav=wav, times=times))
        subprocess.run(["festival", "-b", script], capture_output=True, timeout=60, check=True)
        samples, rate = soundfile.read(wav, dtype="float32")
        lines = [line.split() for line in open(times, encoding="latin-1")]
    return samples, rate, [(float(words[1]), float(words[-1])) for words in lines if words]
