import type { Ticket, TokenEstimate, WhoWaits } from '../../core/admission.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { LimitReading } from '../../core/outcome.ts';

type Result = Parameters<Ticket['settle']>[0];

/** Callbacks from a ticket to the gate that admitted it. */
export interface ContentHost {
  headed(readings: readonly LimitReading[], status: number): void;
  /** Undefined for a call that was never sent. */
  settled(result: Result | undefined): void;
}

/** A ticket for a call that passed the content gate before it entered the queue. */
export class ContentTicket implements Ticket {
  readonly place: number;
  readonly sentAt: number;
  readonly waitedMs: number;
  readonly cause: WaitCause;
  readonly #ticket: Ticket;
  readonly #host: ContentHost;
  #settled = false;

  constructor(ticket: Ticket, host: ContentHost, waitedMs: number, cause: WaitCause) {
    this.#ticket = ticket;
    this.#host = host;
    this.place = ticket.place;
    this.sentAt = ticket.sentAt;
    this.waitedMs = ticket.waitedMs + waitedMs;
    this.cause = cause !== 'none' && waitedMs > ticket.waitedMs ? cause : ticket.cause;
  }

  get estimate(): TokenEstimate | undefined {
    return this.#ticket.estimate;
  }

  onHead(readings: readonly LimitReading[], status: number): void {
    if (!this.#settled) this.#host.headed(readings, status);
    this.#ticket.onHead(readings, status);
  }

  settle(result: Result): WhoWaits | undefined {
    this.#tell(result);
    return this.#ticket.settle(result);
  }

  release(): void {
    this.#tell(undefined);
    this.#ticket.release();
  }

  #tell(result: Result | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#host.settled(result);
  }
}
