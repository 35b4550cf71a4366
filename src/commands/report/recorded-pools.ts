import { type Dimension, isBucket, LIMIT_KINDS, type LimitOption } from '../../core/dimensions.ts';
import type { ProviderName } from '../../core/provider.ts';
import type { CallLine, LimitLine } from '../../hits/hit-line.ts';
import { readRecord } from '../../hits/read-record.ts';
import { DisclosureWatch } from '../../hits/replay/disclosure.ts';

/** What records have of one pool. */
export interface Pool {
  readonly provider: ProviderName;
  readonly calls: CallLine[];
  readonly limits: Partial<Record<LimitOption, number>>;
  readonly learned: ReadonlyMap<LimitOption, LimitLine>;
  readonly disclosure: DisclosureWatch;
}

/** The pools with calls, in the order of their first one. The last recorded limits count. */
export async function poolsOf(paths: readonly string[]): Promise<Map<string, Pool>> {
  const called = new Map<string, Pool>();
  const known = new Map<string, ReturnType<typeof emptyPool>>();
  for await (const line of readRecord(paths)) {
    if (!line || line.kind === 'pause') continue;
    let pool = known.get(line.pool);
    if (!pool) known.set(line.pool, (pool = emptyPool()));
    if (line.kind === 'call') {
      if (!called.has(line.pool)) called.set(line.pool, { ...pool, provider: line.provider as ProviderName });
      pool.calls.push(line);
      continue;
    }
    const option = optionOf(line.dimension);
    if (option && line.limit !== null) pool.limits[option] = line.limit;
    if (line.kind === 'hit') {
      pool.disclosure.hit(line);
      continue;
    }
    pool.disclosure.limit(line);
    if (option && line.atOnce !== undefined) pool.learned.set(option, line);
  }
  return called;
}

function emptyPool() {
  return {
    calls: [] as CallLine[],
    limits: {} as Partial<Record<LimitOption, number>>,
    learned: new Map<LimitOption, LimitLine>(),
    disclosure: new DisclosureWatch(),
  };
}

function optionOf(dimension: string): LimitOption | undefined {
  return isBucket(dimension as Dimension) ? LIMIT_KINDS[dimension as keyof typeof LIMIT_KINDS].option : undefined;
}
