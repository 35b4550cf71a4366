import type { AdmissionRefused } from '../core/admission.ts';
import type { DimensionSnapshot } from '../core/events.ts';
import type { Dimension, LimitReading } from '../core/outcome.ts';
import type { RequestInfo } from '../core/provider.ts';
import type { Settlement } from './lane-ticket.ts';
import type { Amounts, Reservation } from './reservation.ts';

/** The limits of a lane. Knows no queue. */
export interface Pacer {
  plan(info: RequestInfo): Reservation;
  /** Milliseconds until the reservation fits every limit; 0 when it does now. Then `binding` is the limit that binds. */
  waitMs(reservation: Reservation, now: number): number;
  readonly binding: Dimension;
  /** Why no wait would help this reservation; undefined when one would. */
  refusal(reservation: Reservation, now: number): AdmissionRefused | undefined;
  /** Least time that a reservation behind `ahead` must wait. */
  leastWaitMs(ahead: Readonly<Amounts>, reservation: Reservation, now: number): number;
  /** How many reservations like this one a day limit still lets wait; Infinity when none binds. */
  mayWait(reservation: Reservation): number;
  take(reservation: Reservation, now: number): void;
  /** Cost for fairness, in calls of average size. */
  share(reservation: Reservation): number;
  headed(reservation: Reservation, readings: readonly LimitReading[], status: number, now: number): void;
  /** Returns how long the whole lane must pause; 0 for not at all. */
  settled(reservation: Reservation, result: Settlement, now: number): number;
  released(reservation: Reservation, now: number): void;
  concurrencyLimit(): number;
  dimensions(now: number): DimensionSnapshot[];
}

