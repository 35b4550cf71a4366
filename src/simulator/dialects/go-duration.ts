const NS_PER_MS = 1_000_000;

/**
 * Writes a duration as Go does: `0s`, `12ms`, `172.799999ms`, `8.64s`, `1m26.4s`, `9m38.016s`, `6m0s`, `1h0m0s`.
 * Below one second the unit is `ms`; trailing zeros are dropped. Negative durations become `0s`.
 *
 * @param ms Milliseconds; digits beyond the nanosecond are truncated.
 */
export function goDuration(ms: number): string {
  // Adding a tenth of a nanosecond first keeps 86400 / 1000 * 1 from becoming 86.399999999.
  const total = Math.max(0, Math.floor(ms * NS_PER_MS + 0.1));
  if (total === 0) return '0s';
  if (total < 1000 * NS_PER_MS) return `${decimal(total, NS_PER_MS)}ms`;
  const seconds = Math.floor(total / (1000 * NS_PER_MS));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${decimal(total - (hours * 3600 + minutes * 60) * 1000 * NS_PER_MS, 1000 * NS_PER_MS)}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** `nanoseconds / unit` as an exact decimal without trailing zeros. */
function decimal(nanoseconds: number, unit: number): string {
  const whole = Math.floor(nanoseconds / unit);
  const fraction = nanoseconds - whole * unit;
  if (fraction === 0) return String(whole);
  const digits = String(unit).length - 1;
  return `${whole}.${String(fraction).padStart(digits, '0').replace(/0+$/, '')}`;
}
