/** A recording is a call of its own time: what is told of it lies where it was spoken. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../adapters/packageRoot.ts';
import { createWallClock } from '../core/audio/wallClock.ts';
import { stereoRecording } from './recording.ts';

test('its audio arrives as it was spoken, from when the file was begun', async () => {
  const path = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
  const recording = await stereoRecording(path, { tenant: 'acme', agentVersion: '', callerChannel: 'left' });
  const { mtimeMs } = await stat(path);
  assert.ok(Math.abs(recording.open.startedAtMs + recording.durationMs - mtimeMs) <= 1);
  const wallClock = createWallClock(0);
  let endMs = 0;
  for await (const message of recording.messages()) {
    assert.equal(message.type, 'audio');
    if (message.type !== 'audio') continue;
    endMs = message.arrivedAtMs - recording.open.startedAtMs;
    wallClock.arrived(message.arrivedAtMs, endMs);
  }
  assert.ok(Math.abs(endMs - recording.durationMs) < 1);
  assert.ok(Math.abs(wallClock.sample0Ms - recording.open.startedAtMs) < 1);
});
