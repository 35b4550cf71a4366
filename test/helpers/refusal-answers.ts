import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { ProviderName } from '../../src/core/provider.ts';
import type { Answer } from './scripted-server.ts';
import { SDKS, type SdkCase } from './sdk-matrix.ts';

const ENCODINGS = [
  ['identity', (text: string) => Buffer.from(text)],
  ['gzip', (text: string) => gzipSync(text)],
  ['br', (text: string) => brotliCompressSync(text)],
] as const;
const TYPES = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/problem+json'];

/** A body as some server or proxy sends it. */
export function sendEncoded(
  body: unknown,
  status: number,
  headers: Readonly<Record<string, string>>,
  variant: number,
): Answer {
  const [encoding, encode] = ENCODINGS[variant % ENCODINGS.length]!;
  const type = status < 300 ? 'application/json' : TYPES[variant % TYPES.length]!;
  return (response) => {
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
    });
    response.end(encode(typeof body === 'string' ? body : JSON.stringify(body)));
  };
}

/** The events of a stream, in one piece, in the same encodings. */
export function sendEncodedEvents(events: readonly string[], variant: number): Answer {
  const [encoding, encode] = ENCODINGS[variant % ENCODINGS.length]!;
  return (response) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
    });
    response.end(encode(events.join('')));
  };
}

const OF_CLAUDE: ReadonlySet<string> = new Set(['anthropic', 'aws.bedrock', 'gcp.vertex_ai']);

/** The newest SDK that speaks a provider's API. */
export function sdkFor({ adapter }: { readonly adapter: ProviderName }): SdkCase {
  const family = OF_CLAUDE.has(adapter) ? 'anthropic' : adapter === 'groq' ? 'groq' : 'openai';
  return SDKS.find((sdk) => sdk.family === family)!;
}
