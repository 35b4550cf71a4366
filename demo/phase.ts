import { classifyError } from '../src/index.ts';
import type { Dimension } from '../src/index.ts';
import type { Classify, Label, ProviderId } from './classifier.ts';
import type { Email } from './emails.ts';
import type { Traffic } from './meter.ts';

/** Results of the calls to one provider. */
export interface ProviderResult {
  readonly provider: ProviderId;
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Durations in milliseconds of successful calls, waits included; ascending. */
  readonly durations: readonly number[];
  readonly labels: Readonly<Record<Label, number>>;
  /** Causes of the errors that the application saw, with counts. */
  readonly losses: readonly Loss[];
  readonly traffic: Traffic;
}

export interface Loss {
  readonly reason: string;
  readonly dimension: Dimension | undefined;
  readonly advice: string;
  readonly count: number;
}

export interface PhaseResult {
  readonly providers: readonly ProviderResult[];
  readonly wallMs: number;
}

/** A provider's client in one phase. */
export interface Lane {
  readonly provider: ProviderId;
  readonly classify: Classify;
  traffic(): Traffic;
}

/** Sends every e-mail to every provider, all at once, and waits for all of them. */
export async function runPhase(
  lanes: readonly Lane[],
  emails: readonly Email[],
  onDone: (provider: ProviderId) => void,
): Promise<PhaseResult> {
  const startedAt = performance.now();
  const providers = await Promise.all(
    lanes.map(async (lane) => {
      const tally = new Tally(lane.provider);
      await Promise.all(
        emails.map(async ({ text }) => {
          await tally.add(() => lane.classify(text));
          onDone(lane.provider);
        }),
      );
      return tally.result(lane.traffic());
    }),
  );
  return { providers, wallMs: performance.now() - startedAt };
}

/** Counts the calls to one provider. */
export class Tally {
  readonly #provider: ProviderId;
  readonly #durations: number[] = [];
  readonly #labels: Record<Label, number> = { spam: 0, ham: 0 };
  readonly #losses = new Map<string, Loss>();
  #failed = 0;

  constructor(provider: ProviderId) {
    this.#provider = provider;
  }

  async add(call: () => Promise<Label>): Promise<void> {
    const startedAt = performance.now();
    try {
      const label = await call();
      this.#durations.push(performance.now() - startedAt);
      this.#labels[label] += 1;
    } catch (error) {
      this.#lost(error);
    }
  }

  result(traffic: Traffic): ProviderResult {
    const durations = this.#durations.toSorted((a, b) => a - b);
    return {
      provider: this.#provider,
      calls: durations.length + this.#failed,
      succeeded: durations.length,
      failed: this.#failed,
      durations,
      labels: this.#labels,
      losses: [...this.#losses.values()],
      traffic,
    };
  }

  #lost(error: unknown): void {
    this.#failed += 1;
    const details = classifyError(error);
    const reason = details?.outcome ?? (error instanceof Error ? error.message : String(error));
    const key = `${reason}\n${details?.dimension}`;
    const count = (this.#losses.get(key)?.count ?? 0) + 1;
    this.#losses.set(key, { reason, dimension: details?.dimension, advice: details?.advice ?? '', count });
  }
}

/** Nearest-rank percentile of ascending values; undefined when there are none. */
export function percentile(ascending: readonly number[], share: number): number | undefined {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)];
}
