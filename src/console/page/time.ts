import { duration } from '../format.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** Time of day in the viewer's zone. */
export function clock(at: number, withSeconds = true): string {
  const date = new Date(at);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

/** `14:05:09, 3 min ago`. */
export const since = (at: number, now: number): string => `${clock(at)}, ${duration(Math.max(0, now - at))} ago`;
