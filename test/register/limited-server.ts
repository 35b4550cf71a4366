import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** More refusals than any SDK survives on its own: each of them tries three times. */
export const REFUSALS = 4;

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'answer' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};

const CHAT_LIMIT = {
  error: {
    message:
      'Rate limit reached for m on requests per min (RPM): Limit 60000, Used 60000, Requested 1. Please try again in 5ms.',
    type: 'requests',
    code: 'rate_limit_exceeded',
  },
};
const MESSAGE_LIMIT = {
  type: 'error',
  error: {
    type: 'rate_limit_error',
    message: "This request would exceed your organization's rate limit of 60,000 requests per minute.",
  },
};

export interface LimitedServer {
  readonly url: string;
  /** Retry counts as the SDKs sent them, by the name in the path. */
  readonly seen: Map<string, (string | undefined)[]>;
  close(): Promise<void>;
}

/**
 * Answers with a rate limit `REFUSALS` times, then with success: by the first part of the path,
 * so that every client has a name.
 */
export async function startLimitedServer(): Promise<LimitedServer> {
  const seen = new Map<string, (string | undefined)[]>();
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      const name = nameOf(request);
      const counts = seen.get(name) ?? [];
      seen.set(name, counts);
      counts.push(request.headers['x-stainless-retry-count']?.toString());
      const refused = counts.length <= REFUSALS;
      const chat = request.url!.includes('chat');
      const body = refused ? (chat ? CHAT_LIMIT : MESSAGE_LIMIT) : chat ? CHAT : MESSAGE;
      response.writeHead(refused ? 429 : 200, {
        'content-type': 'application/json',
        ...(refused ? { 'retry-after-ms': '5' } : {}),
      });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function nameOf(request: IncomingMessage): string {
  return request.url!.split('/')[1]!;
}
