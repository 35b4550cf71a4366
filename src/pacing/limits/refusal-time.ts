import { refusalWaitMs } from './refusal-wait.ts';

/** Weight of one refusal in the average. */
const WEIGHT = 0.2;

/** How long refusals take to come, on average. */
export class RefusalTime {
  /** 0 before the first refusal. */
  averageMs = 0;

  refused(sentAt: number, now: number): void {
    this.averageMs += (now - sentAt - this.averageMs) * (this.averageMs === 0 ? 1 : WEIGHT);
  }

  /** What has not been refused for this long was let through. */
  get waitMs(): number {
    return refusalWaitMs(this.averageMs);
  }
}
