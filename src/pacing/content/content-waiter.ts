import type { AdmissionRequest, Ticket } from '../../core/admission.ts';
import { onAbort } from '../../core/abort.ts';
import type { ContentDimension } from '../../core/content-kinds.ts';
import { inTurns } from '../../core/event-loop-turns.ts';

/** The amount a call takes of one limit; 0 if unknown. */
export interface Need {
  readonly dimension: ContentDimension;
  readonly amount: number;
}

/** One call that waits for a limit of its content. */
export interface ContentWaiter {
  readonly request: AdmissionRequest;
  readonly needs: readonly Need[];
  readonly enqueuedAt: number;
  /** What it waited for last. */
  cause: ContentDimension;
  readonly promise: Promise<Ticket>;
  resolve(ticket: Promise<Ticket>): void;
  reject(reason: unknown): void;
}

/** `aborted` is called when the call is given up, with at most a few hundred others of its signal in a turn. */
export function contentWaiter(
  request: AdmissionRequest,
  needs: readonly Need[],
  now: number,
  aborted: () => void,
): ContentWaiter {
  let resolve!: (ticket: Promise<Ticket>) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<Ticket>((onTicket, onRefused) => {
    resolve = onTicket;
    reject = onRefused;
  });
  const { signal } = request;
  const done = signal ? onAbort(signal, aborted) : undefined;
  return {
    request,
    needs,
    enqueuedAt: now,
    cause: needs[0]!.dimension,
    promise,
    resolve(ticket) {
      done?.();
      resolve(ticket);
    },
    reject(reason) {
      done?.();
      // A limit that is none refuses everybody who waits for it.
      inTurns(() => reject(reason));
    },
  };
}
