/**
 * Finds the agent's echo in the caller's channel and marks the frames that it explains. An echo is the agent's own level
 * curve, later and lower by a fixed amount; so for each delay the two curves are correlated over the frames in which the
 * caller's channel is well under the agent's. A caller who speaks at the same time is louder than the echo and stays.
 */
import type { Finding } from '../facts/facts.ts';
import { LEVEL_DBFS_MIN } from '../features/measure.ts';
import { asSampleIndex, FRAME_SAMPLES } from '../units/time.ts';
import type { Emit } from '../stage/stage.ts';

export interface EchoDetector {
  /** True where the caller's frame is explained by the agent's echo. Frames come one by one, in order. */
  explains(frame: number, callerDbfs: number, agentDbfs: number, callerNoiseDbfs: number, emit: Emit<Finding>): boolean;
  save(): unknown;
  load(state: unknown): void;
}

/** ITU-T G.131 speaks of echo paths up to about 400 ms; a mobile or VoIP leg with jitter buffers stays within it. */
const DELAY_FRAMES_MAX = 40;
/** Frames with the agent audible and the caller's channel far below it that are needed before the curves are believed. */
const EVIDENCE_FRAMES_MIN = 100;
/** Evidence fades with this time constant, so a change of the echo path is followed. */
const EVIDENCE_FRAMES_KEPT = 1_000;
const AGENT_AUDIBLE_DBFS = -50;
const UNDER_AGENT_DB = 10;
const ABOVE_NOISE_DB = 4;
/** The curves must rise and fall together, and by the same number of decibels: an echo has slope 1. */
const CORRELATION_FOUND = 0.8;
const CORRELATION_LOST = 0.5;
const SLOPE_OFF_MAX = 0.35;
/** Curves that hardly move cannot tell whether they move together: they neither find an echo nor lose one. */
const SPREAD_DB_MIN = 3;
/** Reverberation keeps an echo a little above its loss for a few frames; a wider margin hides callers who speak softly. */
const MARGIN_DB = 4;
const SPREAD_FRAMES_BEFORE = 1;
const SPREAD_FRAMES_AFTER = 2;
/**
 * Before there is evidence, sound this far under the agent of the last 300 ms is taken for echo, unless an echo would have
 * to be softer: it is there whenever the agent speaks, so its loss is at least what the quietest frames show.
 */
const SUSPECT_UNDER_AGENT_DB = 20;
const SUSPECT_FRAMES = 30;
/** An echo path may change: the loss that was shown is forgotten by so much a frame of the agent's speech, 1 dB a second. */
const SHOWN_LOSS_FORGOTTEN_DB = 0.01;
const DECIDE_EVERY_FRAMES = 10;

/** Sums over the evidence, one column a delay: count, x, y, x^2, y^2, xy with x = agent, y = caller in dBFS. */
const SUMS = 6;

interface EchoState {
  /** The agent's latest levels, the newest last. */
  agent: Float64Array;
  sums: Float64Array;
  evidenceFrames: number;
  /** By delay: the loss that an echo has at least. */
  lossAtLeastDb: Float64Array;
  found: { delayFrames: number; lossDb: number; reportedAt: number } | null;
}

