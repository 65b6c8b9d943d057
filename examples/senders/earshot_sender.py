"""Posts messages of a voice framework to Earshot, from a thread of its own, so that a call never waits for it.

Standard library only: copy this file beside your agent. Messages go out in the order in which they were given, a few a
request, each in an envelope that says when it was seen. What cannot be delivered is counted and logged, never hidden.
"""

import json
import logging
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

logger = logging.getLogger("earshot")

_STOP = object()


class EarshotSender:
    """Give it messages with send(); call close() when the call is over."""

    def __init__(
        self,
        url: str,
        source: str,
        call_id: str,
        *,
        headers: "dict[str, str] | None" = None,
        batch_max: int = 100,
        batch_wait_s: float = 0.2,
        queue_max: int = 10_000,
        retry_waits_s: "tuple[float, ...]" = (0.5, 1.0, 2.0, 4.0),
    ):
        """`url` is Earshot's, such as http://127.0.0.1:8787; `headers` are for a proxy in front of it that authenticates."""
        query = urllib.parse.urlencode({"callId": call_id})
        self._url = f"{url.rstrip('/')}/v1/events/{urllib.parse.quote(source)}?{query}"
        self._headers = {"content-type": "application/json", **(headers or {})}
        self._batch_max = batch_max
        self._batch_wait_s = batch_wait_s
        self._retry_waits_s = retry_waits_s
        self._queue: "queue.Queue[object]" = queue.Queue(queue_max)
        self._closing = threading.Event()
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="earshot-sender", daemon=True)
        self._thread.start()

    def send(self, message: dict, occurred_at_ms: "float | None" = None) -> None:
        """Never blocks. `occurred_at_ms` is Unix ms; without it, now."""
        seen = time.time() * 1000 if occurred_at_ms is None else occurred_at_ms
        try:
            self._queue.put_nowait({"occurredAtMs": seen, "message": message})
        except queue.Full:
            self._lose(1, "the queue is full")

    def close(self, timeout_s: float = 10.0) -> None:
        """Sends what is left, for at most `timeout_s`. Blocks: from asyncio call it by asyncio.to_thread."""
        self._closing.set()
        try:
            self._queue.put(_STOP, timeout=timeout_s)
        except queue.Full:
            pass
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            logger.warning("earshot: gave up on %d messages when closing", self._queue.qsize())

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            if batch:
                self._post(batch)

    def _next_batch(self) -> "tuple[list, bool]":
        batch: list = []
        until = None
        while len(batch) < self._batch_max:
            wait_s = None if until is None else max(0.0, until - time.monotonic())
            try:
                item = self._queue.get(timeout=wait_s)
            except queue.Empty:
                break
            if item is _STOP:
                return batch, False
            batch.append(item)
            until = until or time.monotonic() + self._batch_wait_s
        return batch, True

    def _post(self, batch: list) -> None:
        body = json.dumps(batch, default=str).encode()
        for wait_s in (*self._retry_waits_s, None):
            try:
                request = urllib.request.Request(self._url, body, self._headers, method="POST")
                with urllib.request.urlopen(request, timeout=10) as answer:
                    self._report(answer.read())
                return
            except urllib.error.HTTPError as error:
                reason = f"{error.code}: {error.read(300).decode(errors='replace')}"
                if error.code != 429 and error.code < 500:
                    return self._lose(len(batch), reason)
            except OSError as error:
                reason = str(error)
            if wait_s is None:
                return self._lose(len(batch), reason)
            time.sleep(wait_s if not self._closing.is_set() else min(wait_s, 0.5))

    def _report(self, answer: bytes) -> None:
        try:
            rejected = json.loads(answer or b"{}").get("rejected", [])
        except (ValueError, AttributeError):
            return
        if rejected:
            self._lose(len(rejected), f"rejected: {json.dumps(rejected[0])}")

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        logger.warning("earshot: %d messages lost (%d in all): %s", count, self.lost, reason)
