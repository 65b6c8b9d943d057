"""Labels from construction: what share would be understood, and P.835 scores, all known because the clean speech is.

Intelligibility: mean of STOI and ESTOI (Taal 2011, Jensen 2016), each put through a logistic curve, kept as logit.
Signal: the speech part alone against the clean speech gives an equivalent modulated-noise level Q (a mel-band segmental SNR,
which for MNRU speech grows with Q); a listener's curve turns it into 1..5; loud noise takes a little from it. Background: the true
SNR on such a curve; strong distortion takes a little. Overall: the signal counts fully, the background by about half (P.835 practice).
"""
import numpy as np
from pystoi.stoi import BETA, DYN_RANGE, FS, MINFREQ, N, N_FRAME, NFFT, NUMBAND
from pystoi import utils
from scipy.signal import resample_poly

OBM = utils.thirdoct(FS, NFFT, NUMBAND, MINFREQ)[0]
RATE = 16_000
EPS = 1e-12


def bands(x):
    spec = utils.stft(x, N_FRAME, NFFT, overlap=2).transpose()
    return np.sqrt(OBM @ np.abs(spec) ** 2)


def stoi_both(clean, heard):
    """(STOI, ESTOI) as pystoi computes them, from one decomposition."""
    x, y = resample_poly(clean, 5, 8), resample_poly(heard, 5, 8)
    x, y = utils.remove_silent_frames(x, y, DYN_RANGE, N_FRAME, N_FRAME // 2)
    x, y = bands(x), bands(y)
    if x.shape[1] < N:
        return 0.0, 0.0
    xs = np.lib.stride_tricks.sliding_window_view(x, N, axis=1).transpose(1, 0, 2)
    ys = np.lib.stride_tricks.sliding_window_view(y, N, axis=1).transpose(1, 0, 2)
    scale = np.linalg.norm(xs, axis=2, keepdims=True) / (np.linalg.norm(ys, axis=2, keepdims=True) + EPS)
    limit = 10 ** (-BETA / 20)
    yp = np.minimum(ys * scale, xs * (1 + limit))
    centred = lambda a, axis: (lambda c: c / (np.linalg.norm(c, axis=axis, keepdims=True) + EPS))(a - a.mean(axis, keepdims=True))
    stoi = (centred(yp, 2) * centred(xs, 2)).sum(2).mean()
    estoi = (centred(centred(xs, 2), 1) * centred(centred(ys, 2), 1)).sum(1).mean()
    return float(stoi), float(estoi)


def understood_logit(stoi, estoi):
    return 0.5 * 13 * (stoi - 0.60) + 0.5 * 10 * (estoi - 0.33)


def mel_edges(count, low, high):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    return 700 * (10 ** (np.linspace(mel(low), mel(high), count + 2) / 2595) - 1)


def mel_centres(count, low=60, high=3950):
    return mel_edges(count, low, high)[1:-1]


def mel_matrix(bins, rate, count=24, low=80, high=3900):
    edges = mel_edges(count, low, high)
    f = np.linspace(0, rate / 2, bins)
    up = (f[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - f[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down))


MEL = mel_matrix(257, RATE)


def equivalent_q_db(clean, distorted):
    """Segmental SNR of the speech part in mel bands of magnitudes, weighted by their loudness."""
    size, hop = 512, 256
    frames = lambda x: np.lib.stride_tricks.sliding_window_view(x, size)[::hop] * np.hanning(size)
    a, b = np.abs(np.fft.rfft(frames(clean))), np.abs(np.fft.rfft(frames(distorted)))
    gain = np.sqrt((a**2).sum() / ((b**2).sum() + EPS))
    error = (a - b * gain) ** 2 @ MEL.T
    power = a**2 @ MEL.T
    level = power.sum(1)
    voice = level > level.max() * 1e-4
    snr = np.clip(10 * np.log10((power[voice] + EPS) / (error[voice] + EPS)), -5, 40)
    weight = power[voice] ** 0.15
    return float((snr * weight).sum() / weight.sum())


def squash(x):
    return 1 / (1 + np.exp(-x))


def p835(q_db, snr_db):
    """(SIG, BAK, OVRL) that a panel would give, from what is known."""
    s = squash((q_db - 15) / 5.5) * (1 - 0.35 * squash((4 - snr_db) / 5))
    b = squash((snr_db - 14) / 6.5) * (1 - 0.45 * squash((15 - q_db) / 6))
    return 1 + 4 * s, 1 + 4 * b, overall(1 + 4 * s, 1 + 4 * b)


def overall(sig, bak):
    return 1 + 4 * np.clip((sig - 1) / 4, 0, 1) ** 0.9 * np.clip((bak - 1) / 4, 0, 1) ** 0.45
