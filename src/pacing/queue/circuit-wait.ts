import type { CircuitGate } from '../../core/admission.ts';

/**
 * Whether a lane's circuit lets calls go, and how long it has been holding them back.
 * Attempts that left before the circuit opened do not count as probes: a long stream must not block one.
 */
export class CircuitWait {
  readonly #gate: CircuitGate;
  #since: number | undefined;
  #inFlight = 0;

  constructor(gate: CircuitGate) {
    this.#gate = gate;
  }

  /** Time before which no call may go: `now` or earlier when one may, Infinity until a probe has ended. */
  heldUntil(now: number): number {
    const openUntil = this.#gate.openUntil();
    const most = this.#gate.maxInFlight();
    const until = openUntil > now ? openUntil : this.#inFlight < most ? 0 : Infinity;
    if (until > now) this.#since ??= now;
    else if (most === Infinity) this.#since = undefined;
    return until;
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
    if (!this.probes) return false;
    this.#inFlight++;
    return true;
  }

  probeEnded(): void {
    this.#inFlight--;
  }
}
