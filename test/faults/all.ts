import { ANSWER_FAULTS } from './answer-faults.ts';
import type { Fault } from './fault.ts';
import { HARMLESS } from './harmless.ts';
import { LIMIT_FAULTS } from './limit-faults.ts';
import { PROVIDER_FAULTS } from './provider-faults.ts';
import { TELEMETRY_FAULTS } from './telemetry-faults.ts';

export const FAULTS: readonly Fault[] = [
  ...PROVIDER_FAULTS,
  ...LIMIT_FAULTS,
  ...ANSWER_FAULTS,
  ...TELEMETRY_FAULTS,
  ...HARMLESS,
];
