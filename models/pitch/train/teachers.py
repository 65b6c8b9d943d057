"""Pitch trackers that listen to human speech at full band: Praat's autocorrelation and SwiftF0.

They serve twice. Their agreement is the voicing mask that WORLD speech is re-synthesised with (there it is the truth, because
the excitation is put in by us), and it labels the human recordings themselves; frames on which they disagree carry no label.
"""
import numpy as np
import onnxruntime as ort
import parselmouth

from sources import ANALYSIS_RATE

SWIFT_HOP_S = 256 / ANALYSIS_RATE
SWIFT_VOICED = 0.8
AGREE_CENTS = 60
F0_MIN_HZ, F0_MAX_HZ = 50.0, 500.0


class SwiftF0:
    def __init__(self, path):
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def track(self, samples, times):
        pitch, confidence = self.session.run(None, {"input_audio": samples[None].astype(np.float32)})
        frame_times = np.arange(pitch.shape[1]) * SWIFT_HOP_S
        return np.interp(times, frame_times, pitch[0]), np.interp(times, frame_times, confidence[0])


def praat_track(samples, times):
    """f0 in Hz at the times, 0 where Praat says unvoiced."""
    sound = parselmouth.Sound(samples, ANALYSIS_RATE)
    pitch = sound.to_pitch_ac(time_step=0.005, pitch_floor=F0_MIN_HZ, pitch_ceiling=600.0)
    frame_times, f0 = pitch.xs(), pitch.selected_array["frequency"]
    nearest = np.clip(np.round((times - frame_times[0]) / 0.005).astype(int), 0, len(f0) - 1)
    voiced = f0[nearest] > 0
    if not voiced.any():
        return np.zeros(len(times))
    return np.where(voiced, np.interp(times, frame_times[f0 > 0], f0[f0 > 0]), 0.0)


def agreement(samples, times, swift):
    """f0 (0 = unvoiced), whether the voicing is agreed, whether the f0 is agreed, at each of the times."""
    praat_f0 = praat_track(samples, times)
    swift_f0, confidence = swift.track(samples, times)
    praat_voiced, swift_voiced = praat_f0 > 0, confidence > SWIFT_VOICED
    cents = np.abs(1200 * np.log2(np.maximum(praat_f0, 1) / np.maximum(swift_f0, 1)))
    in_range = (praat_f0 >= F0_MIN_HZ) & (praat_f0 <= F0_MAX_HZ)
    f0_agreed = praat_voiced & swift_voiced & (cents < AGREE_CENTS) & in_range
    voicing_agreed = (praat_voiced == swift_voiced) & (~praat_voiced | in_range)
    return praat_f0, voicing_agreed, f0_agreed
