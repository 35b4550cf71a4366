import type { Failure } from '../../../src/core/outcome.ts';
import type { StreamReader } from '../../../src/core/provider.ts';
import { readEmbeddedError } from '../../../src/providers/errors/embedded-error.ts';
import { adapterFor } from '../../../src/providers/registry.ts';
import type { Case } from './cases.ts';

const WALL = Date.parse('2026-11-26T12:00:00Z');

/** The interpretation of a case by the code that reads answers; undefined if that sees no error. */
export function readCase({ provider, position, status, headers, body }: Case): Failure | undefined {
  const adapter = adapterFor(provider);
  switch (position) {
    case 'error response':
      return adapter.classify({ status, headers: new Headers(headers), body }, WALL);
    case 'inside a 200': {
      const found = readEmbeddedError({ id: 'gen-1', choices: [{ message: { content: null } }], ...(body as object) });
      return found && adapter.classify({ body: found.body }, WALL);
    }
    case 'first event':
    case 'later event': {
      const reader = adapter.streamReader();
      if (position === 'later event') begin(reader);
      const event = reader.read('error', JSON.stringify(body));
      return event.kind === 'error' ? adapter.classify(event.error, WALL) : undefined;
    }
  }
}

function begin(reader: StreamReader): void {
  reader.read(null, JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' } }] }));
  reader.read(
    'content_block_delta',
    JSON.stringify({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'x' } }),
  );
}

/** Differences from the intended interpretation; empty if there are none. */
export function differences(each: Case): string[] {
  const failure = readCase(each);
  if (!failure) return [`seed ${each.seed}: not taken for an error`];
  return Object.entries(each.expected).flatMap(([name, value]) => {
    const read = failure[name as keyof Failure];
    const same = typeof value === 'number' && typeof read === 'number' ? Math.abs(read - value) < 0.01 : read === value;
    return same ? [] : [`seed ${each.seed}: ${name} ${String(read)}, meant ${String(value)}`];
  });
}
