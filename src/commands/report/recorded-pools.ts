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

/** The last recorded limits count. */
export async function poolsOf(paths: readonly string[]): Promise<Map<string, Pool>> {
  const pools = new Map<string, Pool>();
  const limits = new Map<string, Pool['limits']>();
  const learned = new Map<string, Map<LimitOption, LimitLine>>();
  const disclosures = new Map<string, DisclosureWatch>();
  const disclosureOf = (name: string): DisclosureWatch => {
    let known = disclosures.get(name);
    if (!known) disclosures.set(name, (known = new DisclosureWatch()));
    return known;
  };
  const learnedOf = (name: string): Map<LimitOption, LimitLine> => {
    let known = learned.get(name);
    if (!known) learned.set(name, (known = new Map()));
    return known;
  };
  const optionOf = (dimension: string): LimitOption | undefined =>
    isBucket(dimension as Dimension) ? LIMIT_KINDS[dimension as keyof typeof LIMIT_KINDS].option : undefined;
  const told = (name: string, dimension: string, limit: number | null): void => {
    const option = optionOf(dimension);
    if (!option || limit === null) return;
    let known = limits.get(name);
    if (!known) limits.set(name, (known = {}));
    known[option] = limit;
  };
  for await (const line of readRecord(paths)) {
    if (line?.kind === 'hit' || line?.kind === 'limit') told(line.pool, line.dimension, line.limit);
    if (line?.kind === 'hit') disclosureOf(line.pool).hit(line);
    if (line?.kind === 'limit') disclosureOf(line.pool).limit(line);
    if (line?.kind === 'limit' && line.atOnce !== undefined) {
      const option = optionOf(line.dimension);
      if (option) learnedOf(line.pool).set(option, line);
    }
    if (line?.kind !== 'call') continue;
    let known = limits.get(line.pool);
    if (!known) limits.set(line.pool, (known = {}));
    let pool = pools.get(line.pool);
    if (!pool) {
      const provider = line.provider as ProviderName;
      pools.set(
        line.pool,
        (pool = {
          provider,
          calls: [],
          limits: known,
          learned: learnedOf(line.pool),
          disclosure: disclosureOf(line.pool),
        }),
      );
    }
    pool.calls.push(line);
  }
  return pools;
}
