import { type BucketDimension, LIMIT_KINDS } from '../../core/dimensions.ts';
import { keepNewest } from '../../core/keep-newest.ts';
import type { Reservation } from './reservation.ts';

/** A user's tokenizer may differ slightly from the provider's. */
const EXACT_MARGIN = 1.2;
/** A refusal is believed for this long: the account, or its cache, may change. */
const BELIEVED_MS = 300_000;
const MAX_KNOWN = 64;

interface RefusedSize {
  readonly raw: number;
  readonly amount: number;
  readonly until: number;
}

/** Which calls a limit can certainly never admit: proven by their bytes, or refused by the provider. */
export class RefusedSizes {
  readonly #refused = new Map<string, RefusedSize>();

  /** The provider refused this one as larger than the whole limit. */
  refused(reservation: Reservation, dimension: BucketDimension, now: number): void {
    // The next file or image may be far smaller than this one.
    if (reservation.info.hidden) return;
    const size = {
      raw: reservation.rawInputTokens,
      amount: reservation.reserved[LIMIT_KINDS[dimension].unit],
      until: now + BELIEVED_MS,
    };
    keepNewest(this.#refused, keyOf(reservation, dimension), size, MAX_KNOWN);
  }

  /** Whether a reservation that seems to exceed `limit` certainly does: an estimate alone refuses no call. */
  isCertain(reservation: Reservation, dimension: BucketDimension, limit: number, now: number): boolean {
    const { info, leastInputTokens, rawInputTokens, reserved } = reservation;
    const { unit } = LIMIT_KINDS[dimension];
    if (unit === 'requests') return reserved.requests > limit;
    if (leastInputTokens > (info.inputTokens === undefined ? limit : EXACT_MARGIN * limit)) return true;
    if (info.hidden) return false;
    const known = this.#refused.get(keyOf(reservation, dimension));
    return known !== undefined && now < known.until && rawInputTokens >= known.raw && reserved[unit] >= known.amount;
  }
}

function keyOf({ info }: Reservation, dimension: BucketDimension): string {
  return `${info.model ?? ''} ${dimension}`;
}
