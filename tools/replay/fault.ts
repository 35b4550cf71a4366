import type { Conditions } from './lane-model.ts';
import type { ServiceSpec } from './service.ts';
import { CALM, DAY, HOUR, ORDINARY } from './week.ts';

/** All faults begin at the same time, each in an application of its own. */
export const FAULT_AT = 3 * DAY + 13 * HOUR;
export const BEFORE = 1.5 * HOUR;
const AFTER = HOUR;

export interface Fault {
  readonly id: string;
  /** Description of the fault. */
  readonly what: string;
  /** Alerts of which one must be delivered; empty if none may be at this severity or above. */
  readonly expected: readonly `Tidegate${string}`[];
  readonly severity: 'critical' | 'warning' | 'info' | 'none';
  readonly service: ServiceSpec;
  /** Minutes within which it is due, if the objective decides and not the severity. */
  readonly withinMinutes?: number;
}

interface Sketch extends Omit<Fault, 'service'> {
  /** Its duration in seconds. */
  readonly lasts?: number;
  readonly base?: Partial<Conditions>;
  /** Changes while it lasts. */
  readonly during?: (sinceSeconds: number, process: number) => Partial<Conditions>;
  readonly service?: Partial<ServiceSpec>;
}

export const LANE: ServiceSpec['lane'] = {
  provider: 'openai',
  model: 'gpt-5.1',
  priority: 'interactive',
  streams: true,
  dimension: 'requests',
};

export function fault(sketch: Sketch): Fault {
  const { lasts = 45 * 60, base = {}, during, service, ...facts } = sketch;
  return {
    ...facts,
    service: {
      job: facts.id,
      lane: LANE,
      processes: 3,
      from: FAULT_AT - BEFORE,
      to: FAULT_AT + lasts + AFTER,
      conditions: (at, process) => {
        const since = at - FAULT_AT;
        const going = since >= 0 && since < lasts;
        return { ...CALM, arrivals: 2, failing: ORDINARY, ...base, ...(going && during?.(since, process)) };
      },
      ...service,
    },
  };
}

/** Conditions in which shares of the attempts end with a status. */
export const failing = (shares: Readonly<Record<string, number>>) => (): Partial<Conditions> => ({ failing: shares });

/** Whether the fault has begun, for what a process exports or answers. */
export const after = (at: number, seconds = 0): boolean => at >= FAULT_AT + seconds;
