import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';

/** An exchange over HTTP. */
export interface HttpExchange {
  readonly simulation: Simulation;
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly organization: string;
  readonly requestId: string;
  /** Aborts when the client goes away or the server closes. */
  readonly gone: AbortSignal;
}
