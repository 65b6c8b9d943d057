/** What a store has to hold to, whichever ClickHouse is behind it: run for the embedded one and for one over HTTP. */
import { test } from 'node:test';
import type { Store } from '../../../adapters/clickhouse/openStore.ts';
import { joinLaws } from './joinLaws.ts';
import { readLaws } from './readLaws.ts';
import { reportLaws } from './reportLaws.ts';
import { schemaLaws } from './schemaLaws.ts';
import { spanLaws } from './spanLaws.ts';
import { stateLaws } from './stateLaws.ts';
import { viewLaws } from './viewLaws.ts';
import { writerLaws } from './writerLaws.ts';

/** In this order: the first makes the tables, and the views' writes the call that the reads look for. */
const LAWS = {
  ...schemaLaws,
  ...viewLaws,
  ...readLaws,
  ...reportLaws,
  ...joinLaws,
  ...writerLaws,
  ...stateLaws,
  ...spanLaws,
};

export function storeLaws(name: string, storeOf: () => Store): void {
  for (const [law, holds] of Object.entries(LAWS)) test(`${name}: ${law}`, () => holds(storeOf()));
}
