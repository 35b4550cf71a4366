import type { GuardOptions } from 'tidegate';
import {
  type Simulator,
  type SimulatorFaults,
  type SimulatorOptions,
  type SimulatorOutage,
  startSimulator,
} from 'tidegate/testing';
import { hash32, mulberry32, type Random } from '../../src/simulator/random.ts';
import { type Meddling, startFront } from './front.ts';
import { type Ask, type Provider, type Service, type ServiceOptions, startService } from './service.ts';

/** An application on its stage, well until it is told to go wrong. */
export interface Staged {
  /** What is scraped of it now. */
  targets(): readonly string[];
  begin(): void | Promise<void>;
  /** What is wrong with what the library did, beside what was told. */
  problem?(): string | undefined;
  close(): Promise<void>;
}

interface FaultBase {
  readonly id: string;
  /** What happens, in words. */
  readonly what: string;
  /** Alerts of which one must be delivered; none when nobody may be told. */
  readonly expected: readonly `Tidegate${string}`[];
  /** Minutes within which it is due, and why these are not the usual ones. */
  readonly due?: { readonly minutes: number; readonly because: string };
  /** OpenMetrics samples of the time before, by rule names, for alerts that compare with it. */
  readonly history?: (now: number) => readonly HistorySeries[];
  stage(set: StageSet): Promise<Staged>;
}

/** What the first sentence of that alert has to say: the cause. */
type Told =
  | { readonly severity: 'critical' | 'warning'; readonly says: RegExp }
  | { readonly severity: 'none'; readonly says?: RegExp };

export type Fault = FaultBase & Told;

/** A recorded series as it was before: the same value every minute. */
export interface HistorySeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds before now. */
  readonly from: number;
}

/** What stages are made of; closes what was made. */
export interface StageSet {
  readonly random: Random;
  simulator(options: SimulatorOptions): Promise<Simulator>;
  service(options: Omit<ServiceOptions, 'seed'>): Promise<Service>;
  /** Something else that has to be closed. */
  keep(close: () => void | Promise<void>): void;
  /** Ends all of it. */
  close(): Promise<void>;
}

export function stageSet(id: string, seed: number): StageSet {
  const random = mulberry32(hash32(id, seed));
  const closes: (() => void | Promise<void>)[] = [];
  const drawn = (): number => Math.floor(random() * 1e9);
  return {
    random,
    async simulator(options) {
      const simulator = await startSimulator({ seed: drawn(), latency: latency(random), ...options });
      closes.unshift(() => simulator.close());
      return simulator;
    },
    async service(options) {
      const service = await startService({ ...options, seed: drawn() });
      closes.unshift(() => service.close());
      return service;
    },
    keep: (close) => void closes.unshift(close),
    async close() {
      for (const close of closes) await close();
    },
  };
}

/** From 0.1 s to 1 s for an answer, as drawn. */
function latency(random: Random): NonNullable<SimulatorOptions['latency']> {
  return { baseMs: 50 + random() * 300, perTokenMs: random() * 8, jitter: 0.5 };
}

const PROVIDERS = ['openai', 'anthropic', 'groq'] as const;

export const ROOMY = { requestsPerMinute: 3_000, tokensPerMinute: 3_000_000 };

interface Ordinary {
  /** Default: drawn. */
  readonly provider?: Provider;
  readonly limits?: SimulatorOptions['limits'];
  readonly simulator?: Partial<SimulatorOptions>;
  /** Calls a second; default drawn from 1.5 to 3. */
  readonly rate?: number;
  readonly ask?: () => Ask;
  readonly guard?: Omit<GuardOptions, 'telemetry'>;
  /** A gateway before the provider: what it does while all is well, and from then on. */
  readonly front?: { readonly well: Meddling; readonly ill: Meddling };
  /** What else goes wrong. */
  readonly begin?: (on: { simulator: Simulator; service: Service; set: StageSet }) => void;
  readonly problem?: (service: Service) => string | undefined;
}

/** One process, one simulated provider, steady traffic of users that are independent. */
export function ordinary(how: Ordinary): Fault['stage'] {
  return async (set) => {
    const provider = how.provider ?? PROVIDERS[Math.floor(set.random() * PROVIDERS.length)]!;
    const simulator = await set.simulator({ provider, limits: how.limits ?? roomy(provider), ...how.simulator });
    const front = how.front && (await startFront(simulator.url, how.front.well));
    if (front) set.keep(() => front.close());
    const { url } = front ?? simulator;
    const service = await set.service({ provider, url, ...(how.guard && { guard: how.guard }) });
    service.steady(how.rate ?? 1.5 + set.random() * 1.5, how.ask);
    return {
      targets: () => [service.target],
      begin: () => {
        if (front) front.meddling = how.front!.ill;
        how.begin?.({ simulator, service, set });
      },
      ...(how.problem && { problem: () => how.problem!(service) }),
      close: () => set.close(),
    };
  };
}

/** Several processes, each with calls of its own, and one of them whose way to the provider fails. */
export function oneApart(processes: number, rate: number, outage: SimulatorOutage): Fault['stage'] {
  return async (set) => {
    const well = await set.simulator({ provider: 'openai', limits: ROOMY });
    const ill = await set.simulator({ provider: 'openai', limits: ROOMY });
    const services: Service[] = [];
    for (let index = 0; index < processes; index++) {
      services.push(await set.service({ provider: 'openai', url: (index === 0 ? ill : well).url }));
    }
    for (const service of services) service.steady(rate);
    return {
      targets: () => services.map(({ target }) => target),
      begin: () => ill.update({ faults: { outage } }),
      close: () => set.close(),
    };
  };
}

export function roomy(provider: Provider): NonNullable<SimulatorOptions['limits']> {
  if (provider !== 'anthropic') return ROOMY;
  return { requestsPerMinute: 3_000, inputTokensPerMinute: 3_000_000, outputTokensPerMinute: 1_000_000 };
}

/** The faults of a simulator from now on. */
export const faults =
  (of: SimulatorFaults): NonNullable<Ordinary['begin']> =>
  ({ simulator }) =>
    simulator.update({ faults: of });

/** As `ordinary`, with variables of its own for what the release of an application changes. */
export function released(of: () => Ordinary): Fault['stage'] {
  return (set) => ordinary(of())(set);
}
