import { APIError } from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { classifyError } from '../../src/index.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { SAMPLE_FILES } from './samples/all.ts';
import { documentOf } from './samples/document.ts';
import { NOW, type Sample, type SampleFile } from './samples/sample.ts';

const ROWS = SAMPLE_FILES.flatMap((file) =>
  file.samples.map((sample) => [`${file.title}: ${sample.name}`, file, sample] as const),
);

function classified({ adapter }: SampleFile, { status, headers, body }: Sample): object {
  return adapterFor(adapter).classify({ status, headers: new Headers(headers), body }, NOW);
}

describe('samples of refusals', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(ROWS)('%s', (_name, file, sample) => {
    expect(classified(file, sample)).toMatchObject({
      outcome: sample.outcome,
      ...(sample.dimension === undefined ? {} : { dimension: sample.dimension }),
      ...(sample.limit === undefined ? {} : { limit: sample.limit }),
      ...(sample.noCapacity ? { noCapacity: true } : {}),
    });
  });

  it.each(ROWS)('%s: the wait', (_name, file, sample) => {
    expect((classified(file, sample) as { hintMs?: number }).hintMs).toBe(sample.waitMs);
  });

  it.each(ROWS)('%s: by classifyError', (_name, _file, { status, headers, body, ...expected }) => {
    // What an unguarded SDK makes of an array: an error without a body.
    const inner = Array.isArray(body) ? undefined : ((body as { error?: object }).error ?? body);
    const error = APIError.generate(status!, { error: inner }, undefined, new Headers(headers));
    if (inner === undefined) expect(classifyError(error)).toMatchObject({ outcome: 'throttled', attempts: 1 });
    else expect(classifyError(error)).toMatchObject({ outcome: expected.outcome, attempts: 1 });
  });

  it('names a source and a date for each, and each once', () => {
    expect.hasAssertions();
    for (const { samples } of SAMPLE_FILES) {
      expect(new Set(samples.map(({ name }) => name)).size).toBe(samples.length);
      for (const { source, date } of samples) {
        expect(source.length).toBeGreaterThan(10);
        expect(date).toMatch(/^20\d\d(-\d\d){0,2}$/);
      }
    }
  });

  it('matches docs/refusals.md', async () => {
    await expect(documentOf(SAMPLE_FILES)).toMatchFileSnapshot('../../docs/refusals.md');
  });
});
