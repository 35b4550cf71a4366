import type { CircuitGate } from '../../core/admission.ts';
import { ColdStart } from '../limits/cold-start.ts';

/** Time in which the number of calls that may go doubles. */
const DOUBLING_MS = 125;
const PER_ANSWER = 2;

/**
 * Whether a lane's circuit lets calls go, and how long it has been holding them back.
 * Attempts that left before the circuit opened do not count as probes: a long stream must not block one.
 */
export class CircuitWait {
  readonly #gate: CircuitGate;
  readonly #onReopened: () => void;
  #since: number | undefined;
  #inFlight = 0;
  /** How many may go since the circuit has closed: as at the start of a lane. */
  #ramp: ColdStart | undefined;

  constructor(gate: CircuitGate, onReopened: () => void) {
    this.#gate = gate;
    this.#onReopened = onReopened;
  }

  /** Time before which no call may go: `now` or earlier when one may, Infinity until a probe has ended. */
  heldUntil(active: number, now: number): number {
    const openUntil = this.#gate.openUntil();
    const most = this.#gate.maxInFlight();
    const until = openUntil > now ? openUntil : this.#inFlight < most ? 0 : Infinity;
    if (until > now) this.#since ??= now;
    else if (most === Infinity && this.#since !== undefined) {
      this.#since = undefined;
      this.#ramp = new ColdStart();
      this.#onReopened();
    }
    if (until > now || !this.#ramp || active === 0) return until;
    if (this.#ramp.done) this.#ramp = undefined;
    return this.#ramp ? now + this.#ramp.waitMs(now, DOUBLING_MS) : until;
  }

  /** An attempt was answered. */
  answered(): void {
    this.#ramp?.answered(PER_ANSWER);
  }

  /** When a call that has waited since `waitingSince` has been held back long enough; Infinity when calls are not held back. */
  giveUpAt(waitingSince: number): number {
    return this.#since === undefined ? Infinity : Math.max(this.#since, waitingSince) + this.#gate.maxWaitMs;
  }

  /** Whether the next call to go is a probe. */
  get probes(): boolean {
    return this.#gate.maxInFlight() !== Infinity;
  }

  /** Returns whether the attempt that goes now is a probe. */
  admit(): boolean {
    if (!this.probes) {
      this.#ramp?.take(0);
      return false;
    }
    this.#inFlight++;
    return true;
  }

  probeEnded(): void {
    this.#inFlight--;
  }
}
