import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorAnswer } from '../dialects/dialect.ts';
import type { Exchange } from './exchange.ts';
import type { FaultKind } from '../faults/fault-kinds.ts';
import { isAnswerFault } from '../faults/fault-kinds.ts';
import type { Reservation } from '../limits/limit-engine-types.ts';
import { parseBody, readBody, TooLarge } from './request-body.ts';
import { findRoute } from '../apis/routes.ts';
import { sendBody } from './send-body.ts';
import { sendStream } from './send-stream.ts';
import { untilGone } from './send.ts';
import type { Simulation } from '../simulation.ts';
import type { Work, WorkCost } from '../apis/work.ts';
import { BadRequest, NotFound, NO_USAGE } from '../apis/work.ts';

/** Answers one request. Resolves when the answer has been sent, or will never be. */
export async function serve(simulation: Simulation, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { dialect, statistics, options } = simulation;
  const controller = new AbortController();
  response.once('close', () => {
    statistics.left();
    // A given reason spares an exception with a stack for every request.
    controller.abort('closed');
  });
  statistics.arrived(options.clock.now(), Number(request.headers['x-stainless-retry-count']) || 0);
  const key = dialect.keyOf(request.headers);
  const exchange: Exchange = {
    simulation,
    request,
    response,
    url: urlOf(request),
    organization: dialect.organizationOf(key ?? ''),
    requestId: simulation.newRequestId(),
    gone: controller.signal,
  };
  let bytes: Awaited<ReturnType<typeof readBody>>;
  try {
    bytes = await readBody(request);
  } catch {
    // The client disconnected while sending: there is no one left to answer.
    return;
  }
  if (!bytes) response.setHeader('connection', 'close');
  if (key === undefined || options.apiKeys?.has(key) === false) {
    sendError(exchange, dialect.unauthorized(errorContext(exchange, '')), '');
    return;
  }
  const outage = simulation.faults.outage(options.clock.now());
  if (outage && (await inflict(exchange, outage, ''))) return;
  try {
    const work = await understand(exchange, bytes);
    if (work.cost) await answerLimited(exchange, work, work.cost);
    else await sendBody(exchange, work, headersFor(exchange, undefined), undefined);
  } catch (error) {
    if (response.headersSent) throw error;
    sendError(exchange, rejection(exchange, error), '');
  }
}

async function understand(exchange: Exchange, bytes: Awaited<ReturnType<typeof readBody>>): Promise<Work> {
  const { simulation, request, url, organization, requestId } = exchange;
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

async function answerLimited(exchange: Exchange, work: Work, cost: WorkCost): Promise<void> {
  const { simulation, organization } = exchange;
  const { engine, statistics, options } = simulation;
  const now = options.clock.now();
  simulation.sync(now);
  statistics.asked(work.model);
  const fault = simulation.faults.pick(work.model, work.frames !== undefined);
  if (fault && isAnswerFault(fault)) engine.countFailed(organization, work.model, now);
  if (fault && (await inflict(exchange, fault, work.model))) return;
  const result = engine.admit({ account: organization, model: work.model, ...cost }, now);
  if (!result.admitted) {
    statistics.rejected(work.model, result.by, result.tooLarge);
    sendError(exchange, simulation.refuse(result, errorContext(exchange, work.model)), work.model);
    return;
  }
  statistics.admitted(work.model);
  work.onAdmitted?.();
  await answerAdmitted(exchange, work, result, fault);
}

async function answerAdmitted(
  exchange: Exchange,
  work: Work,
  reservation: Reservation,
  fault: FaultKind | undefined,
): Promise<void> {
  const { engine, statistics, options } = exchange.simulation;
  const headers = headersFor(exchange, work.model);
  let usage = NO_USAGE;
  let completed = false;
  try {
    const sent = work.frames
      ? await sendStream(exchange, work, work.frames(), headers, reservation, fault)
      : await sendBody(exchange, work, headers, fault);
    completed = sent.completed;
    usage = completed ? work.usage : { ...work.usage, outputTokens: sent.outputTokens };
  } finally {
    const now = options.clock.now();
    if (!work.frames) engine.drain(reservation, usage.outputTokens, now);
    engine.settle(reservation, usage, now);
    statistics.ended(completed, usage);
  }
}

/** Inflicts a fault that comes instead of an answer; false for those that spoil an answer. */
async function inflict(exchange: Exchange, fault: FaultKind, model: string): Promise<boolean> {
  const { simulation, request, gone } = exchange;
  if (isAnswerFault(fault)) {
    simulation.statistics.fault(fault);
    sendError(exchange, simulation.dialect.faults[fault]!(errorContext(exchange, model)), model);
    return true;
  }
  if (fault === 'connection_reset') {
    simulation.statistics.fault(fault);
    request.socket.resetAndDestroy();
    return true;
  }
  if (fault === 'hang') {
    simulation.statistics.fault(fault);
    await untilGone(gone);
    return true;
  }
  return false;
}

function rejection(exchange: Exchange, error: unknown): ErrorAnswer {
  const { dialect } = exchange.simulation;
  const context = errorContext(exchange, '');
  if (error instanceof TooLarge) return { ...dialect.badRequest(error.message, undefined, context), status: 413 };
  if (error instanceof BadRequest) return dialect.badRequest(error.message, error.param, context);
  if (error instanceof NotFound) {
    return dialect.notFound(exchange.request.method ?? 'GET', exchange.url.pathname, context, error.message);
  }
  // A `reply` or `countTokens` function of the user's threw: its message must not get lost.
  const message = `The simulator could not answer: ${error instanceof Error ? error.message : String(error)}`;
  return { status: 500, body: { error: { message, type: 'simulator_error' } }, limitHeaders: false };
}

function sendError(exchange: Exchange, answer: ErrorAnswer, model: string): void {
  const { simulation, response, organization } = exchange;
  if (response.destroyed) return;
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const limits = answer.limitHeaders && model !== '' ? simulation.limitHeaders(organization, model, true) : {};
  const own = { ...answer.headers };
  if (simulation.faults.faults.headers === 'negative') {
    // Seen together with -1: no hint at all.
    delete own['retry-after'];
    delete own['retry-after-ms'];
  }
  simulation.statistics.answered(answer.status);
  response.writeHead(answer.status, {
    'content-type': typeof answer.body === 'string' ? 'text/html' : 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headersFor(exchange, undefined),
    ...limits,
    ...own,
  });
  response.end(text);
}

/** Headers of every answer, and with a model its limits. */
function headersFor(exchange: Exchange, model: string | undefined): Record<string, string> {
  const { simulation, organization, requestId } = exchange;
  return {
    date: new Date(simulation.options.clock.wall()).toUTCString(),
    [simulation.dialect.requestIdHeader]: requestId,
    ...simulation.dialect.commonHeaders(organization),
    ...(model === undefined ? {} : simulation.limitHeaders(organization, model, false)),
  };
}

function errorContext(exchange: Exchange, model: string): ReturnType<Simulation['errorContext']> {
  const { simulation, organization, requestId, url } = exchange;
  return simulation.errorContext(organization, requestId, model, url.searchParams.get('api-version'));
}

/** A target that is not a path (`//`) matches no route. */
function urlOf({ url = '/', headers }: IncomingMessage): URL {
  const base = `http://${headers.host ?? 'localhost'}`;
  return new URL(URL.canParse(url, base) ? url : '/not-a-path', URL.canParse(base) ? base : 'http://localhost');
}
