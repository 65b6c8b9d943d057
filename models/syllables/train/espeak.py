"""espeak-ng through its C library: speech together with the sample at which each phoneme begins (IPA names)."""
import ctypes
import ctypes.util

import numpy as np

RETRIEVAL, PHONEME_EVENTS, PHONEME_IPA = 1, 1, 2
EVENT_PHONEME, EVENT_END = 7, 5
UTF8, SSML_OFF = 1, 0
RATE, PITCH, RANGE = 1, 3, 4


class Event(ctypes.Structure):
    class Id(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]

    _fields_ = [("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text", ctypes.c_int), ("length", ctypes.c_int),
                ("audioMs", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", Id)]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


class Espeak:
    def __init__(self):
        name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
        self.lib = ctypes.CDLL(name)
        self.rate_hz = self.lib.espeak_Initialize(RETRIEVAL, 0, None, PHONEME_EVENTS | PHONEME_IPA)
        self.samples, self.phonemes = [], []
        self.callback = CALLBACK(self._heard)
        self.lib.espeak_SetSynthCallback(self.callback)

    def _heard(self, wav, count, events):
        if wav and count > 0:
            self.samples.append(np.ctypeslib.as_array(wav, (count,)).copy())
        i = 0
        while events[i].type != 0:
            if events[i].type == EVENT_PHONEME:
                self.phonemes.append((events[i].id.string.decode("utf8", "ignore"), events[i].sample))
            i += 1
        return 0

    def speak(self, text, voice, wpm=175, pitch=50, pitch_range=50):
        """-> (float32 samples, [(ipa, start sample, end sample)]); None when the voice does not exist."""
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            return None
        for parameter, value in ((RATE, wpm), (PITCH, pitch), (RANGE, pitch_range)):
            self.lib.espeak_SetParameter(parameter, int(value), 0)
        self.samples, self.phonemes = [], []
        data = text.encode("utf8") + b"\0"
        self.lib.espeak_Synth(data, len(data), 0, 1, 0, UTF8, None, None)
        self.lib.espeak_Synchronize()
        if not self.samples:
            return None
        audio = np.concatenate(self.samples).astype(np.float32) / 32768
        ends = [start for _, start in self.phonemes[1:]] + [len(audio)]
        return audio, [(name, start, end) for (name, start), end in zip(self.phonemes, ends)]


VOWELS = set("aeiouyɑɐɒæɓɔəɘɚɛɜɝɞɤɨɪɯɵøœɶʉʊʌʏᵻ") - {"ɓ"}
SYLLABIC, NON_SYLLABIC = "\u0329", "\u032f"


def is_nucleus(ipa):
    """A vowel (a diphthong is one phoneme and one nucleus), or a consonant marked syllabic."""
    return NON_SYLLABIC not in ipa and (SYLLABIC in ipa or any(letter in VOWELS for letter in ipa))
