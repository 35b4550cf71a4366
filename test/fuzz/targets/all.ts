import type { Target } from '../target.ts';
import { ANSWERS } from './answers.ts';
import { REFUSALS } from './refusals.ts';
import { REQUESTS } from './requests.ts';

export const TARGETS: readonly Target[] = [...REFUSALS, ...ANSWERS, ...REQUESTS];
