import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Simulator } from '../../../src/testing.ts';
import { afterTest } from '../../helpers/after-test.ts';

/** What happens to a request of the batch API, or to its answer; undefined to pass it through unchanged. */
export type Tampering =
  /** It never reaches the provider. */
  | 'lost'
  /** The provider handles it, and the answer is lost. */
  | 'answer lost'
  /** The connection breaks off, but the provider handles it, visibly after `after` polls. */
  | { readonly lateBy: number }
  /** The answer breaks off in the middle of its body. */
  | 'cut'
  /** Answered without the provider. */
  | { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> }
  /** The provider's answer, changed. */
  | ((text: string) => string);

type ToAnswer = Exclude<Tampering, { readonly status: number } | { readonly lateBy: number }>;

export type Step = 'upload' | 'create' | 'list' | 'look' | 'cancel' | 'results' | 'discard' | 'row';

/** `cancel` ends the newest batch, as another user would. @returns Whether there was one. */
export type Tamper = (step: Step, nth: number, cancel: () => boolean) => Tampering | undefined;

export interface Tampered {
  readonly url: string;
  /** Batches that the provider has made. */
  readonly created: number;
  /** Requests, in order of arrival. */
  readonly steps: Step[];
}

const STEPS: readonly (readonly [Step, RegExp])[] = [
  ['upload', /^POST .*\/files$/],
  ['create', /^POST .*\/batches$/],
  ['list', /^GET .*\/batches(?:\?|$)/],
  ['cancel', /\/cancel$/],
  ['results', /\/(?:content|results)$/],
  ['look', /^GET .*\/batches\//],
  ['discard', /^DELETE /],
  ['row', /^POST /],
];

/** A faulty provider: the simulator behind a proxy that applies `tamper` to the nth request of a kind. */
export async function tampered(simulator: Simulator, tamper: Tamper): Promise<Tampered> {
  const steps: Step[] = [];
  const made: { readonly url: string; readonly headers: IncomingHttpHeaders; readonly id: string }[] = [];
  const late: { readonly request: ReturnType<typeof held>; lists: number }[] = [];
  /** Reads a request, and resets its connection. */
  const held = async (request: IncomingMessage) => {
    const { url, method, headers } = request;
    const body = await buffer(request);
    request.socket.destroy();
    return { url: url!, method: method!, headers, body };
  };
  const sendLate = async (request: ReturnType<typeof held>): Promise<void> => {
    const { url, method, headers, body } = await request;
    const [answer] = (await once(
      httpRequest(new URL(url, simulator.origin), { method, headers }).end(body),
      'response',
    )) as [IncomingMessage];
    const text = await buffer(answer);
    made.push({ url, headers, id: (JSON.parse(text.toString()) as { id: string }).id });
  };
  let cancelling: Promise<unknown> = Promise.resolve();
  const cancel = (): boolean => {
    const last = made.at(-1);
    if (!last) return false;
    const { 'content-length': _, ...headers } = last.headers;
    const request = httpRequest(new URL(`${last.url}/${last.id}/cancel`, simulator.origin), {
      method: 'POST',
      headers,
    });
    cancelling = once(request.end(), 'response');
    return true;
  };
  const server = createServer((request, response) => {
    const { method = 'GET', url = '' } = request;
    const [step] = STEPS.find(([, pattern]) => pattern.test(`${method} ${url}`))!;
    steps.push(step);
    const how = tamper(step, steps.filter((each) => each === step).length, cancel);
    if (how === 'lost') return void request.socket.destroy();
    if (typeof how === 'object' && 'lateBy' in how) {
      late.push({ request: held(request), lists: how.lateBy });
      return;
    }
    if (typeof how === 'object') {
      request.resume();
      response.writeHead(how.status, { 'content-type': 'application/json', ...how.headers }).end(how.text);
      return;
    }
    const heard = (answer: string): void => {
      if (step === 'create')
        made.push({ url, headers: request.headers, id: (JSON.parse(answer) as { id: string }).id });
    };
    const due = step === 'list' ? late.filter((each) => each.lists-- === 0) : [];
    const before = Promise.all([cancelling, ...due.map((each) => sendLate(each.request))]);
    void before.then(() => forward(request, response, new URL(url, simulator.origin), how, heard));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = simulator.url.replace(simulator.origin, `http://127.0.0.1:${port}`);
  return {
    url,
    steps,
    get created() {
      return made.length;
    },
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  how: ToAnswer | undefined,
  heard: (answer: string) => void,
): void {
  const { method, headers } = request;
  const forwarded = httpRequest(url, { method: method!, headers }, (answer) => {
    void buffer(answer).then((body) => give(answer, body, response, how, heard));
  });
  request.pipe(forwarded);
}

function give(
  { statusCode, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  how: ToAnswer | undefined,
  heard: (answer: string) => void,
): void {
  heard(body.toString());
  if (how === 'answer lost') return void response.destroy();
  const { 'content-length': _, ...told } = headers;
  if (how === 'cut') {
    response.writeHead(statusCode!, { ...told, 'content-length': body.length });
    return void response.write(body.subarray(0, body.length / 2), () => setImmediate(() => response.destroy()));
  }
  const text = typeof how === 'function' ? Buffer.from(how(body.toString())) : body;
  response.writeHead(statusCode!, { ...told, 'content-length': text.length }).end(text);
}
