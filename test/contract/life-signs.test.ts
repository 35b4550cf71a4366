import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { WAYS_IN } from '../helpers/ways.ts';

const LATE_MS = 400;
const SOON_MS = 200;

const COMMENTS = [': keep-alive\n\n', ': OPENROUTER PROCESSING\n\n', '\n'];
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';

/** Writes each text `apartMs` after the one before. */
const slowly =
  (texts: readonly string[], apartMs: number): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [index, text] of texts.entries()) {
      if (index > 0) await sleep(apartMs);
      response.write(text);
    }
    response.end();
  };

const role = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant' } }] })}\n\n`;
const content = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] })}\n\n`;
const busy = `data: ${JSON.stringify({ error: { message: 'Overloaded', type: 'server_error', code: null } })}\n\n`;

/** When each piece of a body came, and what it was. */
async function arrivals(url: string, path = '/v1/chat/completions'): Promise<[text: string, afterMs: number][]> {
  const guard = testGuard(FAST);
  const startedAt = performance.now();
  const response = await guard.fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${Math.random()}`,
      ...(path === '/v1/messages' ? { 'anthropic-version': '2023-06-01' } : {}),
    },
    body: JSON.stringify({ model: 'm', stream: true, messages: [] }),
  });
  const found: [string, number][] = [];
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) found.push([decoder.decode(chunk), performance.now() - startedAt]);
  return found;
}

describe('signs of life before an answer', () => {
  it.each(COMMENTS)('%j passes at once', async (comment) => {
    const server = await scriptedServer(slowly([comment, content], LATE_MS));
    const [[text, afterMs]] = (await arrivals(server.url)) as [[string, number]];
    expect(text).toBe(comment);
    expect(afterMs).toBeLessThan(SOON_MS);
  });

  it("Anthropic's ping passes at once", async () => {
    const server = await scriptedServer(
      slowly([PING, 'event: message_stop\ndata: {"type":"message_stop"}\n\n'], LATE_MS),
    );
    const [[text, afterMs]] = (await arrivals(server.url, '/v1/messages')) as [[string, number]];
    expect(text).toBe(PING);
    expect(afterMs).toBeLessThan(SOON_MS);
  });

  it('passes behind a beginning that is held back, which waits on', async () => {
    const server = await scriptedServer(slowly([role, ': keep-alive\n\n', content], LATE_MS));
    const found = await arrivals(server.url);
    expect(found.map(([text]) => text).join('')).toBe(`: keep-alive\n\n${role}${content}`);
    expect(found[0]![1]).toBeLessThan(LATE_MS + SOON_MS);
  });

  it('keeps the order of what comes in one go', async () => {
    const server = await scriptedServer(slowly([role + COMMENTS[0]! + content], 0));
    expect((await arrivals(server.url)).map(([text]) => text).join('')).toBe(role + COMMENTS[0]! + content);
  });

  it('does not bind the application to a stream that fails behind it', async () => {
    const server = await scriptedServer(
      slowly([COMMENTS[0]!, role, COMMENTS[0]!, busy], 100),
      slowly([COMMENTS[1]!, role + content], 0),
    );
    const found = await arrivals(server.url);
    expect(found.map(([text]) => text).join('')).toBe(COMMENTS[0]! + COMMENTS[0]! + COMMENTS[1]! + role + content);
    expect(server.requests).toHaveLength(2);
  });

  it.each(WAYS_IN.map((way) => [way.name, way] as const))('%s reads an answer behind them', async (_name, way) => {
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
