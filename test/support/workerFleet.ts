/** Worker processes that come, go and are killed, and what is known of the work by their lines. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../adapters/packageRoot.ts';

const WORKER = join(packageRoot, 'dist', 'test', 'kafka', 'workerProcess.js');

export interface Fleet {
  /** What went against the promises. */
  readonly faults: string[];
  readonly workers: readonly ChildProcess[];
  /** When each entry was first handed out, by call and number, on `performance.now`. */
  readonly takenAtMs: ReadonlyMap<string, number>;
  readonly repeats: number;
  /** The last number of the call that is durable; -1: none. */
  durable(callId: string): number;
  /** How many partitions it has; 0: it was given none yet. */
  shareOf(worker: ChildProcess): number;
  join(): void;
  /** Resolves when it is gone. */
  leave(worker: ChildProcess, how: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export function openFleet(args: readonly string[]): Fleet {
  const faults: string[] = [];
  const workers: ChildProcess[] = [];
  const takenAtMs = new Map<string, number>();
  const durable = new Map<string, number>();
  const changed = new EventEmitter();
  const shares = new Map<ChildProcess, number>();
  let repeats = 0;

  /** Within one worker and until it is revoked, a call's entries follow one another; a tenure begins where no entry is left out. */
  function hear(worker: ChildProcess, line: string, last: Map<string, number>): void {
    const [what, callId, text] = line.split(' ');
    const seq = Number(text);
    if (what === 'taken') {
      const before = last.get(callId);
      const isInOrder = before === undefined ? seq <= (durable.get(callId) ?? -1) + 1 : seq === before + 1;
      if (!isInOrder) {
        faults.push(`${callId}: ${seq} came after ${before ?? 'nothing'}, durable is ${durable.get(callId) ?? -1}`);
      }
      last.set(callId, seq);
      const entry = `${callId} ${seq}`;
      if (takenAtMs.has(entry)) repeats += 1;
      else takenAtMs.set(entry, performance.now());
    } else if (what === 'durable') durable.set(callId, Math.max(durable.get(callId) ?? -1, seq));
    else if (what === 'revoked') last.delete(callId);
    else if (what === 'assigned') shares.set(worker, callId === '' ? 0 : callId.split(',').length);
    else faults.push(line);
    changed.emit('change');
  }

  return {
    faults,
    workers,
    takenAtMs,
    get repeats() {
      return repeats;
    },
    durable: (callId) => durable.get(callId) ?? -1,
    shareOf: (worker) => shares.get(worker) ?? 0,
    join() {
      const worker = spawn(process.execPath, [WORKER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      const last = new Map<string, number>();
      createInterface({ input: worker.stdout }).on('line', (line) => hear(worker, line, last));
      workers.push(worker);
    },
    async leave(worker, how) {
      workers.splice(workers.indexOf(worker), 1);
      // Not before its last lines are read.
      const gone = once(worker, 'close');
      worker.kill(how);
      await gone;
    },
    async until(holds) {
      while (!holds()) await once(changed, 'change');
    },
    async close() {
      await Promise.all(
        workers.splice(0).map((worker) => {
          const gone = once(worker, 'close');
          worker.kill('SIGKILL');
          return gone;
        }),
      );
    },
  };
}
