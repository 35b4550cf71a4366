import type { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { findRoute } from '../../src/simulator/apis/routes.ts';
import { NO_USAGE, type Work } from '../../src/simulator/apis/work.ts';
import { type Admitted, type Answer, type Denial, Exchange } from '../../src/simulator/exchange.ts';
import { breakingPoint, lastWords } from '../../src/simulator/faults/broken-stream.ts';
import type { JsonObject } from '../../src/simulator/json.ts';
import type { Simulation } from '../../src/simulator/simulation.ts';

/** Latency of a request, and of an answer. */
const ONE_WAY_MS = 20;
const CALLER = 'org-1';

/**
 * A `fetch` that a simulated provider answers in virtual time, without sockets, with the bodies that it sends over
 * HTTP.
 */
export function virtualFetch(simulation: Simulation, clock: VirtualClock): typeof fetch {
  return async (input, init = {}) => {
    const { signal } = init;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const gone = new AbortController();
      signal?.addEventListener('abort', () => {
        gone.abort();
        reject(signal.reason as Error);
      });
      const url = new URL(input instanceof Request ? input.url : input);
      const body = JSON.parse(init.body as string) as JsonObject;
      const later = (ms: number, then: () => void): void =>
        void clock.after(ms, () => {
          if (!gone.signal.aborted) then();
        });
      later(ONE_WAY_MS, () => answer({ simulation, url, body, gone: gone.signal, later, resolve, reject }));
    });
  };
}

interface Asked {
  readonly simulation: Simulation;
  readonly url: URL;
  readonly body: JsonObject;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Calls back unless the client has gone. */
  readonly later: (ms: number, then: () => void) => void;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

function answer(asked: Asked): void {
  const { simulation, url, body } = asked;
  const requestId = simulation.newRequestId();
  const exchange = new Exchange(simulation, { organization: CALLER, requestId });
  const outage = exchange.meetOutage();
  if (outage) return deny(asked, outage);
  const route = findRoute(simulation.options.provider, 'POST', url.pathname);
  if (!route) throw new Error(`Expected a path of the API, got ${url.pathname}`);
  const { store, options } = simulation;
  const routed = { body, query: url.searchParams, origin: url.origin, store, batches: options.batches };
  const work = route.handle(routed, simulation.workContext(CALLER, requestId));
  const { model, cost, frames } = work;
  const decision = exchange.decide({ model, cost: cost!, streamed: frames !== undefined });
  if (decision.kind !== 'admitted') return deny(asked, decision);
  work.onAdmitted?.();
  if (frames) stream(asked, work, decision.admitted);
  else whole(asked, work, decision.admitted);
}

function deny({ later, resolve, reject }: Asked, denial: Denial): void {
  if ('answer' in denial) later(ONE_WAY_MS, () => resolve(responseOf(denial.answer)));
  else if (denial.kind === 'reset') later(ONE_WAY_MS, () => reject(reset()));
}

function whole(asked: Asked, work: Work, admitted: Admitted): void {
  const { simulation, gone, later, resolve } = asked;
  const { baseMs, perTokenMs } = simulation.delays();
  const end = ending(asked, admitted);
  later(baseMs + perTokenMs * work.usage.outputTokens, () => {
    admitted.drain(work.usage.outputTokens);
    end(true, work.usage);
    const text = JSON.stringify(work.body());
    const spoilt = bodyOf(text.slice(0, text.length / 2), admitted.fault, gone);
    const headers = { 'content-type': 'application/json', ...admitted.headers };
    later(ONE_WAY_MS, () => resolve(new Response(spoilt ?? text, { headers })));
  });
}

/** The first half and the fault after it; undefined if no fault affects the body. */
function bodyOf(half: string, fault: Admitted['fault'], gone: AbortSignal): BodyInit | undefined {
  if (fault === 'garbage') return half;
  if (fault !== 'body_reset' && fault !== 'body_hang') return undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      gone.addEventListener('abort', () => controller.error(gone.reason));
      controller.enqueue(ENCODER.encode(half));
      // Enqueued chunks are lost when a stream fails at once.
      if (fault === 'body_reset') setImmediate(() => controller.error(reset()));
    },
  });
}

function stream(asked: Asked, work: Work, admitted: Admitted): void {
  const { simulation, gone, later, resolve } = asked;
  const { baseMs, perTokenMs } = simulation.delays();
  const { fault } = admitted;
  const end = ending(asked, admitted);
  const breakAt = breakingPoint(work, fault);
  let sent = 0;
  let events = 0;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      gone.addEventListener('abort', () => controller.error(gone.reason));
      const close = (text?: string): void => {
        end(text === undefined && fault === undefined, { ...work.usage, outputTokens: sent });
        if (text !== undefined) controller.enqueue(ENCODER.encode(text));
        controller.close();
      };
      const frames = work.frames!()[Symbol.iterator]();
      const next = (): void => {
        for (let step = frames.next(); !step.done; step = frames.next()) {
          const { text, tokens } = step.value;
          if (sent >= breakAt && (tokens > 0 || breakAt === 0)) {
            const text = lastWords(simulation, work, fault!, events);
            if (text !== undefined) close(text);
            else if (fault === 'body_reset') controller.error(reset());
            return;
          }
          controller.enqueue(ENCODER.encode(text));
          events++;
          sent += tokens;
          admitted.drain(tokens);
          if (tokens > 0 && perTokenMs > 0) return later(tokens * perTokenMs, next);
        }
        close();
      };
      later(baseMs + ONE_WAY_MS, () => {
        resolve(new Response(body, { headers: { 'content-type': 'text/event-stream', ...admitted.headers } }));
        next();
      });
    },
  });
}

/** Reports the end of the answer once: complete, or abandoned by its client. */
function ending({ gone }: Asked, admitted: Admitted): Admitted['end'] {
  let isOver = false;
  const end: Admitted['end'] = (completed, usage) => {
    if (isOver) return;
    isOver = true;
    admitted.end(completed, usage);
  };
  gone.addEventListener('abort', () => end(false, NO_USAGE));
  return end;
}

function responseOf({ status, headers, body }: Answer): Response {
  const isPage = typeof body === 'string';
  const type = isPage ? 'text/html' : 'application/json';
  return new Response(isPage ? body : JSON.stringify(body), { status, headers: { 'content-type': type, ...headers } });
}

function reset(): Error {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  return Object.assign(new TypeError('fetch failed'), { cause });
}

const ENCODER = new TextEncoder();
