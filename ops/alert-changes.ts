import type { Alert, Severity } from './alert.ts';
import { sectionOf } from './section.ts';

/** An operator's changes to one alert. */
export interface AlertChange {
  readonly alert: string;
  /** Only the alert of this severity, if several share the name. */
  readonly of: string | undefined;
  readonly off: boolean;
  readonly severity: Severity | undefined;
  readonly for: string | undefined;
  readonly keepFiringFor: string | undefined;
  /** Windows of the expression, by their current value. */
  readonly windows: Readonly<Record<string, string>>;
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info', 'none'];
const DURATION = /^\d+(?:ms|s|m|h|d)$/;

/**
 * `TidegateTierSaturated: { severity: info }`, or `TidegateCircuitOpen/warning: false`. @throws Error for an invalid
 * change
 */
export function readChanges(file: unknown): AlertChange[] {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw new Error(`Expected alerts to have names of alerts as keys, got ${JSON.stringify(file)}.`);
  }
  return Object.entries(file).map(([key, value]: [string, unknown]) => {
    const path = `alerts.${key}`;
    const [alert = '', of, ...rest] = key.split('/');
    if (rest.length > 0 || of === '') throw new Error(`Expected ${path} to be a name, or a name and a severity.`);
    const nothing = { alert, of, severity: undefined, for: undefined, keepFiringFor: undefined, windows: {} };
    if (value === false) return { ...nothing, off: true };
    const given = sectionOf(value, path, ['severity', 'for', 'keepFiringFor', 'windows']);
    const windows = sectionOf(given['windows'] ?? {}, `${path}.windows`, Object.keys(given['windows'] ?? {}));
    return {
      ...nothing,
      off: false,
      severity: severity(given['severity'], path),
      for: duration(given['for'], `${path}.for`),
      keepFiringFor: duration(given['keepFiringFor'], `${path}.keepFiringFor`),
      windows: Object.fromEntries(
        Object.entries(windows).map(([from, to]) => [from, windowOf(to, `${path}.windows.${from}`)]),
      ),
    };
  });
}

function severity(value: unknown, path: string): Severity | undefined {
  if (value === undefined || SEVERITIES.includes(value as Severity)) return value as Severity | undefined;
  throw new Error(`Expected ${path}.severity to be one of ${SEVERITIES.join(', ')}, got ${JSON.stringify(value)}.`);
}

function duration(value: unknown, path: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && DURATION.test(value))) return value;
  throw new Error(`Expected ${path} to be a duration such as 30m, got ${JSON.stringify(value)}.`);
}

function windowOf(value: unknown, path: string): string {
  const window = duration(value, path);
  if (window !== undefined && !/^0+[a-z]/.test(window)) return window;
  throw new Error(`Expected ${path} to be a duration such as 30m, got ${JSON.stringify(value)}.`);
}

/** @throws Error for a change to an alert or a window that does not exist, or that makes two alerts the same */
export function applyChanges<T extends Alert>(alerts: readonly T[], changes: readonly AlertChange[]): T[] {
  const fits = (change: AlertChange, alert: Alert): boolean =>
    change.alert === alert.name && (change.of === undefined || change.of === alert.severity);
  const idle = changes.find((change) => !alerts.some((alert) => fits(change, alert)));
  if (idle) {
    const name = idle.of === undefined ? idle.alert : `${idle.alert}/${idle.of}`;
    throw new Error(`Expected alerts.${name} to name an alert; they are in prometheus/runbook.md.`);
  }
  const changed = alerts.flatMap((alert) =>
    changes
      .filter((change) => fits(change, alert))
      .reduce<T[]>((each, change) => each.flatMap((one) => apply(one, change)), [alert]),
  );
  const keys = changed.map(({ name, severity: level, labels }) => JSON.stringify([name, level, labels]));
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined)
    throw new Error(`Expected each alert of a name to have a severity of its own, got ${twice} twice.`);
  return changed;
}

function apply<T extends Alert>(
  alert: T,
  { off, severity: level, for: pending, keepFiringFor, windows }: AlertChange,
): T[] {
  if (off) return [];
  let { expr, description } = alert;
  for (const [from, to] of Object.entries(windows)) {
    if (!expr.includes(`[${from}]`)) {
      throw new Error(`Expected the window ${from} to be one of ${alert.name}, whose expression is:\n${expr}`);
    }
    expr = expr.replaceAll(`[${from}]`, `[${to}]`);
    for (const words of inWords(from)) description = description.replaceAll(words, inWords(to)[0]!);
    description = description.replaceAll(`[${from}]`, `[${to}]`);
  }
  return [
    {
      ...alert,
      expr,
      description,
      ...(level !== undefined && { severity: level }),
      ...(pending !== undefined && { for: pending }),
      ...(keepFiringFor !== undefined && { keepFiringFor }),
    },
  ];
}

const NUMBERS: Readonly<Record<string, string>> = { '2': 'two', '3': 'three', '5': 'five', '10': 'ten' };
const UNITS: Readonly<Record<string, string>> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' };

/** How descriptions may write a window: `15 minutes`, `five minutes`. */
function inWords(window: string): string[] {
  const [, number = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(window) ?? [];
  const words = UNITS[unit] ?? unit;
  return [`${number} ${words}`, ...(NUMBERS[number] === undefined ? [] : [`${NUMBERS[number]} ${words}`])];
}
