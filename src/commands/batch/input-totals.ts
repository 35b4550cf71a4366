import { pricedTier } from '../../cost/service-tier.ts';
import type { Row } from './row-format.ts';
import { type Interval, tokenInterval } from './token-interval.ts';

/** Totals of the rows with the same model and service tier. */
export interface ModelTotals {
  /** '' for rows that name none. */
  readonly model: string;
  /** Undefined for the default. */
  readonly tier: string | undefined;
  readonly rows: number;
  readonly inputTokens: Interval;
  /** Sum of the rows' output maxima; undefined if one has none. */
  readonly outputTokens: number | undefined;
}

const OUTPUT_BOUNDS = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'];

/** What a forecast needs to know of the rows. To estimate tokens takes longer than to read them. */
export class InputTotals {
  readonly #models = new Map<string, ModelTotals>();

  all(): readonly ModelTotals[] {
    return [...this.#models.values()];
  }

  add(body: Row['body']): void {
    const model = typeof body['model'] === 'string' ? body['model'] : '';
    const { service_tier: tier, speed } = body;
    const named = pricedTier(speed === 'fast' ? speed : typeof tier === 'string' ? tier : undefined);
    const key = `${named ?? ''} ${model}`;
    const before = this.#models.get(key) ?? { rows: 0, inputTokens: [0, 0] as const, outputTokens: 0 };
    const [least, atMost] = tokenInterval({ ...body, model: undefined });
    const most = OUTPUT_BOUNDS.map((name) => body[name]).find(Number.isInteger) as number | undefined;
    this.#models.set(key, {
      model,
      tier: named,
      rows: before.rows + 1,
      inputTokens: [before.inputTokens[0] + least, before.inputTokens[1] + atMost],
      outputTokens: most === undefined || before.outputTokens === undefined ? undefined : before.outputTokens + most,
    });
  }
}
