import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import type { CaseJob, ProviderSpec } from './case.ts';

/** What a call takes of one limit. */
export interface Charge {
  /** Must be available when it arrives. */
  readonly need: number;
  /** Taken when it arrives. */
  readonly arrival: number;
  /** Total taken once its answer is complete. */
  readonly final: number;
}

/** As the providers document it: see the table in src/providers/charge.ts and the rules of the simulator. */
export function chargeOf(spec: ProviderSpec, name: LimitName, job: CaseJob): Charge {
  const whole = documented(spec, name, job);
  if (!spec.countsAtEnd) return whole;
  return { need: Math.min(1, whole.final), arrival: 0, final: whole.final };
}

function documented({ dialect }: ProviderSpec, name: LimitName, job: CaseJob): Charge {
  const { inputTokens, maxOutputTokens, outputTokens } = job;
  switch (name) {
    case 'tokensPerMinute':
      if (dialect === 'openai') return same(Math.max(maxOutputTokens, inputTokens));
      return corrected(inputTokens + maxOutputTokens, inputTokens + outputTokens);
    case 'inputTokensPerMinute':
      return same(inputTokens);
    case 'outputTokensPerMinute':
      return { need: 1, arrival: 0, final: outputTokens };
    default:
      return same(1);
  }
}

/**
 * What a client that plans ahead takes: nothing that is counted late is taken before it is due, to avoid a debt that no
 * limit would grant twice.
 */
export function planned(charge: Charge): Charge {
  return charge.final > charge.arrival ? same(charge.final) : charge;
}

function same(units: number): Charge {
  return { need: units, arrival: units, final: units };
}

function corrected(arrival: number, final: number): Charge {
  return { need: arrival, arrival, final };
}
