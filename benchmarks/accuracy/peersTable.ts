/** The comparisons with peers as one table: who, on which files, how right, and what a second of audio cost in the same run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';

export const PEER_COLUMNS = ['signal', 'on', 'system', 'figures', 'ms/s'] as const;
export type PeerRow = readonly [
  signal: string,
  on: string,
  system: string,
  figures: string,
  msPerSecond: number | null,
];

const resultOf = async <Result>(name: string): Promise<Result> =>
  JSON.parse(await readFile(join(packageRoot, 'benchmarks', 'peers', `${name}.result.json`), 'utf8')) as Result;

export async function peerRows(): Promise<PeerRow[]> {
  return [...(await speechRows()), ...(await pitchRows()), ...(await qualityRows()), ...(await prosodyRows())];
}

interface SpeechResult {
  readonly rows: readonly {
    system: string;
    rateHz: number;
    TEN: { f1: number };
    PAV: { f1: number };
    msPerSecond: number;
  }[];
}

async function speechRows(): Promise<PeerRow[]> {
  const { rows } = await resultOf<SpeechResult>('vad');
  return rows.map(({ system, rateHz, TEN, PAV, msPerSecond }) => [
    'speech',
    `TEN, PAV at ${rateHz / 1_000} kHz`,
    system,
    `F1 ${TEN.f1.toFixed(3)}, ${PAV.f1.toFixed(3)}`,
    msPerSecond,
  ]);
}

interface PitchErrors {
  readonly voicingErrorPct: number;
  readonly grossErrorPct: number;
  readonly fineErrorCents: number;
}

interface PitchResult {
  readonly systems: Readonly<
    Record<string, { accuracy: Readonly<Record<string, { all: PitchErrors }>>; msPerSecond: number }>
  >;
}

async function pitchRows(): Promise<PeerRow[]> {
  const { systems } = await resultOf<PitchResult>('pitch');
  return Object.entries(systems).flatMap(([system, { accuracy, msPerSecond }]) =>
    Object.entries(accuracy).map(([condition, { all }]): PeerRow => {
      const { voicingErrorPct, grossErrorPct, fineErrorCents } = all;
      const figures = `voicing ${voicingErrorPct} %, gross ${grossErrorPct} %, fine ${fineErrorCents} cents`;
      return ['pitch', `FDA, ${condition}`, system, figures, msPerSecond];
    }),
  );
}

interface QualityEntry {
  readonly p835: { signal: number; background: number; overall: number };
  readonly digits?: { spearman_files: number };
  readonly 'digits (overall)'?: { spearman_files: number };
  readonly msPerSecond: Readonly<Record<string, number>>;
}

async function qualityRows(): Promise<PeerRow[]> {
  const result = await resultOf<Record<string, unknown>>('quality');
  const systems = Object.entries(result).filter(([, entry]) => (entry as Partial<QualityEntry>).p835 !== undefined);
  return systems.flatMap(([system, entry]): PeerRow[] => {
    const { p835, digits, 'digits (overall)': byOverall, msPerSecond } = entry as QualityEntry;
    const cost = msPerSecond['batch 1'];
    const figures = `r with votes: SIG ${p835.signal}, BAK ${p835.background}, OVRL ${p835.overall}`;
    return [
      ['quality', 'P.835, 39 clips', system, figures, cost],
      ['intelligibility', 'digits in noise', system, `rho with SNR ${(digits ?? byOverall)?.spearman_files}`, cost],
    ];
  });
}

interface RateErrors {
  readonly meanAbsoluteError: number;
}

interface ProsodyResult {
  readonly periodsAgainstPraat: Readonly<Record<string, { correlation: number } | number>> & {
    readonly msPerVoicedSecond: number;
  };
  readonly syllableRate: Readonly<Record<string, { ours: RateErrors; deJongWempe: RateErrors }>>;
  readonly arousal: { readonly leaveOneSpeakerOut: { uar: number; uarThroughLines: number } };
  readonly costMsPerSecondOfAudio: { readonly syllables: number; readonly arousal: number };
}

async function prosodyRows(): Promise<PeerRow[]> {
  const { periodsAgainstPraat, syllableRate, arousal, costMsPerSecondOfAudio } =
    await resultOf<ProsodyResult>('prosody');
  const rates = Object.entries(syllableRate).flatMap(([set, { ours, deJongWempe }]): PeerRow[] => [
    ['syllable rate', set, 'earshot', errorOf(ours), costMsPerSecondOfAudio.syllables],
    ['syllable rate', set, 'de Jong & Wempe (Praat)', errorOf(deJongWempe), null],
  ]);
  const periods = Object.entries(periodsAgainstPraat).flatMap(([measure, against]): PeerRow[] =>
    typeof against === 'number'
      ? []
      : [
          [
            'voice',
            '218 recordings',
            'earshot',
            `${measure}: r with Praat ${against.correlation}`,
            periodsAgainstPraat.msPerVoicedSecond,
          ],
        ],
  );
  const { uar, uarThroughLines } = arousal.leaveOneSpeakerOut;
  const recall = `recall of high and low ${uar}, through lines ${uarThroughLines}`;
  return [
    ...rates,
    ...periods,
    ['arousal', 'EmoDB, speaker left out', 'earshot', recall, costMsPerSecondOfAudio.arousal],
  ];
}

const errorOf = ({ meanAbsoluteError }: RateErrors): string => `error ${(100 * meanAbsoluteError).toFixed(1)} %`;
