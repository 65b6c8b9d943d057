/** Keeps a saved state of today's version for the tests of later ones. One that is there already is never written over. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { serialize } from 'node:v8';
import { brotliCompressSync } from 'node:zlib';
import { packageRoot } from '../adapters/packageRoot.ts';
import { CALL_STATE_VERSION } from '../core/call/call.ts';
import { savedHalfway, stateFixturePath } from '../test/support/upgradeCall.ts';

const path = stateFixturePath(CALL_STATE_VERSION);
const packed = brotliCompressSync(serialize(savedHalfway()));
writeFileSync(path, packed, { flag: 'wx' });
console.log(`${relative(packageRoot, path)}: ${packed.length} bytes, a state of version ${CALL_STATE_VERSION}`);
