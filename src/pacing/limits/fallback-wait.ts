const FIRST_MS = 250;
const MOST_MS = 8_000;

/** Wait after a refusal that names its limit but no time; doubled while nothing gets through. */
export class UnnamedWait {
  currentMs: number = FIRST_MS;

  /** The wait for a refusal that is news. */
  next(): number {
    const waitMs = this.currentMs;
    this.currentMs = Math.min(MOST_MS, 2 * waitMs);
    return waitMs;
  }

  reset(): void {
    this.currentMs = FIRST_MS;
  }
}
