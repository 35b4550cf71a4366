const MINUTE = 60_000;

export type Point = readonly [atMs: number, value: number];

/**
 * Minutes as at most so many stretches of equal length without a gap: each has the highest minute within, so that what is above a limit is
 * seen however long the record is, and zero where there is none.
 * @param minutes by time
 */
export function stretchesOf(minutes: readonly Point[], most: number): Point[] {
  if (minutes.length === 0) return [];
  const start = minutes[0]![0];
  const count = Math.round((minutes.at(-1)![0] - start) / MINUTE) + 1;
  const every = Math.ceil(count / most);
  // One more that is empty: the last has a length, too.
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
