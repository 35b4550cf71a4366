const MINUTE = 60_000;

export type Point = readonly [atMs: number, value: number];

/**
 * Downsamples minutes to a maximum number of equal intervals without gaps. Each keeps its highest minute, so that peaks above
 * a limit stay visible however long the record is; empty intervals are zero.
 * @param minutes by time
 */
export function stretchesOf(minutes: readonly Point[], most: number): Point[] {
  if (minutes.length === 0) return [];
  const start = minutes[0]![0];
  const count = Math.round((minutes.at(-1)![0] - start) / MINUTE) + 1;
  const every = Math.ceil(count / most);
  // One more, empty interval gives the last one a length.
  const made = Array.from(
    { length: Math.ceil(count / every) + 1 },
    (_, at) => [start + at * every * MINUTE, 0] as [number, number],
  );
  for (const [at, value] of minutes) {
    const stretch = made[Math.floor((at - start) / MINUTE / every)]!;
    stretch[1] = Math.max(stretch[1], value);
  }
  return made;
}
