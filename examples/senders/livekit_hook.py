"""Tells Earshot what a LiveKit agent's session does: who speaks, transcripts, turns, latencies, interruptions.

    from livekit_hook import send_to_earshot

    session = AgentSession(...)
    close = send_to_earshot(session, "http://127.0.0.1:8787", call_id=ctx.room.name)
    ctx.add_shutdown_callback(close)

`call_id` is the id under which the call's audio reaches Earshot (its own, or the room's name if that was given beside it).
Events go out as they are (model_dump of each), with the times that LiveKit gave them.
"""

import asyncio
import time

from earshot_sender import EarshotSender

EVENTS = (
    "user_state_changed",
    "agent_state_changed",
    "user_input_transcribed",
    "conversation_item_added",
    "overlapping_speech",
    "agent_false_interruption",
    "function_tools_executed",
    "metrics_collected",
    "error",
    "close",
)
# Objects of the session itself, which mean nothing elsewhere.
NOT_SENT = {"source", "speech_handle", "speech_input", "probabilities"}


def message_of(kind: str, event: object) -> dict:
    """An event as JSON. One that cannot be written whole is sent as its kind and its time."""
    try:
        message = event.model_dump(mode="json", exclude=NOT_SENT)
    except Exception:  # A field of an application's own class: what matters is that it happened.
        message = {"created_at": getattr(event, "created_at", time.time())}
    return {"type": kind, **message}


def send_to_earshot(session, url: str, call_id: str, *, headers: "dict[str, str] | None" = None):
    """Listens to the session; gives an async function that sends what is left, to be called when the session is over."""
    sender = EarshotSender(url, "livekit-agents", call_id, headers=headers)

    def listen(kind: str) -> None:
        session.on(kind, lambda event: sender.send(message_of(kind, event)))

    for kind in EVENTS:
        listen(kind)

    async def close(*_reason) -> None:
        await asyncio.to_thread(sender.close)

    return close
