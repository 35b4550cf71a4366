/** Amounts in words, the same in every command. */

export const number = (value: number): string => value.toLocaleString('en-US');

export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 0.9995) return `${Math.ceil(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? '' : ` ${whole % 60} s`}`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An interval of them. */
export function durations(from: number, to: number): string {
  const [least, most] = [duration(from), duration(to)];
  if (least === most) return most;
  return to <= 59 && from >= 0.9995 ? `${least.replace(' s', '')} to ${most}` : `${least} to ${most}`;
}

/** To the cent, or to two digits below one cent. */
export const usd = (amount: number): string =>
  amount >= 0.1 || amount === 0 ? `$${amount.toFixed(2)}` : `$${Number(amount.toPrecision(2))}`;

/** Rare events are shown per minute. */
export const perSecond = (rate: number, of: string): string =>
  rate >= 1 ? `${rate.toFixed(1)} ${of}/s` : `${(rate * 60).toFixed(1)} ${of}/min`;
