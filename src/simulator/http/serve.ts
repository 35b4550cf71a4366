import type { IncomingMessage, ServerResponse } from 'node:http';
import { findRoute } from '../apis/routes.ts';
import type { Work, WorkCost } from '../apis/work.ts';
import { BadRequest, NO_USAGE, NotFound } from '../apis/work.ts';
import type { ErrorAnswer } from '../dialects/dialect.ts';
import { type Admitted, type Answer, type Denial, Exchange } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { HttpExchange } from './http-exchange.ts';
import { parseBody, readBody, TooLarge } from './request-body.ts';
import { sendBody } from './send-body.ts';
import { sendStream } from './send-stream.ts';
import { untilGone } from './send.ts';

/** Answers one request. Resolves when the answer has been sent, or never will be. */
export async function serve(simulation: Simulation, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { dialect, statistics, options } = simulation;
  const controller = new AbortController();
  response.once('close', () => {
    statistics.left();
    // An explicit reason avoids a DOMException with a stack for every request.
    controller.abort('closed');
  });
  statistics.arrived(options.clock.now(), Number(request.headers['x-stainless-retry-count']) || 0);
  const key = dialect.keyOf(request.headers);
  const url = urlOf(request);
  const organization = dialect.organizationOf(key ?? '');
  const requestId = simulation.newRequestId();
  const exchange = new Exchange(simulation, {
    organization,
    requestId,
    apiVersion: url.searchParams.get('api-version'),
  });
  const http: HttpExchange = {
    simulation,
    exchange,
    request,
    response,
    url,
    organization,
    requestId,
    gone: controller.signal,
  };
  let bytes: Awaited<ReturnType<typeof readBody>>;
  try {
    bytes = await readBody(request);
  } catch {
    // The client disconnected while sending: no answer is possible.
    return;
  }
  if (!bytes) response.setHeader('connection', 'close');
  if (key === undefined || options.apiKeys?.has(key) === false) {
    sendAnswer(http, exchange.error(dialect.unauthorized(exchange.errorContext('')), ''));
    return;
  }
  const outage = exchange.meetOutage();
  if (outage) {
    await deny(http, outage);
    return;
  }
  try {
    const work = await understand(http, bytes);
    if (work.cost) await answerLimited(http, work, work.cost);
    else await sendBody(http, work, exchange.headers(), undefined);
  } catch (error) {
    if (response.headersSent) throw error;
    sendAnswer(http, exchange.error(rejection(http, error), ''));
  }
}

async function understand(http: HttpExchange, bytes: Awaited<ReturnType<typeof readBody>>): Promise<Work> {
  const { simulation, request, url, organization, requestId } = http;
  const { options } = simulation;
  const route = findRoute(simulation.options.provider, request.method ?? 'GET', url.pathname);
  if (!route) throw new NotFound();
  if (!bytes) throw new TooLarge('Request exceeds the maximum size');
  const body = await parseBody(bytes, request.headers['content-type'] ?? '');
  const routed = {
    body,
    query: url.searchParams,
    origin: url.origin,
    store: simulation.store,
    batches: options.batches,
  };
  return route.handle(routed, simulation.workContext(organization, requestId));
}

async function answerLimited(http: HttpExchange, work: Work, cost: WorkCost): Promise<void> {
  const decision = http.exchange.decide({ model: work.model, cost, streamed: work.frames !== undefined });
  if (decision.kind !== 'admitted') {
    await deny(http, decision);
    return;
  }
  work.onAdmitted?.();
  await answerAdmitted(http, work, decision.admitted);
}

async function answerAdmitted(http: HttpExchange, work: Work, admitted: Admitted): Promise<void> {
  let usage = NO_USAGE;
  let completed = false;
  try {
    const sent = work.frames
      ? await sendStream(http, work, work.frames(), admitted)
      : await sendBody(http, work, admitted.headers, admitted.fault);
    completed = sent.completed;
    usage = completed ? work.usage : { ...work.usage, outputTokens: sent.outputTokens };
  } finally {
    if (!work.frames) admitted.drain(usage.outputTokens);
    admitted.end(completed, usage);
  }
}

async function deny(http: HttpExchange, denial: Denial): Promise<void> {
  if ('answer' in denial) sendAnswer(http, denial.answer);
  else if (denial.kind === 'reset') http.request.socket.resetAndDestroy();
  else await untilGone(http.gone);
}

function rejection(http: HttpExchange, error: unknown): ErrorAnswer {
  const { dialect } = http.simulation;
  const context = http.exchange.errorContext('');
  if (error instanceof TooLarge) return { ...dialect.badRequest(error.message, undefined, context), status: 413 };
  if (error instanceof BadRequest) return dialect.badRequest(error.message, error.param, context);
  if (error instanceof NotFound) {
    return dialect.notFound(http.request.method ?? 'GET', http.url.pathname, context, error.message);
  }
  // The user's `reply` or `countTokens` threw: its message must not get lost.
  const message = `The simulator could not answer: ${error instanceof Error ? error.message : String(error)}`;
  return { status: 500, body: { error: { message, type: 'simulator_error' } }, limitHeaders: false };
}

function sendAnswer({ simulation, response }: HttpExchange, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  const isPage = typeof body === 'string';
  const text = isPage ? body : JSON.stringify(body);
  simulation.statistics.answered(status);
  response.writeHead(status, {
    'content-type': isPage ? 'text/html' : 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** A target that is not a path (`//`) matches no route. */
function urlOf({ url = '/', headers }: IncomingMessage): URL {
  const base = `http://${headers.host ?? 'localhost'}`;
  return new URL(URL.canParse(url, base) ? url : '/not-a-path', URL.canParse(base) ? base : 'http://localhost');
}
