import type { Admitted } from '../exchange.ts';
import { breakingPoint, lastWords } from '../faults/broken-stream.ts';
import type { FaultKind } from '../faults/fault-kinds.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Sent } from './send-body.ts';
import { resetSoon } from './send-body.ts';
import { pause, untilGone, write } from './send.ts';
import type { Frame, Work } from '../apis/work.ts';

// Delays below a timer's resolution are saved up.
const SHORTEST_PAUSE_MS = 1;

/** Streams server-sent events at the speed of generation. */
export async function sendStream(
  http: HttpExchange,
  work: Work,
  frames: Iterable<Frame>,
  admitted: Admitted,
): Promise<Sent> {
  const { simulation, response, gone } = http;
  const { options, statistics } = simulation;
  const { delayClock } = options;
  const { headers, fault } = admitted;
  const { baseMs, perTokenMs } = simulation.delays();
  await pause(delayClock, baseMs, gone);
  if (gone.aborted) return { completed: false, outputTokens: 0 };
  statistics.answered(200);
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
  const breakAt = breakingPoint(work, fault);
  const startedAt = delayClock.now();
  let outputTokens = 0;
  let events = 0;
  for (const frame of frames) {
    // A stream that breaks before its first token also breaks before everything else.
    if (outputTokens >= breakAt && (frame.tokens > 0 || breakAt === 0 || outputTokens >= work.usage.outputTokens)) {
      return spoil(http, work, fault!, outputTokens, events);
    }
    if (frame.tokens > 0) {
      const early = outputTokens * perTokenMs - (delayClock.now() - startedAt);
      if (early >= SHORTEST_PAUSE_MS) await pause(delayClock, early, gone);
    }
    await write(response, frame.text, gone);
    if (gone.aborted) return { completed: false, outputTokens };
    events += 1;
    outputTokens += frame.tokens;
    admitted.drain(frame.tokens);
    if (options.cutAtOutputLimit && admitted.outputExhausted) {
      response.end(simulation.dialect.streamError(work.streamApi ?? 'chat', 'rate_limit', events));
      return { completed: false, outputTokens };
    }
  }
  response.end();
  return { completed: true, outputTokens };
}

async function spoil(
  http: HttpExchange,
  work: Work,
  fault: FaultKind,
  outputTokens: number,
  events: number,
): Promise<Sent> {
  const { simulation, response, gone } = http;
  simulation.statistics.fault(fault);
  const text = lastWords(simulation, work, fault, events);
  if (text !== undefined) response.end(text);
  else if (fault === 'body_hang') await untilGone(gone);
  else await resetSoon(http);
  return { completed: false, outputTokens };
}
