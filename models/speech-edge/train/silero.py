"""Runs Silero VAD v6 at 8 kHz over whole stretches, and keeps its hidden state after each window."""
import numpy as np
import onnxruntime

WINDOW, CONTEXT = 256, 32


class Silero:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def hear(self, audio):
        """[rows, samples] -> probabilities [rows, windows], hidden states [rows, windows, 128]."""
        rows, windows = audio.shape[0], audio.shape[1] // WINDOW
        padded = np.pad(audio, ((0, 0), (CONTEXT, 0)))
        state = np.zeros((2, rows, 128), np.float32)
        probability, hidden = np.zeros((rows, windows), np.float32), np.zeros((rows, windows, 128), np.float32)
        for k in range(windows):
            x = np.ascontiguousarray(padded[:, k * WINDOW: k * WINDOW + CONTEXT + WINDOW])
            out, state = self.session.run(["output", "stateN"], {"input": x, "state": state, "sr": np.array(8000, np.int64)})
            probability[:, k], hidden[:, k] = out[:, 0], state[0]
        return probability, hidden
