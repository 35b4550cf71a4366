import { after, failing, type Fault, fault, FAULT_AT, LANE } from './fault.ts';
import { OTHER_FAULTS } from './other-faults.ts';
import { PROVIDER_FAULTS } from './provider-faults.ts';
import { SIGNAL_FAULTS } from './signal-faults.ts';
import { HOUR } from './week.ts';

export const FAULTS: readonly Fault[] = [...PROVIDER_FAULTS, ...OTHER_FAULTS, ...SIGNAL_FAULTS];

/** Situations that look like a fault but must not page. */
export const HARMLESS: readonly Fault[] = [
  fault({
    id: 'blip',
    what: 'the provider fails for 40 s',
    expected: [],
    severity: 'none',
    lasts: 40,
    during: failing({ '503': 1 }),
  }),
  fault({
    id: 'recreated',
    what: 'a single process is replaced: 75 s without one',
    expected: [],
    severity: 'none',
    service: { processes: 1, listed: (at) => !after(at) || after(at, 75), restarts: [FAULT_AT + 75] },
  }),
  fault({
    id: 'urgent-batch',
    what: 'a batch at the full tier, with no other calls waiting',
    expected: [],
    severity: 'none',
    lasts: 2 * HOUR,
    during: () => ({ arrivals: 6 }),
    service: { lane: { ...LANE, priority: 'batch' } },
  }),
  fault({
    id: 'refused-batch',
    what: 'a batch at the full tier, with one attempt in twenty refused',
    expected: [],
    severity: 'none',
    lasts: 2 * HOUR,
    during: () => ({ arrivals: 6, failing: { '429': 0.05 } }),
    service: { lane: { ...LANE, priority: 'batch' } },
  }),
  fault({
    id: 'two-lost',
    what: 'two calls that finally fail at night',
    expected: [],
    severity: 'none',
    base: { arrivals: 0.005 },
    lasts: 300,
    during: failing({ '400': 1 }),
    service: { processes: 1 },
  }),
  fault({
    id: 'one-of-many',
    what: 'one process of twelve whose circuit opens for three minutes',
    expected: [],
    severity: 'none',
    lasts: 180,
    base: { arrivals: 3 },
    during: (_, process) => (process === 7 ? { failing: { none: 1 } } : {}),
    service: { processes: 12 },
  }),
];
