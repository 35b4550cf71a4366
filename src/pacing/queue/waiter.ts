import type { AdmissionRequest, Priority, Ticket } from '../../core/admission.ts';
import type { Linked } from '../../core/linked-list.ts';
import type { IndexedHeap } from './indexed-heap.ts';
import type { Amounts, Reservation } from '../usage/reservation.ts';

/** Calls of one tenant and priority. */
export interface FairClass {
  readonly key: string;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  /** Name of the class in the fleet. */
  readonly name: string;
  readonly weight: number;
  /** Part of the weight that counts here; the rest belongs to other processes in which such calls wait. */
  part: number;
  readonly waiters: IndexedHeap<'queueIndex', Waiter>;
  /** Sum of its waiters' reservations. */
  readonly waiting: Amounts;
  /** Virtual time at which the class's first waiter may start, and at which its last one has finished. */
  start: number;
  finish: number;
  activeIndex: number;
  /** Position among the idle classes whose debt has not passed. */
  idleIndex: number;
}

/** One attempt that waits in a lane. Carries its own links, so that it leaves every structure in O(log n). */
export class Waiter implements Linked<Waiter> {
  readonly request: AdmissionRequest;
  /** The best estimate so far. */
  reservation: Reservation | undefined;
  /** The amounts it added to the sums of its class. */
  readonly counted: Readonly<Amounts> | undefined;
  readonly place: number;
  readonly enqueuedAt: number;
  /** Latest start that still leaves time for an answer before the deadline; Infinity without one. */
  readonly startBy: number;
  readonly promise: Promise<Ticket>;
  resolve!: (ticket: Ticket) => void;
  reject!: (reason: unknown) => void;
  /** Indexes in its class and in the heap of deadlines; -1 if absent. */
  queueIndex = -1;
  deadlineIndex = -1;
  fairClass: FairClass | undefined;
  /** Neighbours in the order of arrival. */
  before: Waiter | undefined;
  after: Waiter | undefined;
  /** Neighbours among those that wait with the same abort signal. */
  signalPrevious: Waiter | undefined;
  signalNext: Waiter | undefined;

  constructor(
    request: AdmissionRequest,
    reservation: Reservation | undefined,
    place: number,
    now: number,
    startBy: number,
  ) {
    this.request = request;
    this.reservation = reservation;
    this.counted = reservation?.reserved;
    this.place = place;
    this.enqueuedAt = now;
    this.startBy = startBy;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** A retry was charged to its class on its first attempt. */
  get isRetry(): boolean {
    return this.request.place !== undefined;
  }
}
