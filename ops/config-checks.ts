import type { Burn, Thresholds } from './thresholds.ts';

/** Mistakes in a configuration that Prometheus would reject, or would load and never fire. */

const MATCHER =
  /^\s*[a-zA-Z_]\w*\s*(?<operator>=~|!~|!=|=)\s*(?:"(?<double>(?:[^"\\\n]|\\.)*)"|'(?<single>(?:[^'\\\n]|\\.)*)')\s*(?:,|$)/;

/** Label matchers, without braces. @throws Error for anything else */
export function selectorOf(text: string): string {
  let left = text.trim();
  while (left !== '') {
    const match = MATCHER.exec(left);
    const { operator = '', double, single } = match?.groups ?? {};
    if (!match || (operator.includes('~') && !isPattern(double ?? single ?? ''))) {
      throw new Error(
        `Expected selector to be matchers without braces, such as job="shop",cluster=~"eu|us", got ${JSON.stringify(text)}.`,
      );
    }
    left = left.slice(match[0].length);
  }
  // Queries in descriptions are formatted by printf, between backticks.
  const strange = ['%', '`', '{{'].find((each) => text.includes(each));
  if (strange !== undefined)
    throw new Error(`Expected selector to be without ${strange}, got ${JSON.stringify(text)}.`);
  return text.trim().replace(/,$/, '');
}

function isPattern(text: string): boolean {
  try {
    RegExp(text.replaceAll('\\\\', '\\'), 'u').test('');
    return true;
  } catch {
    return false;
  }
}

/** @throws Error for a URL that no browser opens or that Prometheus would take for a template */
export function pageOf(text: string): string {
  const right = /^https?:\/\/[^\s{}#]+$/.test(text) && URL.canParse(text);
  if (!right)
    throw new Error(
      `Expected runbookUrl to be an http or https address without an anchor, got ${JSON.stringify(text)}.`,
    );
  return text;
}

/** Thresholds that are shares, at most 1. */
const SHARES = /(?:Ratio|Share)$|^(?:nearlyExhausted|saturated|change|dayHabit|filled|cacheFall|objective)$/;

/** @throws Error for invalid numbers and durations */
export function sound(thresholds: Thresholds): Thresholds {
  for (const [section, values] of Object.entries(thresholds) as [string, object | number][]) {
    for (const [key, value] of Object.entries(values) as [string, unknown][]) {
      if (!SHARES.test(key) || typeof value !== 'number' || value <= 1) continue;
      throw new Error(`Expected thresholds.${section}.${key} to be a share of at most 1 (0.7 is 70 %), got ${value}.`);
    }
  }
  const { objective, burns } = thresholds.slo;
  if (objective <= 0 || objective >= 1) {
    throw new Error(`Expected thresholds.slo.objective to be above 0 and below 1 (0.99 is 99 %), got ${objective}.`);
  }
  if (burns.length === 0) {
    throw new Error(
      'Expected thresholds.slo.burns to have one at least; alerts: { TidegateCallErrorBudgetBurn: false } turns all off.',
    );
  }
  for (const [index, burn] of burns.entries()) checkBurn(burn, objective, `thresholds.slo.burns[${index}]`);
  lengthOf(thresholds.telemetry.memory, 'thresholds.telemetry.memory');
  return thresholds;
}

function checkBurn({ factor, long, short, for: pending, severity }: Burn, objective: number, path: string): void {
  if (factor <= 0 || factor * (1 - objective) >= 1) {
    throw new Error(
      `Expected ${path}.factor to be above 0 and below ${Number((1 / (1 - objective)).toPrecision(6))}, at which every call fails, got ${factor}.`,
    );
  }
  // Recordings are five minutes long.
  if (lengthOf(short, `${path}.short`) < 300)
    throw new Error(`Expected ${path}.short to be 5m at least, got ${short}.`);
  if (lengthOf(long, `${path}.long`) <= lengthOf(short, `${path}.short`)) {
    throw new Error(`Expected ${path}.long to be longer than its short window ${short}, got ${long}.`);
  }
  if (!/^\d+[smhd]$/.test(pending))
    throw new Error(`Expected ${path}.for to be a duration such as 30m, got ${JSON.stringify(pending)}.`);
  if (!['critical', 'warning'].includes(severity)) {
    throw new Error(`Expected ${path}.severity to be critical or warning, got ${JSON.stringify(severity)}.`);
  }
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of a window. @throws Error for anything else */
function lengthOf(duration: string, path: string): number {
  const [, number = '0', unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  const seconds = Number(number) * (SECONDS[unit] ?? 0);
  if (seconds > 0) return seconds;
  throw new Error(`Expected ${path} to be a duration such as 30m, got ${JSON.stringify(duration)}.`);
}
