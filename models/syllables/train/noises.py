"""Recorded noises as 8 kHz samples."""
import glob
import os

import numpy as np
import soundfile
from scipy.signal import resample_poly


def noises_of(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*.flac"))):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        divisor = np.gcd(rate, 8000)
        yield resample_poly(samples.mean(axis=1), 8000 // divisor, rate // divisor)
