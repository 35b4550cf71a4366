import type { BatchArgs } from './batch-args.ts';
import type { InputCheck } from './check-input.ts';
import { duration, number } from './progress-lines.ts';

/** Bytes of a JSON body to a token of its text: from dense data to plain English. */
const BYTES_TO_TOKEN = [6, 2.5] as const;

interface Forecast {
  readonly rows: number;
  readonly models: readonly string[];
  readonly inputTokens: readonly [number, number];
  /** Null where a row sets no bound. */
  readonly outputTokensAtMost: number | null;
  /** By the limits that were named; null where none was. */
  readonly seconds: readonly [number, number] | null;
}

/** What sending the input would take; nothing is sent. */
export function forecast(check: InputCheck, { rpm, tpm }: Pick<BatchArgs, 'rpm' | 'tpm'>): Forecast {
  const [from, to] = BYTES_TO_TOKEN.map((bytes) => Math.ceil(check.bodyBytes / bytes)) as [number, number];
  const output = check.outputTokens;
  const atLeast = Math.max(rpm ? check.rows / rpm : 0, tpm ? from / tpm : 0) * 60;
  const atMost = Math.max(rpm ? check.rows / rpm : 0, tpm ? (to + (output ?? 0)) / tpm : 0) * 60;
  return {
    rows: check.rows,
    models: [...check.models].sort(),
    inputTokens: [from, to],
    outputTokensAtMost: output ?? null,
    seconds: rpm || tpm ? [atLeast, atMost] : null,
  };
}

export function forecastText({ rows, models, inputTokens, outputTokensAtMost, seconds }: Forecast): string {
  const [from, to] = inputTokens;
  return [
    `Rows           ${number(rows)}`,
    `Models         ${models.join(', ') || 'none named'}`,
    `Input tokens   ${number(from)} to ${number(to)}, by the bytes of the bodies`,
    `Output tokens  ${outputTokensAtMost === null ? 'unknown: some rows set no maximum' : `up to ${number(outputTokensAtMost)}`}`,
    `Time           ${seconds ? `${duration(seconds[0])} to ${duration(seconds[1])}` : 'unknown: name your limits with --rpm and --tpm'}`,
  ].join('\n');
}
