/** Removes compiled files whose source is gone, so that no test of a deleted file lives on. Run by `npm run build`. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dist);

for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const source = join(root, name.replace(/\.js(\.map)?$/, '.ts'));
  if (/\.js(\.map)?$/.test(name) && !existsSync(source)) rmSync(join(dist, name));
}
