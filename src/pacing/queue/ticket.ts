import type { Ticket, TokenEstimate, WhoWaits } from '../../core/admission.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { Failure, LimitReading, Outcome, Usage } from '../../core/outcome.ts';
import type { Reservation } from '../usage/reservation.ts';

export interface Settlement {
  readonly outcome: Outcome;
  readonly failure?: Failure | undefined;
  readonly usage?: Usage | undefined;
  /** The attempt was a probe of the circuit. */
  readonly probe?: boolean;
  /** Its caller has retries off. */
  readonly unretried?: boolean;
}

/** The lane's side of a ticket. */
export interface TicketHost {
  ticketHeaded(ticket: LaneTicket, readings: readonly LimitReading[], status: number): void;
  ticketSettled(ticket: LaneTicket, result: Settlement): WhoWaits | undefined;
  ticketReleased(ticket: LaneTicket): void;
}

/** Reports each event of an attempt at most once, in whatever order they arrive. */
export class LaneTicket implements Ticket {
  readonly place: number;
  readonly waitedMs: number;
  readonly cause: WaitCause;
  readonly sentAt: number;
  readonly isProbe: boolean;
  /** Refusals of the call before this attempt. */
  readonly refusals: number;
  readonly reservation: Reservation | undefined;
  readonly #host: TicketHost;
  #headed = false;
  #accepted = false;
  #settled = false;
  #released = false;

  constructor(
    host: TicketHost,
    place: number,
    waitedMs: number,
    cause: WaitCause,
    sentAt: number,
    isProbe: boolean,
    refusals: number,
    reservation: Reservation | undefined,
  ) {
    this.#host = host;
    this.place = place;
    this.waitedMs = waitedMs;
    this.cause = cause;
    this.sentAt = sentAt;
    this.isProbe = isProbe;
    this.refusals = refusals;
    this.reservation = reservation;
  }

  /** Whether an answer has begun. */
  get isHeaded(): boolean {
    return this.#headed;
  }

  /** Whether the answer began as a success, which its body may belie. */
  get isAccepted(): boolean {
    return this.#accepted;
  }

  get estimate(): TokenEstimate | undefined {
    return this.reservation;
  }

  onHead(readings: readonly LimitReading[], status: number): void {
    if (this.#headed || this.#settled) return;
    this.#headed = true;
    this.#accepted = status < 400;
    this.#host.ticketHeaded(this, readings, status);
  }

  settle(result: Settlement): WhoWaits | undefined {
    if (this.#settled) return undefined;
    this.#settled = true;
    return this.#host.ticketSettled(this, result);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#host.ticketReleased(this);
  }
}
