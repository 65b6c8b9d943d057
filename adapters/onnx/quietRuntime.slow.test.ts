/** onnxruntime tells nobody anything: it makes no identifier of the machine and no store of what it would send. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../packageRoot.ts';

const TRACE = '.cache/Microsoft';
const skip = process.platform === 'linux' ? false : 'NOT CHECKED: what the runtime leaves is known of Linux only';

/** Runs it with a home of its own; returns whether the runtime left something there. */
function leavesTrace(script: string): boolean {
  const home = mkdtempSync(join(tmpdir(), 'earshot-home-'));
  try {
    // Without CI in the environment, under which the runtime is quiet by itself.
    execFileSync(process.execPath, ['-e', `(async () => {${script}})()`], { cwd: packageRoot, env: { HOME: home } });
    return existsSync(join(home, TRACE));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const SESSION = `
  const { InferenceSession } = await import('onnxruntime-node');
  await InferenceSession.create('models/speech-edge/speech-edge.onnx');`;

test('the workers and the trying out of models tell nothing', { skip }, () => {
  const pool = `
    const { createRecordingPool } = await import('./dist/adapters/onnx/recordingPool.js');
    await (await createRecordingPool()).close();`;
  assert.equal(leavesTrace(pool), false);
  assert.equal(leavesTrace(`await import('./dist/adapters/onnx/addedModels.js');${SESSION}`), false);
});

test('without this the runtime leaves a trace, so the test above can fail', { skip }, () => {
  assert.equal(leavesTrace(SESSION), true);
});
