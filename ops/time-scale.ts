import type { RenderedRule, RuleGroup } from './rendered-rule.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Prometheus evaluates a group at most this often, whatever the scale. */
const SHORTEST_INTERVAL_MS = 1_000;

/**
 * Divides a Prometheus duration such as `5m`; the result has whole milliseconds, at least one unless it was zero.
 * @throws Error for anything but one number with a unit
 */
export function divideDuration(duration: string, divisor: number, minimumMs = 1): string {
  const ms = milliseconds(duration);
  if (ms === 0) return '0s';
  const scaled = Math.max(minimumMs, Math.round(ms / divisor));
  return scaled % 1_000 === 0 ? `${scaled / 1_000}s` : `${scaled}ms`;
}

function milliseconds(duration: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(duration);
  if (!match) throw new Error(`Expected a duration such as 30m, got ${duration}`);
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}

/**
 * The same expression over windows and offsets that are `divisor` times shorter. Names of recording rules keep
 * their windows, and thresholds stay: they are shares, rates per second and seconds of waiting.
 */
export function scaleExpression(expr: string, divisor: number): string {
  if (divisor === 1) return expr;
  return expr
    .replaceAll(
      /\[(\d+(?:ms|s|m|h|d))(?::(\d+(?:ms|s|m|h|d)))?\]/g,
      (_, window: string, step?: string) =>
        `[${divideDuration(window, divisor)}${step === undefined ? '' : `:${divideDuration(step, divisor)}`}]`,
    )
    .replaceAll(/\boffset (\d+(?:ms|s|m|h|d))\b/g, (_, offset: string) => `offset ${divideDuration(offset, divisor)}`);
}

/** The rules on a clock that runs `divisor` times as fast. */
export function scaleGroups(groups: readonly RuleGroup[], divisor: number): RuleGroup[] {
  if (divisor === 1) return [...groups];
  return groups.map((group) => ({
    ...group,
    ...(group.interval && { interval: divideDuration(group.interval, divisor, SHORTEST_INTERVAL_MS) }),
    rules: group.rules.map((rule) => scaleRule(rule, divisor)),
  }));
}

/** Descriptions query Prometheus too; their texts still name the windows of the shipped rule. */
function scaleRule(rule: RenderedRule, divisor: number): RenderedRule {
  return {
    ...rule,
    expr: scaleExpression(rule.expr, divisor),
    ...(rule.for !== undefined && { for: divideDuration(rule.for, divisor) }),
    ...(rule.keep_firing_for !== undefined && { keep_firing_for: divideDuration(rule.keep_firing_for, divisor) }),
    ...(rule.annotations && {
      annotations: { ...rule.annotations, description: scaleExpression(rule.annotations.description, divisor) },
    }),
  };
}
