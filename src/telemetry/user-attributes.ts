import type { Attributes } from '@opentelemetry/api';
import { TidegateOptionError } from '../errors.ts';
import { ATTR, REQUEST_PREFIX } from './names.ts';

/** Label name that the Prometheus exporter derives from an attribute key. */
export function labelName(key: string): string {
  return key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/_{2,}/g, '_');
}

// Labels that the exporter or the format itself adds to a series.
const FORMAT_LABELS = [
  'le',
  'quantile',
  'otel_scope_name',
  'otel_scope_version',
  'otel_scope_schema_url',
  'otel_metric_overflow',
];

const RESERVED: ReadonlySet<string> = new Set([...Object.values(ATTR).map(labelName), ...FORMAT_LABELS]);
const RESERVED_PREFIX = labelName(REQUEST_PREFIX);

/**
 * Checks the attributes that an application adds to every span and metric point.
 * Two keys that become one Prometheus label would make Prometheus refuse the whole scrape, so they are refused here.
 *
 * @throws TidegateOptionError for anything but an object, for a reserved, empty or colliding key, and for a value that
 *   is not a string, number or boolean
 */
export function checkAttributes(attributes: Readonly<Record<string, unknown>> | undefined): Attributes {
  if (
    attributes !== undefined &&
    (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes))
  ) {
    throw new TidegateOptionError('telemetry.attributes', 'an object', attributes);
  }
  const checked: Attributes = {};
  const seen = new Map<string, string>();
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null) continue;
    const path = `telemetry.attributes.${key}`;
    if (
      typeof value !== 'string' &&
      typeof value !== 'boolean' &&
      !(typeof value === 'number' && Number.isFinite(value))
    ) {
      throw new TidegateOptionError(path, 'a string, a finite number or a boolean', value);
    }
    const label = labelName(key);
    if (!/^_?[a-zA-Z]/.test(label)) throw new TidegateOptionError(path, 'a key that starts with a letter', key);
    if (RESERVED.has(label) || label.startsWith(RESERVED_PREFIX)) {
      throw new TidegateOptionError(path, "a key that is not one of tidegate's own", key);
    }
    const other = seen.get(label);
    if (other !== undefined) {
      throw new TidegateOptionError(path, `a key that differs from \`${other}\` as a Prometheus label`, key);
    }
    seen.set(label, key);
    checked[key] = value;
  }
  return Object.freeze(checked);
}
