import type { Job } from './workload.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Receiver {
  head(reply: Reply): void;
  /** The answer is complete; undefined if the connection broke before one came. */
  end(reply: Reply | undefined): void;
}

/** A provider in virtual time. */
export interface Transport<J extends Job = Job> {
  send(job: J, receiver: Receiver): void;
}

/** Head and body of a short answer arrive together. */
export function complete(receiver: Receiver, reply: Reply): void {
  receiver.head(reply);
  receiver.end(reply);
}
