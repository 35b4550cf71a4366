import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Simulation } from '../simulation.ts';

/** One request on its way through the simulation. */
export interface Exchange {
  readonly simulation: Simulation;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly organization: string;
  readonly requestId: string;
  /** Aborts when the client goes away or the server closes. */
  readonly gone: AbortSignal;
}
