/**
 * Dropouts: holes of digital silence torn into speech. What tells a hole from a pause, a closure of the mouth or a noise gate is how
 * it begins: the voice is cut at full strength within two milliseconds, where all that a mouth or a gate does takes tens.
 * A hole may also begin in a pause and end amid a word; since plosives do that too, such a one only counts beside a cut one.
 *
 * Two or three holes are samples of a fault that acted for longer than from the first of them to the last. The stretch told is
 * theirs, longer by the mean distance between them, and never shorter than two seconds: so few holes cannot place it finer.
 */
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { voiceSpan, type DropoutFinding } from './findings.ts';
import { TIMELINE_STEP, VOICE_SAMPLES_PER_MS, type VoiceAudio } from './voiceAudio.ts';

const BLOCK_MS = 2;
const BLOCK_SAMPLES = BLOCK_MS * VOICE_SAMPLES_PER_MS;
const BLOCK_TIMELINE = BLOCK_SAMPLES * TIMELINE_STEP;
const ratio = (db: number): number => 10 ** (db / 10);
/** Digital silence with the line's own noise: G.711 and a few steps of 16 bits stay below it. */
const SILENCE_POWER_MAX = ratio(-68);
/** Power of no sound at all, so that exact zeros have a level too. */
const FLOOR_POWER = ratio(-84);
/** The voice at an edge is its mean over 8 ms, a block of transition left out. */
const EDGE_BLOCKS = 4;
/** At a cut the voice was not much below its peaks of the last seconds, and far above the hole. */
const CUT_BELOW_PEAK_MAX = ratio(-26);
const CUT_ABOVE_HOLE_MIN = ratio(20);
/** A word's middle, by the same measure, for a hole that began in a pause. */
const RISE_BELOW_PEAK_MAX = ratio(-20);
/**
 * A lone hole is told if the voice comes back at once too, and if it is longer than the silence with which synthesis joins its
 * phrases and shorter than that between sentences; a hole that began in a pause is no longer either.
 */
const LONE_RISE_ABOVE_HOLE_MIN = ratio(26);
const LONE_BLOCKS_MIN = 160 / BLOCK_MS;
const LONE_BLOCKS_MAX = 350 / BLOCK_MS;
const PEAK_DECAY = ratio((-1 * BLOCK_MS) / 1_000);
const HOLE_BLOCKS_MIN = 80 / BLOCK_MS;
const HOLE_BLOCKS_MAX = 500 / BLOCK_MS;
/** Lost packets make short holes. Where these abound, one of them may have cut a voice just before a pause. */
const PACKET_BLOCKS_MIN = 10 / BLOCK_MS;
const PACKETS_RECENT_MIN = 3;
const PACKET_BLOCKS_KEPT = 10_000 / BLOCK_MS;
const GROUP_BLOCKS = 1_600 / BLOCK_MS;
const STRETCH_BLOCKS_MIN = 2_000 / BLOCK_MS;

interface Group {
  startBlock: number;
  endBlock: number;
  silentBlocks: number;
  holes: number;
  /** Of the holes, those that began with a cut; and whether one of these is sure by itself. */
  cuts: number;
  isSure: boolean;
}

interface Silence {
  startBlock: number;
  endBlock: number;
  before: number;
  energy: number;
}

interface DropoutState {
  block: number;
  /** Of the block that is being filled. */
  energy: number;
  fill: number;
  peak: number;
  /** Powers of the last blocks, the newest last: those of an edge and its transition. */
  recent: number[];
  silence: Silence | null;
  /** A silence that is over and waits for the voice after it. */
  ended: Silence | null;
  packetBlocks: number[];
  group: Group | null;
}

