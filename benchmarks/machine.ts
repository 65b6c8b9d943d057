/** What a figure stands on: machine, versions, date, commit. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly processors: string;
  readonly memoryGb: number;
}

export const machineOf = (): Machine => ({
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim(),
  node: process.version,
  processors: `${cpus().length} x ${cpus()[0].model.trim()}`,
  memoryGb: Math.round(totalmem() / 2 ** 30),
});
