import { checkLabels, type LabelNames, SHIPPED_LABELS } from './label-names.ts';
import { HISTOGRAM_KINDS, type HistogramKind } from './native-histograms.ts';
import type { RuleOptions } from './rules.ts';
import { sectionOf } from './section.ts';
import { type AlertChange, readChanges } from './alert-changes.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';
import { pageOf, selectorOf, sound } from './config-checks.ts';

/** Settings for operators: a file for `npx tidegate rules --config`. */
export interface OpsConfig {
  readonly selector: string;
  readonly labels: LabelNames;
  readonly histograms: HistogramKind;
  readonly runbookUrl: string | undefined;
  readonly thresholds: Thresholds;
  readonly changes: readonly AlertChange[];
}

const KEYS = ['selector', 'labels', 'histograms', 'runbookUrl', 'thresholds', 'alerts'];

/** Validates a parsed file. @throws Error that names the problem; nothing is ignored */
export function readConfig(file: unknown): OpsConfig {
  const given = sectionOf(file ?? {}, 'the file', KEYS);
  const { selector = '', runbookUrl, histograms = 'buckets' } = given;
  return {
    selector: selectorOf(text(selector, 'selector')),
    labels: checkLabels(merged(SHIPPED_LABELS, given['labels'] ?? {}, 'labels')),
    histograms: kindOf(histograms),
    runbookUrl: runbookUrl === undefined ? undefined : pageOf(text(runbookUrl, 'runbookUrl')),
    thresholds: sound(merged(DEFAULT_THRESHOLDS, given['thresholds'] ?? {}, 'thresholds')),
    changes: readChanges(given['alerts'] ?? {}),
  };
}

export function ruleOptions({ selector, labels, histograms, runbookUrl, thresholds, changes }: OpsConfig): RuleOptions {
  return { selector, labels, histograms, thresholds, changes, ...(runbookUrl !== undefined && { runbookUrl }) };
}

/** The defaults, deeply overridden by the given values. Lists are replaced as a whole. */
function merged<T>(defaults: T, given: unknown, path: string): T {
  if (Array.isArray(defaults)) {
    if (!Array.isArray(given)) throw new Error(`Expected ${path} to be a list, got ${JSON.stringify(given)}.`);
    const whole = Object.keys((defaults[0] ?? {}) as object);
    return given.map((each, index) => {
      const missing = whole.find((key) => !Object.hasOwn((each ?? {}) as object, key));
      if (missing !== undefined)
        throw new Error(`Expected ${path}[${index}] to have ${whole.join(', ')}: no ${missing}.`);
      return merged(defaults[0], each, `${path}[${index}]`);
    }) as T;
  }
  if (typeof defaults === 'object' && defaults !== null) {
    const own = sectionOf(given, path, Object.keys(defaults));
    return Object.fromEntries(
      Object.entries(defaults).map(([key, value]) => [
        key,
        own[key] === undefined ? value : merged(value, own[key], `${path}.${key}`),
      ]),
    ) as T;
  }
  const right = typeof given === typeof defaults && (typeof given !== 'number' || (given >= 0 && given < Infinity));
  if (!right) throw new Error(`Expected ${path} to be ${kind(defaults)}, got ${JSON.stringify(given)}.`);
  return given as T;
}

function kindOf(value: unknown): HistogramKind {
  const known = HISTOGRAM_KINDS.find((each) => each === value);
  if (known !== undefined) return known;
  throw new Error(`Expected histograms to be one of ${HISTOGRAM_KINDS.join(', ')}, got ${JSON.stringify(value)}.`);
}

function kind(value: unknown): string {
  return typeof value === 'number' ? 'a number of at least 0' : 'a text';
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new Error(`Expected ${path} to be a text, got ${JSON.stringify(value)}.`);
  return value;
}
