"""A Pipecat observer that tells Earshot what the pipeline does: turns, transcripts, first tokens, speech, interruptions.

    from pipecat_observer import EarshotObserver

    observer = EarshotObserver("http://127.0.0.1:8787", call_id=call_sid)
    task = PipelineTask(pipeline, params=PipelineParams(enable_metrics=True), observers=[observer])

`call_id` is the id under which the call's audio reaches Earshot (its own, or the provider's name of it). Frames become RTVI
messages, the shape in which Pipecat tells its clients of them, so what RTVI tells a client and what this tells Earshot agree.
enable_metrics=True makes Pipecat tell its times to the first byte.
"""

import asyncio
from collections import OrderedDict

from earshot_sender import EarshotSender

try:
    from pipecat.observers.base_observer import BaseObserver
except ImportError:  # The conversion below also runs without Pipecat, as in the tests.
    BaseObserver = object

# By the name of the frame's class, so that it works with releases that lack some of them.
PLAIN = {
    "UserStartedSpeakingFrame": "user-started-speaking",
    "UserStoppedSpeakingFrame": "user-stopped-speaking",
    "VADUserStartedSpeakingFrame": "vad-user-started-speaking",
    "VADUserStoppedSpeakingFrame": "vad-user-stopped-speaking",
    "BotStartedSpeakingFrame": "bot-started-speaking",
    "BotStoppedSpeakingFrame": "bot-stopped-speaking",
    "InterruptionFrame": "bot-interrupted",
    "StartInterruptionFrame": "bot-interrupted",
    "LLMFullResponseStartFrame": "bot-llm-started",
    "LLMFullResponseEndFrame": "bot-llm-stopped",
    "TTSStartedFrame": "bot-tts-started",
    "TTSStoppedFrame": "bot-tts-stopped",
}
METRICS = {
    "TTFBMetricsData": "ttfb",
    "ProcessingMetricsData": "processing",
    "LLMUsageMetricsData": "tokens",
    "TTSUsageMetricsData": "characters",
}
FIELDS = (
    "processor",
    "model",
    "value",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cache_read_input_tokens",
)
FRAMES_REMEMBERED = 2_000


def class_names(value: object) -> "list[str]":
    """The class's own name first, then those it derives from."""
    return [base.__name__ for base in type(value).__mro__]


def rtvi(kind: str, data: "dict | None" = None) -> dict:
    message = {"label": "rtvi-ai", "type": kind}
    return message if data is None else {**message, "data": data}


def plain_fields(entry: object) -> dict:
    """Only numbers and texts: what else an entry holds is not for the wire."""
    values = {name: getattr(entry, name, None) for name in FIELDS}
    return {name: value for name, value in values.items() if isinstance(value, (str, int, float))}


def metrics_message(frame: object) -> "dict | None":
    data: "dict[str, list]" = {}
    for entry in getattr(frame, "data", []):
        kind = next((METRICS[name] for name in class_names(entry) if name in METRICS), None)
        # Tokens are in a value of their own.
        source = getattr(entry, "value", None) if kind == "tokens" else entry
        if kind is not None and source is not None:
            data.setdefault(kind, []).append(plain_fields(source))
    return rtvi("metrics", data) if data else None


def message_of(frame: object, is_played: bool) -> "dict | None":
    """The RTVI message that tells of a frame; None for frames that tell nothing. `is_played`: the output transport pushed it."""
    for name in class_names(frame):
        if name in PLAIN:
            return rtvi(PLAIN[name])
        if name in ("TranscriptionFrame", "InterimTranscriptionFrame"):
            return rtvi(
                "user-transcription",
                {
                    "text": frame.text,
                    "user_id": getattr(frame, "user_id", ""),
                    "timestamp": getattr(frame, "timestamp", ""),
                    "final": name == "TranscriptionFrame",
                },
            )
        if name == "TTSTextFrame":
            return rtvi("bot-tts-text", {"text": frame.text}) if is_played else None
        if name == "LLMTextFrame":
            return rtvi("bot-llm-text", {"text": frame.text})
        if name == "MetricsFrame":
            return metrics_message(frame)
        if name == "FunctionCallInProgressFrame":
            data = {"tool_call_id": frame.tool_call_id, "function_name": frame.function_name}
            return rtvi("llm-function-call-in-progress", data)
        if name in ("FunctionCallResultFrame", "FunctionCallCancelFrame"):
            data = {"tool_call_id": frame.tool_call_id, "function_name": frame.function_name}
            return rtvi("llm-function-call-stopped", {**data, "cancelled": name == "FunctionCallCancelFrame"})
        if name == "ErrorFrame":
            return rtvi("error", {"error": str(frame.error), "fatal": bool(getattr(frame, "fatal", False))})
    return None


class EarshotObserver(BaseObserver):
    """Sees each frame as it is pushed; tells of it the first time."""

    def __init__(self, url: str, call_id: str, *, headers: "dict[str, str] | None" = None, **kwargs):
        super().__init__(**kwargs)
        self._sender = EarshotSender(url, "pipecat", call_id, headers=headers)
        self._seen: "OrderedDict[object, None]" = OrderedDict()
        self._has_text = False

    async def on_push_frame(self, data) -> None:
        # Frames that are sent both ways are two frames, and one of them is enough; errors only go upstream.
        is_upstream = getattr(data.direction, "name", "DOWNSTREAM") != "DOWNSTREAM"
        if is_upstream and "ErrorFrame" not in class_names(data.frame):
            return
        is_played = "BaseOutputTransport" in class_names(data.source)
        message = message_of(data.frame, is_played)
        if message is None or self._is_repeat(data.frame) or self._is_more_text(message):
            return
        self._sender.send(message)

    async def cleanup(self) -> None:
        if BaseObserver is not object:
            await super().cleanup()
        await asyncio.to_thread(self._sender.close)

    def _is_repeat(self, frame: object) -> bool:
        """A frame is seen once at every processor that it passes."""
        key = getattr(frame, "id", id(frame))
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > FRAMES_REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _is_more_text(self, message: dict) -> bool:
        """Of an answer's text only the first piece is sent: it tells when the model began to speak."""
        if message["type"] == "bot-llm-started":
            self._has_text = False
        if message["type"] != "bot-llm-text":
            return False
        had_text, self._has_text = self._has_text, True
        return had_text