export function createEchoDetector(): EchoDetector {
  let state: EchoState = {
    agent: new Float64Array(DELAY_FRAMES_MAX + 1).fill(-100),
    sums: new Float64Array(SUMS * DELAY_FRAMES_MAX),
    evidenceFrames: 0,
    lossAtLeastDb: new Float64Array(DELAY_FRAMES_MAX),
    found: null,
  };

  function gather(callerDbfs: number, noiseDbfs: number): void {
    if (callerDbfs <= noiseDbfs + ABOVE_NOISE_DB) return;
    const keep = 1 - 1 / EVIDENCE_FRAMES_KEPT;
    const { agent, sums } = state;
    for (let delay = 0; delay < DELAY_FRAMES_MAX; delay += 1) {
      const x = agent[DELAY_FRAMES_MAX - delay];
      if (x <= AGENT_AUDIBLE_DBFS || callerDbfs >= x - UNDER_AGENT_DB) continue;
      const at = delay * SUMS;
      const terms = [1, x, callerDbfs, x * x, callerDbfs * callerDbfs, x * callerDbfs];
      for (let term = 0; term < SUMS; term += 1) sums[at + term] = sums[at + term] * keep + terms[term];
    }
  }

  /** Digital silence is a line that is muted or gone: it shows nothing of an echo. */
  function boundLoss(callerDbfs: number): void {
    if (callerDbfs <= LEVEL_DBFS_MIN) return;
    const { agent, lossAtLeastDb } = state;
    for (let delay = 0; delay < DELAY_FRAMES_MAX; delay += 1) {
      const at = DELAY_FRAMES_MAX - delay;
      // A delay is no whole number of frames: an echo is as loud as the quietest of three.
      const sentDbfs = Math.min(agent[at - 1], agent[at], agent[Math.min(at + 1, DELAY_FRAMES_MAX)]);
      if (sentDbfs <= AGENT_AUDIBLE_DBFS) continue;
      lossAtLeastDb[delay] = Math.max(lossAtLeastDb[delay] - SHOWN_LOSS_FORGOTTEN_DB, sentDbfs - callerDbfs);
    }
  }

  /** The delay at which the curves agree best, if any has enough evidence. */
  function bestDelay(): Agreement | null {
    let best: Agreement | null = null;
    state.evidenceFrames = 0;
    for (let delay = 0; delay < DELAY_FRAMES_MAX; delay += 1) {
      const count = state.sums[delay * SUMS];
      state.evidenceFrames = Math.max(state.evidenceFrames, count);
      if (count < EVIDENCE_FRAMES_MIN) continue;
      const agreement = agreementOf(delay, state.sums.subarray(delay * SUMS, (delay + 1) * SUMS));
      if (best === null || agreement.correlation > best.correlation) best = agreement;
    }
    return best;
  }

  function decide(frame: number, emit: Emit<Finding>): void {
    const best = bestDelay();
    if (best === null) return;
    if (best.correlation > CORRELATION_FOUND && Math.abs(best.slope - 1) < SLOPE_OFF_MAX) {
      const reportedAt = state.found?.reportedAt ?? frame;
      state.found = { delayFrames: best.delayFrames, lossDb: best.lossDb, reportedAt };
      if (reportedAt === frame) emit(echoFinding(state.found, 'provisional', frame));
    } else if (state.found !== null && best.correlation < CORRELATION_LOST && best.agentSpreadDb >= SPREAD_DB_MIN) {
      emit(echoFinding(state.found, 'final', frame));
      state.found = null;
    }
  }

  function expectedDbfs(): number | null {
    const newest = DELAY_FRAMES_MAX;
    if (state.found === null) {
      if (state.evidenceFrames >= EVIDENCE_FRAMES_MIN) return null;
      const loudest = loudestOf(state.agent, newest - SUSPECT_FRAMES, newest);
      const lossDb = Math.max(SUSPECT_UNDER_AGENT_DB + MARGIN_DB, Math.min(...state.lossAtLeastDb));
      return loudest > AGENT_AUDIBLE_DBFS ? loudest - lossDb : null;
    }
    const { delayFrames, lossDb } = state.found;
    const from = Math.max(0, newest - delayFrames - SPREAD_FRAMES_AFTER);
    const to = Math.min(newest, newest - delayFrames + SPREAD_FRAMES_BEFORE);
    return loudestOf(state.agent, from, to) - lossDb;
  }

  return {
    explains(frame, callerDbfs, agentDbfs, noiseDbfs, emit) {
      state.agent.copyWithin(0, 1);
      state.agent[DELAY_FRAMES_MAX] = agentDbfs;
      gather(callerDbfs, noiseDbfs);
      boundLoss(callerDbfs);
      if (frame % DECIDE_EVERY_FRAMES === 0) decide(frame, emit);
      const echoDbfs = expectedDbfs();
      if (echoDbfs === null || echoDbfs < noiseDbfs - MARGIN_DB) return false;
      return callerDbfs <= sumOfPowersDb(echoDbfs, noiseDbfs) + MARGIN_DB;
    },
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as EchoState;
    },
  };
}

interface Agreement {
  readonly delayFrames: number;
  readonly correlation: number;
  readonly slope: number;
  readonly lossDb: number;
  /** Standard deviation of the agent's levels among the evidence. */
  readonly agentSpreadDb: number;
}

function agreementOf(delayFrames: number, [n, x, y, xx, yy, xy]: Float64Array): Agreement {
  const varianceX = Math.max(xx / n - (x / n) ** 2, 1e-9);
  const varianceY = Math.max(yy / n - (y / n) ** 2, 1e-9);
  const covariance = xy / n - (x / n) * (y / n);
  return {
    delayFrames,
    correlation: covariance / Math.sqrt(varianceX * varianceY),
    slope: covariance / varianceX,
    lossDb: (x - y) / n,
    agentSpreadDb: Math.sqrt(varianceX),
  };
}

function loudestOf(levels: Float64Array, from: number, to: number): number {
  let loudest = levels[from];
  for (let i = from + 1; i <= to; i += 1) loudest = Math.max(loudest, levels[i]);
  return loudest;
}

const sumOfPowersDb = (a: number, b: number): number => 10 * Math.log10(10 ** (a / 10) + 10 ** (b / 10));

function echoFinding(
  { delayFrames, lossDb, reportedAt }: NonNullable<EchoState['found']>,
  status: 'provisional' | 'final',
  frame: number,
): Finding {
  return {
    kind: 'echo',
    status,
    revision: status === 'provisional' ? 0 : 1,
    channel: 'caller',
    startSample: asSampleIndex(reportedAt * FRAME_SAMPLES),
    endSample: status === 'provisional' ? null : asSampleIndex(frame * FRAME_SAMPLES),
    lossDb: Math.round(lossDb * 10) / 10,
    delaySamples: delayFrames * FRAME_SAMPLES,
  };
}
