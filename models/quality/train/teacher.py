"""DNSMOS P.835 (microsoft/DNS-Challenge, MIT) as teacher and peer: 9.01 s at 16 kHz in, (SIG, BAK, OVRL) out."""
import numpy as np
import onnxruntime

SAMPLES = 144_160
CURVES = (np.poly1d([-0.08397278, 1.22083953, 0.0052439]), np.poly1d([-0.13166888, 1.60915514, -0.39604546]),
          np.poly1d([-0.06766283, 1.11546468, 0.04602535]))


class Teacher:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def score(self, x):
        """A shorter clip is repeated until it is long enough, as the original does; a longer one is cut."""
        x = np.asarray(x, np.float32)
        while len(x) < SAMPLES:
            x = np.concatenate([x, x])
        raw = self.session.run(None, {self.input: np.clip(x[None, :SAMPLES], -1, 1)})[0][0]
        return np.array([curve(v) for curve, v in zip(CURVES, raw)])
