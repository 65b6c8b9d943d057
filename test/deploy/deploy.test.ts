/** deploy/ held against the real tools: helm renders the chart, Kubernetes' and KEDA's own schemas judge it, compose is parsed. */
import assert from 'node:assert/strict';

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { SETTINGS } from '../../services/settings.ts';
import { goTool, hadolint, kubernetesSchemas, KUBERNETES } from '../support/deployTools.ts';

const deploy = join(packageRoot, 'deploy');
const chart = join(deploy, 'helm', 'earshot');
const REQUIRED = [
  'kafka.brokers=kafka-0:9092\\,kafka-1:9092',
  'clickhouse.url=http://clickhouse:8123',
  'existingSecret=earshot',
  'acceptUnauthenticated=true',
];
const EVERYTHING = [
  ...REQUIRED,
  'kafka.sasl=scram-sha-512',
  'kafka.user=earshot',
  'kafka.tls.enabled=true',
  'kafka.tls.existingSecret=kafka-tls',
  'kafka.tls.clientCertificate=true',
  'serviceMonitor.enabled=true',
  'imagePullSecrets[0].name=registry',
  'settings.EARSHOT_TEXT=hashed',
  'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b',
];
const WITHOUT_KEDA = [...REQUIRED, 'analyze.autoscaling.enabled=false', 'networkPolicy.enabled=false'];

const isPresent = (command: string, ...args: string[]): boolean => spawnSync(command, args).error === undefined;
/** Without them nothing can be checked, and that is said; .ci/run fails without them. */
const absent = !isPresent('go', 'version') ? 'NOT CHECKED: go is absent' : false;
const absentPython = !isPresent('python3', '--version') ? 'NOT CHECKED: python3 is absent' : absent;

const setArgs = (values: readonly string[]): string[] => values.flatMap((value) => ['--set', value]);
const helm = (...args: string[]): ReturnType<typeof spawnSync> => spawnSync(goTool('helm'), args, { encoding: 'utf8' });
function rendered(values: readonly string[]): string {
  const { status, stdout, stderr } = helm('template', 'r', chart, '--kube-version', KUBERNETES, ...setArgs(values));
  assert.equal(status, 0, String(stderr));
  return String(stdout);
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly enableServiceLinks?: boolean;
  readonly containers: readonly { readonly env: readonly { name: string; value: string }[] }[];
}
const manifestsOf = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((one) => (one.toJS() as Manifest | null) ?? []);

test('the chart is well made and its manifests are what Kubernetes and KEDA take', { skip: absentPython }, () => {
  const lint = helm('lint', '--strict', chart, ...setArgs(REQUIRED));
  assert.equal(lint.status, 0, String(lint.stdout));
  for (const values of [REQUIRED, EVERYTHING, WITHOUT_KEDA]) {
    const args = ['-strict', '-summary', '-skip', 'ServiceMonitor', '-schema-location', kubernetesSchemas()];
    const judged = spawnSync(goTool('kubeconform'), args, { input: rendered(values), encoding: 'utf8' });
    assert.equal(judged.status, 0, judged.stdout);
    assert.match(judged.stdout, /Valid: 1\d, Invalid: 0, Errors: 0/);
  }
});

test('the schemas bite: a field that does not exist is found', { skip: absentPython }, () => {
  const args = ['-strict', '-schema-location', kubernetesSchemas()];
  for (const [right, wrong] of [
    ['minReadySeconds:', 'minReadyMinutes:'],
    ['pollingInterval:', 'pollInterval:'],
    ['maxUnavailable: 1', 'maxUnavailable: [1]'],
  ]) {
    const manifests = rendered(REQUIRED);
    assert.ok(manifests.includes(right));
    const judged = spawnSync(goTool('kubeconform'), args, { input: manifests.replaceAll(right, wrong) });
    assert.notEqual(judged.status, 0, wrong);
  }
});

