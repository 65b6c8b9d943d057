/**
 * What the Dockerfile's stages do, done without Docker: packages and the files of the image. From them, as a stranger who can write
 * nothing of it: the demo, and the roles as compose.yaml starts them, over a real broker, as the ClickHouse user of deploy/.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { openClickhouseFront } from '../support/clickhouseFront.ts';
import { engineArgsAs } from '../support/clickhouseUsers.ts';
import { openImage, STRANGER, type ImageRole } from '../support/imageRoles.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { ask } from '../support/storeLaws/storeProbe.ts';

const MIB_MAX = 90;
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const isLinux = process.platform === 'linux';
const skip = isLinux ? false : 'NOT CHECKED: the image is for Linux';
const noKafka = await whyNoKafka();
if (noKafka !== null) console.error(`!! the roles are not started from the image: ${noKafka}`);

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

let ofRoles: ReturnType<typeof assembled> | null = null;
const rolesImage = (): string => (ofRoles ??= assembled('roles')).image;

test('the image of the roles is small, holds no tests and no engine, and runs', { skip }, () => {
  ofRoles = assembled('roles');
  const { image, said } = ofRoles;
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

const ROLES = ['ingest', 'analyze', 'api'] as const;
type Role = (typeof ROLES)[number];
const READY_MS_MAX = 60_000;
const HEARD_MS = 10_000;
const MESSAGE_MS = 100;

interface OfRole {
  readonly terminationGracePeriodSeconds: number;
  readonly resources: { readonly limits: { readonly memory: string } };
}
const values = parse(readFileSync(join(packageRoot, 'deploy/helm/earshot/values.yaml'), 'utf8')) as Record<
  Role,
  OfRole
>;
/** Of the time that a pod is given to end, what is left after its preStop. */
const graceMsOf = (role: Role): number => values[role].terminationGracePeriodSeconds * 1_000 - 5_000;
const GIB = { Mi: 1 / 1_024, Gi: 1 } as const;
const limitGibOf = (role: Role): number => {
  const [, count, unit] = /^(\d+)(Mi|Gi)$/.exec(values[role].resources.limits.memory) ?? [];
  return Number(count) * GIB[unit as keyof typeof GIB];
};
const peakGibOf = ({ pid }: ImageRole): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 2 ** 20;

async function whenReady({ url }: ImageRole): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  for (;;) {
    const response = await fetch(`${url}/ready`);
    if (response.ok) return;
    if (performance.now() > until) throw new Error(`not ready: ${await response.text()}`);
    await pause(200);
  }
}

async function speak(url: string, callId: string): Promise<EarshotClient> {
  const wav = await readWav(join(packageRoot, 'examples/demo-call/demo-call.wav'));
  const { encoding, rateHz } = wav;
  const client = connectEarshot({ url, hello: { callId, encoding, rateHz, layout: 'interleaved' } });
  await client.ready;
  const samples = (rateHz * MESSAGE_MS) / 1_000;
  let position = 0;
  for await (const payload of wav.chunks(samples)) {
    if (position >= (rateHz * HEARD_MS) / 1_000) break;
    client.sendAudio('both', position, payload);
    position += samples;
  }
  return client;
}

test(
  'the roles start from the image, are well, hear a call, and end in time in the middle of another',
  { skip: isLinux ? (noKafka ?? false) : skip, timeout: 240_000 },
  async (t) => {
    const broker = await startKafka();
    t.after(() => broker.close());
    const dataDir = join(folder, 'clickhouse');
    const front = await openClickhouseFront({ dataDir, engineArgs: engineArgsAs('earshot', join(folder, 'server')) });
    t.after(() => front.close());
    const secrets = join(folder, 'secrets');
    const image = openImage({ image: rolesImage(), kafka: broker.address, clickhouse: front.url, secrets });

    const migrated = await image.run('migrate');
    assert.equal(migrated.status, 0, migrated.said);
    for (const made of ['applied 001_database.sql', 'made earshot.log', 'made earshot.facts', 'made earshot.dead']) {
      assert.ok(migrated.said.includes(made), migrated.said);
    }
    assert.equal((await image.run('migrate')).said, 'store: nothing to do\ntopics: none lacked\n');

    const roles = new Map<Role, ImageRole>();
    t.after(() => [...roles.values()].forEach((role) => role.kill()));
    for (const name of ROLES) roles.set(name, await image.start(name));
    for (const [name, role] of roles) {
      await whenReady(role);
      assert.equal(await role.health(), 0, name);
      assert.equal((await fetch(`${role.url}/health`)).status, 200, name);
      assert.match(await (await fetch(`${role.url}/metrics`)).text(), /^earshot_errors_total\{/m, name);
    }
    const urlOf = (name: Role): string => (roles.get(name) as ImageRole).url;
    const streamUrl = `${urlOf('ingest').replace('http', 'ws')}/v1/stream`;
    await (await speak(streamUrl, 'whole')).bye();
    const store = await openStore({ kind: 'server', url: front.url });
    t.after(() => store.close());
    const stored = async (sql: string): Promise<number> => Number((await ask(store, sql))[0].n);
    const whenStored = async (sql: string): Promise<void> => {
      while ((await stored(sql)) === 0) await pause(200);
    };
    await whenStored("SELECT count() AS n FROM earshot.calls WHERE call_id = 'whole' AND part = 'ended'");
    const facts = (await (await fetch(`${urlOf('api')}/v1/calls/whole/facts`)).json()) as { facts: unknown[] };
    assert.ok(facts.facts.length > 5);

    const cut = await speak(streamUrl, 'cut');
    const cutOff = cut.done.catch((error: unknown) => error);
    await whenStored("SELECT count() AS n FROM earshot.call_states WHERE call_id = 'cut'");
    const peaks = ROLES.map((name) => ({ name, gib: peakGibOf(roles.get(name) as ImageRole) }));
    const ends = await Promise.all(ROLES.map((name) => (roles.get(name) as ImageRole).stop()));
    ROLES.forEach((name, index) => {
      const { status, tookMs } = ends[index];
      console.log(
        `${name}: ended ${tookMs.toFixed(0)} ms after SIGTERM, at most ${(peaks[index].gib * 1_024).toFixed(0)} MiB`,
      );
      assert.equal(status, 0, name);
      assert.ok(tookMs < graceMsOf(name), `${name} took ${tookMs} ms`);
      assert.ok(peaks[index].gib < limitGibOf(name), name);
    });
    cut.close();
    await cutOff;
    // It can go on elsewhere: it was not ended, and its last state is there.
    assert.equal(await stored("SELECT countIf(ended) AS n FROM earshot.call_states WHERE call_id = 'cut'"), 0);
  },
);

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
