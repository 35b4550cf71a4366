import { parseMessage } from '../../../src/commands/alert-message.ts';
import { accessProblem } from '../../../src/core/http-access.ts';
import { originOf } from '../../../src/core/origin.ts';
import { identifier } from '../../../src/core/server-text.ts';
import { isTidegateError } from '../../../src/errors.ts';
import { resolveOptions } from '../../../src/options.ts';
import { resolveCallOptions } from '../../../src/options/call-options.ts';
import { parseJson } from '../../../src/providers/parse/json.ts';
import { adapterFor } from '../../../src/providers/registry.ts';
import { describeRequest } from '../../../src/providers/request/describe-request.ts';
import { readEndpoint } from '../../../src/providers/request/endpoint.ts';
import { checkAttributes } from '../../../src/telemetry/user-attributes.ts';
import { logsRequested, resourceFromEnv, tracesRequested } from '../../../src/telemetry/sdk-environment.ts';
import { recognizeRequest } from '../../../src/unguarded/recognize-request.ts';
import type { Target } from '../target.ts';
import { ensure, PROVIDERS, sound } from './sound.ts';

/** A bad option throws our own error, and nothing else. */
function refusing(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!isTidegateError(error)) throw error;
    ensure(error.message.length < 2_000, 'an error as long as its option');
  }
}

/** Input from an application, its environment or a web page. */
export const REQUESTS: readonly Target[] = [
  {
    name: 'endpoint',
    run(text) {
      const { model } = readEndpoint('post', text);
      ensure(model === undefined || typeof model === 'string', 'a model that is no text');
      recognizeRequest({ origin: text, path: text, upgrades: false, header: () => text, via: 'http' });
      ensure(!(originOf(text) ?? '').includes('@'), 'credentials in an origin');
    },
  },
  {
    name: 'request-body',
    run(text) {
      const body = parseJson(text) ?? text;
      const info = describeRequest({ method: 'post', path: '/chat/completions', body });
      sound(info.inputBytes, 'bytes');
      for (const provider of PROVIDERS) {
        const described = adapterFor(provider).describe({ method: 'post', path: text.slice(0, 200), body });
        sound(described.inputBytes, 'bytes');
        sound(described.maxOutputTokens, 'tokens');
      }
    },
  },
  {
    name: 'form',
    run(text) {
      const form = new FormData();
      for (const line of text.split('\n')) form.append(line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1));
      const info = describeRequest({ method: 'post', path: '/audio/transcriptions', body: form });
      sound(info.inputBytes, 'bytes');
    },
  },
  {
    name: 'options',
    run(text) {
      const options = parseJson(text) as never;
      refusing(() => resolveOptions(options));
      refusing(() => resolveCallOptions(options));
      refusing(() => checkAttributes(options));
    },
  },
  {
    name: 'environment',
    run(text) {
      const env = Object.fromEntries(
        text.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]),
      );
      tracesRequested(env);
      logsRequested(env);
      const resource = resourceFromEnv(env);
      ensure(
        Object.values(resource).every((value) => typeof value === 'string'),
        'an attribute that is no text',
      );
    },
  },
  {
    name: 'access',
    run(text) {
      const [host = '', origin] = text.split('\n');
      const problem = accessProblem({ host, ...(origin === undefined ? {} : { origin }) }, ['127.0.0.1']);
      if (problem !== undefined) return;
      // Accepted hosts are of this machine, of a private network, or addresses.
      const name = new URL(`http://${host}`).hostname.replace(/\.$/, '');
      ensure(/^[\d.]+$|^\[|^[^.]*$|(?:^|\.)(?:localhost|internal|local|svc|test)$/.test(name), `${name} let in`);
      ensure(origin === undefined || origin === `http://${host}`, `${origin} let in`);
    },
  },
  {
    name: 'alert-message',
    run(text) {
      const message = parseMessage(text);
      if (!message.ok) ensure(message.problem.length < 200, 'a problem as long as its message');
      else
        for (const { startsAt, endsAt } of message.alerts)
          for (const at of [startsAt, endsAt]) sound(at?.getTime(), 'date');
    },
  },
  {
    name: 'identifier',
    run(text) {
      const id = identifier(text);
      ensure(id === undefined || /^[\x21-\x7e]{1,128}$/.test(id), 'an identifier of another shape');
    },
  },
];
