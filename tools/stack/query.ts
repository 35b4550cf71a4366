/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970 and the value as Prometheus prints it. */
  readonly values: readonly (readonly [number, string])[];
}

interface Answer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** The value of each series at a time, now by default. @throws Error with Prometheus's reason */
export function queryAt(url: string, expr: string, atSeconds?: number): Promise<Series[]> {
  return ask(url, 'query', { query: expr, ...(atSeconds !== undefined && { time: String(atSeconds) }) });
}

/** The values of each series over a range. @throws Error with Prometheus's reason */
export function queryRange(
  url: string,
  expr: string,
  range: { readonly from: number; readonly to: number; readonly stepSeconds: number },
): Promise<Series[]> {
  const { from, to, stepSeconds } = range;
  return ask(url, 'query_range', { query: expr, start: String(from), end: String(to), step: String(stepSeconds) });
}

async function ask(url: string, endpoint: string, parameters: Record<string, string>): Promise<Series[]> {
  const response = await fetch(`${url}/api/v1/${endpoint}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const answer = (await response.json()) as Answer;
  if (answer.status !== 'success') throw new Error(`${parameters['query']}: ${answer.error}`);
  return answer.data.result.map(({ metric, value, values }) => ({ metric, values: values ?? (value ? [value] : []) }));
}
