/**
 * The senders against a small server, without their frameworks: what they post is what the mappers read, in order, and what
 * cannot be delivered is counted. The Python ones need python3.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEventBatch } from '../../adapters/events/wireEvent.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { lines, mapped } from '../../test/support/eventFixtures.ts';
import { sendEvents } from './sendEvents.ts';

const folder = join(packageRoot, 'examples', 'senders');
const hasPython = ((): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const options = { skip: hasPython ? false : 'python3 is not installed' };

interface Post {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers each post by `answer` and keeps it. */
async function serving(
  answer: (post: Post, count: number) => { readonly status: number; readonly body: string },
  use: (url: string) => Promise<void>,
): Promise<readonly Post[]> {
  const posts: Post[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const post = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
    posts.push(post);
    const { status, body } = answer(post, posts.length);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return posts;
}

const ACCEPTED = { status: 200, body: '{"accepted":1}' };
const messagesOf = (posts: readonly Post[]): readonly unknown[] =>
  posts.flatMap(({ body }) => JSON.parse(body) as unknown[]);

/** Runs a script with the senders importable; what it printed. */
async function python(script: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn('python3', ['-c', script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.error += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0, printed.error);
  return printed.out;
}

test('the Python files compile', options, () => {
  const cache = mkdtempSync(join(tmpdir(), 'earshot-py-'));
  try {
    const files = ['earshot_sender.py', 'pipecat_observer.py', 'livekit_hook.py'].map((name) => join(folder, name));
    execFileSync('python3', ['-m', 'py_compile', ...files], { env: { ...process.env, PYTHONPYCACHEPREFIX: cache } });
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
});

const PIPECAT = `
import asyncio, itertools, sys
from types import SimpleNamespace
from pipecat_observer import EarshotObserver

count = itertools.count(1)

def frame(*names, **fields):
    base = object
    for name in reversed(names):
        base = type(name, (base,), {})
    made = base()
    made.__dict__.update(id=next(count), **fields)
    return made

DOWN, UP = SimpleNamespace(name="DOWNSTREAM"), SimpleNamespace(name="UPSTREAM")
inner = object()
output = type("TestOutput", (type("BaseOutputTransport", (object,), {}),), {})()

async def main():
    observer = EarshotObserver(sys.argv[1], "call 1", headers={"authorization": "Bearer secret"})
    async def push(made, source=inner, direction=DOWN, hops=3):
        for _ in range(hops):
            await observer.on_push_frame(SimpleNamespace(frame=made, source=source, direction=direction))
    def ttfb(processor, value):
        return frame("TTFBMetricsData", "MetricsData", processor=processor, model="m", value=value)
    await push(frame("StartFrame", "SystemFrame"))
    await push(frame("InputAudioRawFrame", "AudioRawFrame", audio=b"1234"))
    await push(frame("UserStartedSpeakingFrame", "SystemFrame"))
    await push(frame("UserStartedSpeakingFrame", "SystemFrame"), direction=UP)
    await push(frame("InterimTranscriptionFrame", "TextFrame", text="I", user_id="u", timestamp="2026-11-25T03:00:01Z"))
    await push(frame("TranscriptionFrame", "TextFrame", text="I need", user_id="u", timestamp="2026-11-25T03:00:02Z"))
    await push(frame("UserStoppedSpeakingFrame", "SystemFrame"))
    await push(frame("LLMFullResponseStartFrame"))
    await push(frame("MetricsFrame", data=[ttfb("OpenAILLMService#0", 0.4)]))
    for text in ("Of", " course"):
        await push(frame("LLMTextFrame", "TextFrame", text=text))
    await push(frame("TTSStartedFrame"))
    await push(frame("MetricsFrame", data=[ttfb("CartesiaTTSService#0", 0.2)]))
    await push(frame("BotStartedSpeakingFrame", "SystemFrame"))
    words = frame("TTSTextFrame", "AggregatedTextFrame", "TextFrame", text="Of course")
    await push(words)
    await push(words, source=output)
    usage = SimpleNamespace(prompt_tokens=12, completion_tokens=3, total_tokens=15)
    await push(frame("MetricsFrame", data=[frame("LLMUsageMetricsData", "MetricsData", processor="OpenAILLMService#0", value=usage)]))
    await push(frame("InterruptionFrame", "SystemFrame"))
    await push(frame("BotStoppedSpeakingFrame", "SystemFrame"))
    await push(frame("FunctionCallInProgressFrame", tool_call_id="t", function_name="find"))
    await push(frame("FunctionCallResultFrame", tool_call_id="t", function_name="find"))
    await push(frame("ErrorFrame", error="no voice", fatal=False), direction=UP)
    await observer.cleanup()
    print(observer._sender.lost)

asyncio.run(main())
`;

test('the Pipecat observer tells of each frame once, in order', options, async () => {
  const posts = await serving(
    () => ACCEPTED,
    async (url) => assert.equal((await python(PIPECAT, url)).trim(), '0'),
  );
  for (const { path, headers } of posts) {
    assert.equal(path, '/v1/events/pipecat?callId=call+1');
    assert.equal(headers.authorization, 'Bearer secret');
  }
  const events = mapped('pipecat', messagesOf(posts));
  assert.deepEqual(lines(events, 'text'), [
    'turn_started -',
    'stt_interim I',
    'stt_final I need',
    'turn_ended -',
    'llm_requested -',
    'llm_first_token -',
    'tts_requested -',
    'tts_first_audio -',
    'playback_started -',
    'tts_words Of course',
    'metrics -',
    'interruption -',
    'playback_stopped -',
    'tool_call -',
    'tool_call -',
    'error no voice',
  ]);
  assert.deepEqual(events[10].metrics, { 'llm.input_tokens': 12, 'llm.output_tokens': 3 });
  for (const { occurredAtMs } of events) assert.ok(typeof occurredAtMs === 'number');
});

const LIVEKIT = `
import asyncio, sys
from livekit_hook import EVENTS, send_to_earshot

class Session:
    def __init__(self):
        self.handlers = {}
    def on(self, kind, handler):
        self.handlers[kind] = handler

class Event:
    def __init__(self, **fields):
        self.fields = fields
    def model_dump(self, mode, exclude):
        assert mode == "json"
        return {name: value for name, value in self.fields.items() if name not in exclude}

class Broken:
    created_at = 1790000009.0
    def model_dump(self, **_):
        raise TypeError("not serialisable")

async def main():
    session = Session()
    close = send_to_earshot(session, sys.argv[1], "room-1")
    assert set(session.handlers) == set(EVENTS)
    session.handlers["user_state_changed"](Event(type="user_state_changed", old_state="listening", new_state="speaking", created_at=1790000001.0))
    session.handlers["user_input_transcribed"](Event(type="user_input_transcribed", transcript="Hi", is_final=True, created_at=1790000002.0, speech_handle=object()))
    session.handlers["error"](Broken())
    await close("job ended")

asyncio.run(main())
`;

test('the LiveKit hook posts the events of a session as they are', options, async () => {
  const posts = await serving(
    () => ACCEPTED,
    async (url) => void (await python(LIVEKIT, url)),
  );
  assert.ok(posts.every(({ path }) => path === '/v1/events/livekit-agents?callId=room-1'));
  assert.deepEqual(lines(mapped('livekit-agents', messagesOf(posts)), 'occurredAtMs', 'text'), [
    'speech_started 1790000001000 -',
    'stt_final 1790000002000 Hi',
    'error 1790000009000 -',
  ]);
});

const SENDER = `
import sys
from earshot_sender import EarshotSender

sender = EarshotSender(sys.argv[1], "pipecat", "c", batch_max=2, batch_wait_s=5, retry_waits_s=(0.01, 0.01))
for at in range(7):
    sender.send({"n": at}, 1790000000000 + at)
sender.close()
print(sender.lost)
`;
const numbers = (posts: readonly Post[]): readonly unknown[] =>
  messagesOf(posts).map((envelope) => (envelope as { message: { n: number } }).message.n);

test('when Earshot is busy the sender tries again, in order', options, async () => {
  const busy = { status: 503, body: '{"code":"overloaded"}' };
  const posts = await serving(
    (_, count) => (count === 1 || count === 3 ? busy : ACCEPTED),
    async (url) => assert.equal((await python(SENDER, url)).trim(), '0'),
  );
  assert.deepEqual(numbers(posts.filter((_, index) => index !== 0 && index !== 2)), [0, 1, 2, 3, 4, 5, 6]);
});

test('what is refused, rejected or never taken is counted as lost', options, async () => {
  const lost = async (status: number, body: string): Promise<string> => {
    let printed = '';
    await serving(
      () => ({ status, body }),
      async (url) => void (printed = await python(SENDER, url)),
    );
    return printed.trim();
  };
  assert.equal(await lost(400, '{"code":"message_invalid"}'), '7');
  assert.equal(await lost(503, ''), '7');
  assert.equal(await lost(200, '{"accepted":1,"rejected":[{"index":0,"code":"message_invalid"}]}'), '4');
  assert.equal((await python(SENDER, 'http://127.0.0.1:1')).trim(), '7');
});

test('the Node sender posts its example, all of which is taken, and tells what is not', async () => {
  const example = JSON.parse(readFileSync(join(folder, 'events.json'), 'utf8')) as { events: object[] };
  const answer = ({ path, body }: Post): { status: number; body: string } => {
    assert.equal(path, '/v1/events');
    const { events, rejected } = parseEventBatch(Buffer.from(body), 'application/json');
    return { status: 200, body: JSON.stringify({ accepted: events.length, rejected }) };
  };
  await serving(answer, async (url) => {
    assert.deepEqual(await sendEvents(url, example), { accepted: example.events.length, rejected: [] });
    const { accepted, rejected } = await sendEvents(url, [...example.events, { type: 'stt_final' }]);
    assert.deepEqual([accepted, rejected.length, rejected[0].index], [example.events.length, 1, example.events.length]);
  });
  const refusing = serving(
    () => ({ status: 503, body: 'busy' }),
    async (url) => void (await assert.rejects(sendEvents(url, example), /answered 503: busy/)),
  );
  assert.equal((await refusing).length, 1);
});
