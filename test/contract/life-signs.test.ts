import { describe, expect, it } from 'vitest';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { WAYS_IN } from '../helpers/ways.ts';
import { pause, socketClock } from '../helpers/socket-clock.ts';

const COMMENTS = [': keep-alive\n\n', ': OPENROUTER PROCESSING\n\n', '\n'];
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';

/** Writes each text `apartMs` after the previous one. */
const slowly =
  (texts: readonly string[], apartMs: number): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [index, text] of texts.entries()) {
      if (index > 0) await pause(apartMs);
      response.write(text);
    }
    response.end();
  };

const role = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant' } }] })}\n\n`;
const content = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] })}\n\n`;
const busy = `data: ${JSON.stringify({ error: { message: 'Overloaded', type: 'server_error', code: null } })}\n\n`;

/** The text of a body, in the pieces that are passed on. */
async function open(
  url: string,
  path = '/v1/chat/completions',
  guard = testGuard(FAST, { clock: socketClock }),
): Promise<Pieces> {
  const response = await guard.fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${Math.random()}`,
      ...(path === '/v1/messages' ? { 'anthropic-version': '2023-06-01' } : {}),
    },
    body: JSON.stringify({ model: 'm', stream: true, messages: [] }),
  });
  return response.body!.pipeThrough(new TextDecoderStream()).getReader();
}

type Pieces = ReadableStreamDefaultReader<string>;

async function restOf(pieces: Pieces): Promise<string> {
  let text = '';
  for (let next = await pieces.read(); !next.done; next = await pieces.read()) text += next.value;
  return text;
}

/** Writes the first text at once, and each further one on demand. */
function step(...texts: string[]): { readonly answer: Answer; readonly next: () => void } {
  let next!: () => void;
  return {
    next: () => next(),
    answer(response) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      next = () => {
        response.write(texts.shift()!);
        if (texts.length === 0) response.end();
      };
      next();
    },
  };
}

// With the clock stopped, nothing is passed on because it was held back long enough.
describe('keep-alives before an answer', () => {
  it.each(COMMENTS)('%j is passed on at once', async (comment) => {
    const { answer, next } = step(comment, content);
    const server = await scriptedServer(answer);
    const pieces = await open(server.url, undefined, testGuard(FAST, { clock: new VirtualClock() }));
    expect((await pieces.read()).value).toBe(comment);
    next();
    expect(await restOf(pieces)).toBe(content);
  });

  it("Anthropic's ping is passed on at once", async () => {
    const stop = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
    const { answer, next } = step(PING, stop);
    const server = await scriptedServer(answer);
    const pieces = await open(server.url, '/v1/messages', testGuard(FAST, { clock: new VirtualClock() }));
    expect((await pieces.read()).value).toBe(PING);
    next();
    expect(await restOf(pieces)).toBe(stop);
  });

  it('pass behind a beginning that is held back, which stays held back', async () => {
    const { answer, next } = step(role, ': keep-alive\n\n', content);
    const server = await scriptedServer(answer);
    const clock = new VirtualClock();
    const pieces = await open(server.url, undefined, testGuard(FAST, { clock }));
    const first = pieces.read();
    // The timer of what is held back.
    await clock.hasTimerIn(1_000);
    next();
    await clock.hasTimerIn(50);
    await clock.advance(50);
    expect((await first).value).toBe(': keep-alive\n\n');
    next();
    expect(await restOf(pieces)).toBe(role + content);
  });

  it('keep the order of what comes in one chunk', async () => {
    const server = await scriptedServer(slowly([role + COMMENTS[0]! + content], 0));
    expect(await restOf(await open(server.url))).toBe(role + COMMENTS[0]! + content);
  });

  it('do not commit the application to a stream that fails after them', async () => {
    const server = await scriptedServer(
      slowly([COMMENTS[0]!, role, COMMENTS[0]!, busy], 100),
      slowly([COMMENTS[1]!, role + content], 0),
    );
    expect(await restOf(await open(server.url))).toBe(COMMENTS[0]! + COMMENTS[0]! + COMMENTS[1]! + role + content);
    expect(server.requests).toHaveLength(2);
  });

  it.each(WAYS_IN.map((way) => [way.name, way] as const))('%s reads an answer after them', async (_name, way) => {
    const error = `event: error\ndata: ${JSON.stringify(way.sdk.errorBody)}\n\n`;
    const server = await scriptedServer(
      sendEvents([COMMENTS[0]!, way.sdk.family === 'anthropic' ? PING : COMMENTS[1]!, error]),
      sendEvents([COMMENTS[1]!, ...way.sdk.chunks]),
    );
    const connection = way.connect(server.url);
    const { text, error: thrown } = await connection.read();
    expect(thrown).toBeUndefined();
    expect(text).toBe('answer');
    expect(server.requests).toHaveLength(2);
  });
});
