import { looksCut, isCutJson } from '../../../src/providers/body/json-text.ts';
import { textFacts } from '../../../src/providers/body/body-usage.ts';
import { SseScanner } from '../../../src/providers/apis/sse-scanner.ts';
import { parseJson } from '../../../src/providers/parse/json.ts';
import { lastMember } from '../../../src/providers/parse/last-member.ts';
import { adapterFor } from '../../../src/providers/registry.ts';
import type { Target } from '../target.ts';
import { ensure, NOW, PROVIDERS, soundFailure, soundInfo, soundUsage } from './sound.ts';

function eventsOf(chunks: readonly Uint8Array[]): string {
  const events: unknown[] = [];
  const scanner = new SseScanner((...event) => events.push(event));
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return JSON.stringify(events);
}

/** The contents of an answer, whole or in events. */
export const ANSWERS: readonly Target[] = [
  {
    name: 'sse-scanner',
    run(text) {
      const bytes = new TextEncoder().encode(text);
      // Where the bytes are cut follows from the text, and so from the seed.
      const at = bytes.length === 0 ? 0 : bytes[bytes.length >> 1]! % bytes.length;
      const [whole, cut] = [eventsOf([bytes]), eventsOf([bytes.subarray(0, at), bytes.subarray(at)])];
      ensure(whole === cut, `other events when cut at ${at}`);
    },
  },
  {
    name: 'stream-events',
    run(text) {
      for (const provider of PROVIDERS) {
        const reader = adapterFor(provider).streamReader(2);
        const scanner = new SseScanner((event, data, clipped) => {
          const meaning = reader.read(event, data, clipped);
          if (meaning.kind === 'error') soundFailure(adapterFor(provider).classify(meaning.error, NOW));
        });
        scanner.push(text);
        scanner.end();
        soundUsage(reader.usage());
        soundInfo(reader.response());
        ensure([true, false, undefined].includes(reader.finished()), 'neither finished nor not');
      }
    },
  },
  {
    name: 'last-member',
    run(text) {
      const value = parseJson(text);
      const found = lastMember(text, 'usage');
      if (typeof value !== 'object' || value === null || Array.isArray(value) || text.length > 60_000) return;
      // A key may be written with escapes; it is found as it is spelled.
      if (!Object.hasOwn(value, 'usage')) ensure(found === undefined, 'a member that is not there');
      else if (!text.includes('\\u')) {
        const expected = JSON.stringify((value as { usage: unknown }).usage);
        ensure(JSON.stringify(parseJson(found ?? '')) === expected, `${found} for ${expected}`);
      }
    },
  },
  {
    name: 'usage',
    run(text) {
      for (const provider of PROVIDERS) {
        const adapter = adapterFor(provider);
        const value = parseJson(text);
        soundUsage(adapter.readUsage(value));
        soundInfo(adapter.readResponse(value));
        const { facts } = textFacts(text, adapter);
        soundUsage(facts.usage);
      }
    },
  },
  {
    name: 'cut-json',
    run(text) {
      const whole = parseJson(text) !== undefined;
      ensure(!whole || !isCutJson(text), 'whole, but taken for cut');
      ensure(!whole || !looksCut(text), 'whole, but looks cut');
    },
  },
];