export function dropouts(channel: Channel): Stage<VoiceAudio, DropoutFinding> {
  let state: DropoutState = {
    block: 0,
    energy: 0,
    fill: 0,
    peak: FLOOR_POWER,
    recent: [],
    silence: null,
    ended: null,
    packetBlocks: [],
    group: null,
  };

  function close(emit: Emit<DropoutFinding>): void {
    const { group } = state;
    state.group = null;
    if (group === null || group.cuts === 0) return;
    const { startBlock, endBlock, holes, silentBlocks, cuts, isSure } = group;
    const isCertain = isLossy() ? cuts > 1 || (isSure && holes > 1) : isSure || holes > 1;
    if (!isCertain) return;
    const acted = (endBlock - startBlock) * (holes > 1 ? holes / (holes - 1) : 1);
    const half = Math.max(acted, STRETCH_BLOCKS_MIN) / 2;
    const middle = (startBlock + endBlock) / 2;
    const span = voiceSpan(channel, (middle - half) * BLOCK_TIMELINE, (middle + half) * BLOCK_TIMELINE);
    emit({ kind: 'dropout', ...span, silentSamples: silentBlocks * BLOCK_TIMELINE, holes });
  }

  function isLossy(): boolean {
    const oldest = state.block - PACKET_BLOCKS_KEPT;
    state.packetBlocks = state.packetBlocks.filter((block) => block >= oldest);
    return state.packetBlocks.length >= PACKETS_RECENT_MIN;
  }

  /** A silence and the voice after it: is it a hole? */
  function weigh({ startBlock, endBlock, before, energy }: Silence, after: number): void {
    const blocks = endBlock - startBlock;
    const hole = Math.max(energy / blocks, FLOOR_POWER);
    const isCut = before >= state.peak * CUT_BELOW_PEAK_MAX && before >= hole * CUT_ABOVE_HOLE_MIN;
    const isRise = after >= state.peak * RISE_BELOW_PEAK_MAX && blocks <= LONE_BLOCKS_MAX;
    if (blocks < HOLE_BLOCKS_MIN) {
      if (isCut && isRise && blocks >= PACKET_BLOCKS_MIN) state.packetBlocks.push(startBlock);
      return;
    }
    if (blocks > HOLE_BLOCKS_MAX || !(isCut || isRise)) return;
    const { group } = state;
    const isSure =
      isCut && after >= hole * LONE_RISE_ABOVE_HOLE_MIN && blocks >= LONE_BLOCKS_MIN && blocks <= LONE_BLOCKS_MAX;
    state.group = {
      startBlock: group?.startBlock ?? startBlock,
      endBlock,
      silentBlocks: (group?.silentBlocks ?? 0) + blocks,
      holes: (group?.holes ?? 0) + 1,
      cuts: (group?.cuts ?? 0) + (isCut ? 1 : 0),
      isSure: (group?.isSure ?? false) || isSure,
    };
  }

  function pushBlock(power: number, emit: Emit<DropoutFinding>): void {
    const { group, recent, block, silence } = state;
    const isWaiting = silence !== null || state.ended !== null;
    if (group !== null && !isWaiting && block - group.endBlock >= GROUP_BLOCKS) close(emit);
    if (power <= SILENCE_POWER_MAX) {
      state.silence ??= { startBlock: block, endBlock: block, before: meanOf(recent.slice(0, EDGE_BLOCKS)), energy: 0 };
      state.silence.energy += power;
      state.silence.endBlock = block + 1;
    } else if (silence !== null) {
      state.ended = silence;
      state.silence = null;
    }
    recent.push(power);
    if (recent.length > EDGE_BLOCKS + 1) recent.shift();
    state.peak = Math.max(state.peak * PEAK_DECAY, meanOf(recent), FLOOR_POWER);
    state.block = block + 1;
    if (state.ended !== null && state.block - state.ended.endBlock > EDGE_BLOCKS) {
      weigh(state.ended, meanOf(recent.slice(1)));
      state.ended = null;
    }
  }

  return {
    push({ samples }, emit) {
      for (const sample of samples) {
        state.energy += sample * sample;
        state.fill += 1;
        if (state.fill < BLOCK_SAMPLES) continue;
        const power = state.energy / BLOCK_SAMPLES;
        state.energy = state.fill = 0;
        pushBlock(power, emit);
      }
    },
    flush: close,
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as DropoutState;
    },
  };
}

function meanOf(powers: readonly number[]): number {
  let sum = 0;
  for (const power of powers) sum += power;
  return powers.length === 0 ? 0 : sum / powers.length;
}
