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

/** An application on its stage, healthy until the fault is switched on. */
export interface Staged {
  /** Its current metrics page. */
  targets(): readonly string[];
  begin(): void | Promise<void>;
  /** What the library did wrong, apart from what was reported. */
  problem?(): string | undefined;
  close(): Promise<void>;
}

interface FaultBase {
  readonly id: string;
  /** Description of the fault. */
  readonly what: string;
  /** Alerts of which one must be delivered; none if nothing may be reported. */
  readonly expected: readonly `Tidegate${string}`[];
  /** Minutes within which the alert is due, and the reason if they are unusual. */
  readonly due?: { readonly minutes: number; readonly because: string };
  /** OpenMetrics samples of the time before, for alerts that compare with it, by rule name. */
  readonly history?: (now: number) => readonly HistorySeries[];
  stage(set: StageSet): Promise<Staged>;
}

/** What the first sentence of the alert has to say: the cause. */
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

/** Building blocks of stages; closes what it created. */
export interface StageSet {
  readonly random: Random;
  simulator(options: SimulatorOptions): Promise<Simulator>;
  service(options: Omit<ServiceOptions, 'seed'>): Promise<Service>;
  /** Registers something else to be closed. */
  keep(close: () => void | Promise<void>): void;
  /** Closes everything. */
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

/** From 0.1 s to 1 s per answer, drawn at random. */
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
  /** Calls per second; default drawn from 1.5 to 3. */
  readonly rate?: number;
  readonly ask?: () => Ask;
  readonly guard?: Omit<GuardOptions, 'telemetry'>;
  /** A gateway before the provider, with its behaviour before and during the fault. */
  readonly front?: { readonly well: Meddling; readonly ill: Meddling };
  /** Further effects of the fault. */
  readonly begin?: (on: { simulator: Simulator; service: Service; set: StageSet }) => void;
  readonly problem?: (service: Service) => string | undefined;
}

/** One process, one simulated provider, steady traffic of independent users. */
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

/** Several processes with calls of their own, one of which loses its connection to the provider. */
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

/** Sets the faults of a simulator. */
export const faults =
  (of: SimulatorFaults): NonNullable<Ordinary['begin']> =>
  ({ simulator }) =>
    simulator.update({ faults: of });

/** Like `ordinary`, with parameters that a release of the application may change. */
export function released(of: () => Ordinary): Fault['stage'] {
  return (set) => ordinary(of())(set);
}
