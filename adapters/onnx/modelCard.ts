/** Reads a model's card and its weights, and refuses weights whose sha256 is not the card's. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';
import type { SpeechModelFormat } from '../../core/inference/speechModel.ts';
import { packageRoot } from '../packageRoot.ts';

export interface ModelCard {
  readonly name: string;
  readonly version: string;
  readonly source: { readonly kind: 'npm'; readonly package: string; readonly version: string; readonly file: string };
  readonly sha256: string;
  readonly formats: readonly SpeechModelFormat[];
}

export interface LoadedModel {
  readonly card: ModelCard;
  readonly weights: Uint8Array;
}

export async function loadModel(name: string): Promise<LoadedModel> {
  const card = JSON.parse(await readFile(join(packageRoot, 'models', name, 'card.json'), 'utf8')) as ModelCard;
  const weights = await readFile(join(folderOfPackage(card.source.package), card.source.file));
  const sha256 = createHash('sha256').update(weights).digest('hex');
  if (sha256 !== card.sha256) {
    throw new InvalidInput('model_invalid', {
      expected: `${card.source.file} of ${card.source.package}@${card.source.version} with sha256 ${card.sha256}`,
      got: `sha256 ${sha256}`,
    });
  }
  return { card, weights };
}

/** Through the package's entry, because an `exports` map may hide its package.json and its weights. */
function folderOfPackage(packageName: string): string {
  const entry = createRequire(import.meta.url).resolve(packageName);
  const inModules = join('node_modules', ...packageName.split('/'));
  return entry.slice(0, entry.lastIndexOf(inModules) + inModules.length);
}
