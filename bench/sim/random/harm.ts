import type { Case } from './case.ts';
import { runCase } from './run-case.ts';

const AIM = { ratio: 1.05, throttled: 0.01 };

export interface Harm {
  readonly name: string;
  readonly sdkMs: number;
  readonly tidegateMs: number;
  /** Allowed over the bare SDK's time, plus one answer for a cold start. */
  readonly ratio: number;
  readonly throttled: number;
  readonly met: boolean;
}

/** How long fitting calls take, compared with the bare SDK. */
export async function measureHarm(each: Case): Promise<Harm> {
  const sdk = await runCase(each, 'sdk');
  const tidegate = await runCase(each, 'tidegate');
  const cold = each.measuredFromMs === undefined;
  const ratio = tidegate.wallMs / (sdk.wallMs + (cold ? tidegate.firstAnswerMs : 0));
  const met = ratio <= AIM.ratio && tidegate.throttled <= AIM.throttled && tidegate.lost === 0;
  return { name: each.name, sdkMs: sdk.wallMs, tidegateMs: tidegate.wallMs, ratio, throttled: tidegate.throttled, met };
}

export function harmHead(): string {
  return `${'do no harm'.padEnd(26)}  SDK s  tidegate s  over SDK + 1 answer  429 %`;
}

export function harmLine({ name, sdkMs, tidegateMs, ratio, throttled, met }: Harm): string {
  return [
    name.padEnd(26),
    (sdkMs / 1_000).toFixed(2).padStart(7),
    (tidegateMs / 1_000).toFixed(2).padStart(12),
    ratio.toFixed(2).padStart(21),
    (100 * throttled).toFixed(2).padStart(7),
    met ? '' : '  <-',
  ].join('');
}
