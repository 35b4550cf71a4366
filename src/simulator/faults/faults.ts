import { DIALECTS } from '../dialects/dialects.ts';
import type { FaultKind } from './fault-kinds.ts';
import { isStreamFault, STREAM_FAULTS, TRANSPORT_FAULTS } from './fault-kinds.ts';
import type { LimitSources } from '../limits/limit-table.ts';
import { initialSources, limitTable } from '../limits/limit-table.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import type { SimulatorRamp } from '../limits/ramp.ts';
import type { Random } from '../random.ts';
import { checkKeys, integerFrom, booleanFrom, listOf, numberFrom, oneOf, refuse } from '../validate.ts';

/** An outage. Times count from when the faults were set. */
export interface SimulatorOutage {
  /** Milliseconds. Minimum and default 0. */
  readonly fromMs?: number;
  /** Milliseconds; above `fromMs`. Default: for ever. */
  readonly untilMs?: number;
  /** Fault of every request. Default `overloaded`. */
  readonly kind?: FaultKind;
}

/** Another user of the same limits. Times count from when the faults were set. */
export interface SimulatorNeighbour {
  /** Share of the limits that it takes, 0 … 1. */
  readonly share: number;
  /** Milliseconds. Minimum and default 0. */
  readonly fromMs?: number;
  /** Milliseconds; above `fromMs`. Default: for ever. */
  readonly untilMs?: number;
}

/** A change of limits, at a time in milliseconds after the faults were set. Given values replace previous ones. */
export interface SimulatorTierChange extends LimitSources {
  readonly atMs: number;
}

/**
 * - `normal`: on every answer on which the real provider sends them;
 * - `success_only`: not on errors; `failure_only`: on nothing but refusals; `missing`: never;
 * - `negative`: limits and remaining values of -1, and no retry hint (seen in Azure's responses).
 */
export type HeaderFault = 'normal' | 'success_only' | 'failure_only' | 'missing' | 'negative';

/** Faults to inject. Default: none. */
export interface SimulatorFaults {
  /** Probability of each kind, 0 … 1 a request; their sum is at most 1. */
  readonly rates?: Partial<Readonly<Record<FaultKind, number>>>;
  /** Faults of the next requests, in order, once each; `none` for no fault. Takes precedence over `rates`. */
  readonly script?: readonly (FaultKind | 'none')[];
  /** Models to which `rates` and `script` apply. Default: all. */
  readonly models?: readonly string[];
  readonly outage?: SimulatorOutage;
  readonly tierChange?: SimulatorTierChange;
  readonly neighbour?: SimulatorNeighbour;
  /** Limit on growth: refuses with Anthropic's acceleration limit or OpenAI's `slow_down`. */
  readonly ramp?: SimulatorRamp;
  /** State of the rate-limit headers. Default `normal`. */
  readonly headers?: HeaderFault;
  /** Seconds in every `retry-after` instead of the true time, also if there would be none. Minimum 0. */
  readonly retryAfterSeconds?: number;
  /** Hints of refusals are wrong by up to this share, up or down, in headers and texts; 0 … 1. Default 0. */
  readonly hintError?: number;
  /** `retry-after` on successes too, as Anthropic was seen to do. Default false. */
  readonly retryAfterOnSuccess?: boolean;
}

const KEYS = [
  'rates',
  'script',
  'models',
  'outage',
  'tierChange',
  'neighbour',
  'ramp',
  'headers',
  'retryAfterSeconds',
  'hintError',
  'retryAfterOnSuccess',
];

/** The kinds that a provider has. */
export function faultKindsOf(provider: SimulatorProvider): FaultKind[] {
  return [...(Object.keys(DIALECTS[provider].faults) as FaultKind[]), ...TRANSPORT_FAULTS, ...STREAM_FAULTS];
}

