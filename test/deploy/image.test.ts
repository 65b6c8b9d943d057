/** What the Dockerfile's stages do, done without Docker: packages, the files of the image, and the demo from them as a stranger. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';

/** The image's user. Only root can become another; else the test runs as who it is. */
const STRANGER = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : {};
const MIB_MAX = 90;
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const isLinux = process.platform === 'linux';
const skip = isLinux ? false : 'NOT CHECKED: the image is for Linux';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-image-'));
  chmodSync(folder, 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The stage of a variant; returns the image's folder and what was said of its size. */
function assembled(variant: 'roles' | 'embedded'): { readonly image: string; readonly said: string } {
  const packages = join(folder, `packages-${variant}`);
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(packageRoot, name), join(packages, name));
  }
  const without = variant === 'roles' ? ['--omit=optional'] : [];
  execFileSync('npm', ['ci', '--silent', '--no-audit', '--omit=dev', ...without], { cwd: packages, stdio: 'pipe' });
  const image = join(folder, variant);
  const script = join(packageRoot, 'deploy', 'image', 'assemble.mjs');
  const said = execFileSync(process.execPath, [script, packageRoot, packages, image, arch, variant]).toString();
  rmSync(packages, { recursive: true, force: true });
  console.log(said.trim());
  return { image, said };
}

const cli = (image: string, ...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, ['dist/cli/earshot.js', ...args], { cwd: image, encoding: 'utf8', env: {}, ...STRANGER });

test('the image of the roles is small, holds no tests and no engine, and runs', { skip }, () => {
  const { image, said } = assembled('roles');
  assert.ok(Number(/([\d.]+) MiB/.exec(said)?.[1]) < MIB_MAX, said);
  assert.ok(!existsSync(join(image, 'node_modules/@chdb')));
  assert.ok(!existsSync(join(image, 'dist/test')));
  assert.ok(!existsSync(join(image, 'node_modules/typescript')));
  const help = cli(image, '--help');
  assert.equal(help.status, 0, String(help.stderr));
  assert.match(String(help.stdout), /earshot serve/);
  // The check of its health says no where nothing listens.
  const health = spawnSync(process.execPath, ['health.mjs'], { cwd: image, env: { EARSHOT_PORT: '9' } });
  assert.equal(health.status, 1);
});

test('the demo runs from the embedded image, by a user who can write nothing of it', { skip }, () => {
  const { image } = assembled('embedded');
  if (STRANGER.uid !== undefined) {
    const writing = spawnSync(process.execPath, ['-e', "fs.writeFileSync('x', '')"], { cwd: image, ...STRANGER });
    assert.notEqual(writing.status, 0);
  }
  const demo = cli(image, 'demo', '--speed', '8');
  assert.equal(demo.status, 0, String(demo.stderr));
  assert.match(String(demo.stdout), /caller barged in/);
});

test('what the Dockerfile copies from the tree is there, and no image is a moving one', () => {
  const dockerfile = readFileSync(join(packageRoot, 'deploy', 'Dockerfile'), 'utf8');
  const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => names.split(' '));
  assert.ok(sources.includes('package-lock.json'));
  for (const name of sources) assert.ok(existsSync(join(packageRoot, name)), name);
  for (const [, image] of dockerfile.matchAll(/^ARG \w+_IMAGE=(.+)$/gm)) assert.match(image, /:(?!latest)[\w.-]+$/);
});