test('what cannot be guessed is asked for in words', { skip: absent }, () => {
  const refused = (values: readonly string[], words: RegExp): void => {
    const { status, stderr } = helm('template', 'r', chart, '--kube-version', KUBERNETES, ...setArgs(values));
    assert.notEqual(status, 0);
    assert.match(String(stderr), words);
  };
  for (const left of REQUIRED) {
    const [name] = left.split('=');
    refused(
      REQUIRED.filter((value) => value !== left),
      new RegExp(name.replace('.', '\\.')),
    );
  }
  refused([...REQUIRED, 'kafka.partitions=4'], /maxReplicas: more than kafka\.partitions/);
  refused([...REQUIRED, 'kafka.sasl=plain'], /kafka\.user/);
  refused([...REQUIRED, 'image.tag=latest'], /image/);
  refused([...REQUIRED, 'ingest.replica=3'], /replica/);
});

test('pods get settings that exist, each once, and no links of services', { skip: absent }, () => {
  const pods = manifestsOf(rendered(EVERYTHING)).flatMap(({ spec }) => spec?.template?.spec ?? []);
  assert.equal(pods.length, 4);
  for (const { enableServiceLinks, containers } of pods) {
    assert.equal(enableServiceLinks, false);
    const names = containers[0].env.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(containers[0].env.some(({ name, value }) => name === 'EARSHOT_TEXT' && value === 'hashed'));
  }
});

test('compose.yaml is what the compose specification says', { skip: absent }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-compose-'));
  try {
    const { status, stdout, stderr } = spawnSync(goTool('compose'), ['-format', 'json', join(deploy, 'compose.yaml')], {
      encoding: 'utf8',
      cwd: folder,
    });
    assert.equal(status, 0, stderr);
    const { services } = JSON.parse(stdout) as {
      services: Record<string, { image: string; healthcheck?: object; read_only?: boolean }>;
    };
    assert.deepEqual(Object.keys(services).sort(), [
      'analyze',
      'api',
      'clickhouse',
      'grafana',
      'ingest',
      'kafka',
      'migrate',
    ]);
    for (const { image } of Object.values(services)) assert.match(image, /:(?!latest)\d/);
    for (const role of ['ingest', 'analyze', 'api']) assert.equal(services[role].read_only, true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the Dockerfile passes its linter', { skip: absentPython }, () => {
  const { status, stdout } = spawnSync(hadolint(), [join(deploy, 'Dockerfile')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('every EARSHOT_ name under deploy/ is a setting', () => {
  const names = filesUnder(deploy).flatMap((path) => readFileSync(path, 'utf8').match(/\bEARSHOT_[A-Z_]+\b/g) ?? []);
  assert.ok(names.length > 20);
  assert.deepEqual([...new Set(names)].filter((name) => !Object.hasOwn(SETTINGS, name)).sort(), []);
});

test("the secrets of compose are made once, and the users' hashes are those of the passwords", () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-secrets-'));
  try {
    const make = (): string => execFileSync('sh', [join(deploy, 'newSecrets.sh'), join(folder, 's')]).toString();
    assert.match(make(), /made/);
    const secret = readFileSync(join(folder, 's', 'earshot.secret'), 'utf8');
    assert.equal(Buffer.from(secret, 'base64').length, 32);
    const users = readFileSync(join(folder, 's', 'clickhouse-users.xml'), 'utf8');
    for (const name of ['clickhouse.password', 'clickhouse-reader.password']) {
      const password = readFileSync(join(folder, 's', name));
      assert.ok(users.includes(createHash('sha256').update(password).digest('hex')), name);
    }
    assert.match(make(), /nothing is changed/);
    assert.equal(readFileSync(join(folder, 's', 'earshot.secret'), 'utf8'), secret);
    const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8')) as {
      secrets: Record<string, { file: string }>;
    };
    for (const { file } of Object.values(compose.secrets)) {
      assert.ok(readFileSync(join(folder, 's', file.replace('./secrets/', ''))).length > 0);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('secrets'))
    .map((entry) => join(entry.parentPath, entry.name));