export function checkFaults(provider: SimulatorProvider, faults: SimulatorFaults): void {
  checkKeys(faults, 'faults', KEYS);
  const kinds = faultKindsOf(provider);
  if (faults.rates !== undefined) {
    checkKeys(faults.rates, 'faults.rates', kinds);
    let sum = 0;
    for (const [kind, rate] of Object.entries(faults.rates)) sum += numberFrom(rate, `faults.rates.${kind}`, 0, 1, 0);
    if (sum > 1 + 1e-9) refuse('faults.rates', 'probabilities whose sum is at most 1', sum);
  }
  if (faults.script !== undefined) {
    if (!Array.isArray(faults.script)) refuse('faults.script', 'an array', faults.script);
    for (const [index, kind] of faults.script.entries()) {
      if (kind !== 'none' && !kinds.includes(kind))
        refuse(`faults.script[${index}]`, `one of 'none', ${listOf(kinds)}`, kind);
    }
  }
  const { models } = faults;
  if (models !== undefined && !(Array.isArray(models) && models.every((model) => typeof model === 'string'))) {
    refuse('faults.models', 'an array of strings', models);
  }
  if (faults.outage !== undefined) {
    checkKeys(faults.outage, 'faults.outage', ['fromMs', 'untilMs', 'kind']);
    checkTimes(faults.outage, 'faults.outage');
    oneOf(faults.outage.kind, 'faults.outage.kind', kinds, 'overloaded');
  }
  if (faults.neighbour !== undefined) {
    checkKeys(faults.neighbour, 'faults.neighbour', ['share', 'fromMs', 'untilMs']);
    checkTimes(faults.neighbour, 'faults.neighbour');
    if (faults.neighbour.share === undefined) refuse('faults.neighbour.share', 'a number from 0 to 1', undefined);
    numberFrom(faults.neighbour.share, 'faults.neighbour.share', 0, 1, 0);
  }
  if (faults.tierChange !== undefined) {
    checkKeys(faults.tierChange, 'faults.tierChange', ['atMs', 'preset', 'limits', 'modelLimits']);
    if (faults.tierChange.atMs === undefined) refuse('faults.tierChange.atMs', 'a number of at least 0', undefined);
    numberFrom(faults.tierChange.atMs, 'faults.tierChange.atMs', 0, Infinity, 0);
    limitTable(provider, initialSources(provider, faults.tierChange), 'faults.tierChange.');
  }
  if (faults.ramp !== undefined) checkRamp(faults.ramp);
  oneOf(faults.headers, 'faults.headers', ['normal', 'success_only', 'failure_only', 'missing', 'negative'], 'normal');
  integerFrom(faults.retryAfterSeconds, 'faults.retryAfterSeconds', 0, 10_000_000, 0);
  numberFrom(faults.hintError, 'faults.hintError', 0, 1, 0);
  booleanFrom(faults.retryAfterOnSuccess, 'faults.retryAfterOnSuccess', false);
}

function checkTimes(times: { readonly fromMs?: number; readonly untilMs?: number }, path: string): void {
  const from = numberFrom(times.fromMs, `${path}.fromMs`, 0, Infinity, 0);
  const until = numberFrom(times.untilMs, `${path}.untilMs`, 0, Infinity, Infinity);
  if (until <= from) refuse(`${path}.untilMs`, `a number above \`fromMs\` (${from})`, until);
}

function checkRamp(ramp: SimulatorRamp): void {
  checkKeys(ramp, 'faults.ramp', ['startTokensPerMinute', 'stepTokensPerMinute', 'growthFactor', 'everyMs']);
  if (ramp.startTokensPerMinute === undefined)
    refuse('faults.ramp.startTokensPerMinute', 'a number of at least 1', undefined);
  numberFrom(ramp.startTokensPerMinute, 'faults.ramp.startTokensPerMinute', 1, Infinity, 1);
  numberFrom(ramp.stepTokensPerMinute, 'faults.ramp.stepTokensPerMinute', 0, Infinity, 0);
  numberFrom(ramp.growthFactor, 'faults.ramp.growthFactor', 1, Infinity, 1);
  numberFrom(ramp.everyMs, 'faults.ramp.everyMs', 1, Infinity, 1);
  if ((ramp.stepTokensPerMinute === undefined) === (ramp.growthFactor === undefined)) {
    refuse('faults.ramp', 'an object with either `stepTokensPerMinute` or `growthFactor`', ramp);
  }
}

/** Decides the fault of a request; with the same seed, the n-th request always gets the same. */
export class FaultPicker {
  readonly faults: SimulatorFaults;
  readonly #setAt: number;
  readonly #random: Random;
  #scripted = 0;

  constructor(faults: SimulatorFaults, setAt: number, random: Random) {
    this.faults = faults;
    this.#setAt = setAt;
    this.#random = random;
  }

  /** The fault of a current outage. */
  outage(now: number): FaultKind | undefined {
    const { outage } = this.faults;
    const since = now - this.#setAt;
    if (!outage || since < (outage.fromMs ?? 0) || since >= (outage.untilMs ?? Infinity)) return undefined;
    return outage.kind ?? 'overloaded';
  }

  /** Stream faults skip requests that are not streamed, and wait for the next one. */
  pick(model: string, stream: boolean): FaultKind | undefined {
    const { script = [], rates = {}, models } = this.faults;
    if (models && !models.includes(model)) return undefined;
    const next = script[this.#scripted];
    if (next !== undefined && (stream || next === 'none' || !isStreamFault(next))) {
      this.#scripted += 1;
      return next === 'none' ? undefined : next;
    }
    let draw = this.#random();
    for (const [kind, rate] of Object.entries(rates) as [FaultKind, number][]) {
      draw -= rate;
      if (draw < 0) return isStreamFault(kind) && !stream ? undefined : kind;
    }
    return undefined;
  }
}
