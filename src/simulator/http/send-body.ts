import type { FaultKind } from '../faults/fault-kinds.ts';
import type { HttpExchange } from './http-exchange.ts';
import { pause, untilGone, write } from './send.ts';
import type { Work } from '../apis/work.ts';

/** How much of an answer was sent. */
export interface Sent {
  readonly completed: boolean;
  readonly outputTokens: number;
}

const NOTHING: Sent = { completed: false, outputTokens: 0 };

/** Sends a complete body after its generation time. */
export async function sendBody(
  http: HttpExchange,
  work: Work,
  headers: Readonly<Record<string, string>>,
  fault: FaultKind | undefined,
): Promise<Sent> {
  const { simulation, response, gone } = http;
  if (work.cost) {
    const { baseMs, perTokenMs } = simulation.delays();
    await pause(simulation.options.delayClock, baseMs + perTokenMs * work.usage.outputTokens, gone);
    if (gone.aborted) return NOTHING;
  }
  const body = work.body();
  const data = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = work.contentType ?? 'application/json';
  if (fault) simulation.statistics.fault(fault);
  simulation.statistics.answered(200);
  if (fault === 'garbage') {
    const garbage = data.subarray(0, Math.ceil(data.length / 2));
    response.writeHead(200, { ...headers, 'content-type': type, 'content-length': garbage.length });
    response.end(garbage);
    return { completed: true, outputTokens: work.usage.outputTokens };
  }
  response.writeHead(200, { ...headers, 'content-type': type, 'content-length': data.length });
  if (fault === 'body_reset' || fault === 'body_hang') {
    await write(response, data.subarray(0, Math.ceil(data.length / 2)), gone);
    if (fault === 'body_hang') await untilGone(gone);
    else await resetSoon(http);
    return { completed: false, outputTokens: work.usage.outputTokens };
  }
  response.end(data);
  return { completed: true, outputTokens: work.usage.outputTokens };
}

/** A reset overtakes what the kernel has not sent yet, so the first half gets a moment. */
export async function resetSoon({ simulation, request, gone }: HttpExchange): Promise<void> {
  await pause(simulation.options.delayClock, 10, gone);
  request.socket.resetAndDestroy();
}
