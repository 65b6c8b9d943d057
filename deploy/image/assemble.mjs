/**
 * Puts together what an image holds: `node assemble.mjs BUILT PACKAGES TARGET ARCH VARIANT`. BUILT is the tree after `npm run
 * build`, PACKAGES holds node_modules without development dependencies, ARCH is arm64 or amd64, VARIANT is `roles` (ClickHouse is a
 * server) or `embedded` (with the engine inside). The Dockerfile and test/deploy run this same file. It runs while the image is
 * built, so nothing of it is in the service.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const [built, packages, target, givenArch, variant] = process.argv.slice(2);
const ARCHITECTURES = { amd64: 'x64', x64: 'x64', arm64: 'arm64' };
const arch = ARCHITECTURES[givenArch];
if (arch === undefined || !['roles', 'embedded'].includes(variant)) {
  throw new Error(`expected ARCH of ${Object.keys(ARCHITECTURES).join(', ')} and VARIANT roles or embedded`);
}

/** What the running code reads beside itself. */
const PARTS = ['package.json', 'LICENSE', 'protos/gen', 'deploy/clickhouse', 'deploy/prices.json'];
const CODE = ['cli', 'services', 'adapters', 'core', 'examples'];
const EMBEDDED_PARTS = ['examples/demo-call', 'examples/queries'];

const isCode = (path) => !/\.(test\.js|map)$/.test(path);

mkdirSync(target, { recursive: true });
for (const part of [...PARTS, ...(variant === 'embedded' ? EMBEDDED_PARTS : [])]) {
  cpSync(join(built, part), join(target, part), { recursive: true });
}
for (const room of CODE) {
  cpSync(join(built, 'dist', room), join(target, 'dist', room), { recursive: true, filter: isCode });
}
cpSync(join(built, 'deploy/image/health.mjs'), join(target, 'health.mjs'));
// Weights and cards; how they were trained stays outside.
cpSync(join(built, 'models'), join(target, 'models'), {
  recursive: true,
  filter: (path) => basename(path) !== 'train',
});
cpSync(join(packages, 'node_modules'), join(target, 'node_modules'), { recursive: true, filter: isPackageNeeded });

/** onnxruntime-node brings its libraries for all systems; of the embedded engine's packages npm has chosen one already. */
function isPackageNeeded(path) {
  const inside = relative(join(packages, 'node_modules'), path);
  if (/\.(map|d\.ts|d\.mts|d\.cts|md|markdown)$/.test(inside) && !inside.endsWith('.license.md')) return false;
  if (variant === 'roles' && inside.startsWith('@chdb/')) return false;
  const [, system, processor] = /^onnxruntime-node\/bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(inside) ?? [];
  if (system === undefined) return true;
  // Providers are for graphics processors; here the processor alone is used.
  return (
    system === 'linux' && (processor === undefined || processor === arch) && !/providers_(cuda|tensorrt)/.test(inside)
  );
}

const bytesOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
    : statSync(path).size;

const runtime = join(target, 'node_modules/onnxruntime-node/bin');
const isThere = existsSync(runtime) && bytesOf(runtime) > 0;
if (!isThere) throw new Error(`onnxruntime-node has no library for linux/${arch}`);
rmSync(join(target, 'node_modules/.package-lock.json'), { force: true });
console.log(`${variant} ${arch}: ${(bytesOf(target) / 2 ** 20).toFixed(1)} MiB`);
