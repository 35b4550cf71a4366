import { writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { hurried, stopTime } from '../../helpers/stopped-time.ts';
import { at, ids, lines, names, type Provider, row, simulate, start, useProviderRuns } from './provider-run.ts';
import { type Step, type Tamper, tampered, type Tampering } from './tampered.ts';

const ROWS = 12;
const HTML = { status: 200, text: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } };
const EMPTY = { status: 200, text: '{}' };
const answer = (status: number, error: object = {}): Tampering => ({
  status,
  text: JSON.stringify({ error: { message: 'Not today.', type: 'api_error', ...error } }),
});
const some = (first: number): ((text: string) => string) => {
  return (text) => text.split('\n').slice(0, first).join('\n');
};

useProviderRuns();
beforeEach(stopTime);

async function run(provider: Provider, tamper: Tamper, ...args: string[]) {
  const simulator = await simulate(provider, { batches: { seconds: args.includes('1') ? 5 : 0.3 } });
  const proxy = await tampered(simulator, tamper);
  await writeFile(
    at('in.jsonl'),
    names(ROWS)
      .map((id) => row(provider, id))
      .join('\n'),
  );
  const again = async (...more: string[]) => {
    const begun = start(proxy, provider, ...args, ...more);
    return { code: await hurried(begun.code), err: begun.err() };
  };
  const count = (step: Step): number => proxy.steps.filter((each) => each === step).length;
  return { ...(await again()), again, count, created: () => proxy.created };
}

/** What happens to the first, second and later requests of a step; further ones are left alone. */
const first =
  (of: Step, ...done: (Tampering | undefined)[]): Tamper =>
  (step, nth) =>
    step === of ? done[nth - 1] : undefined;

const times = (count: number, how: Tampering): Tampering[] => Array.from({ length: count }, () => how);

describe.each(['openai', 'anthropic', 'groq'] as const)(
  'a series of faults at %s costs no row and no second batch',
  (provider) => {
    test.each<[string, Tamper]>([
      ['no look is answered for minutes', first('look', ...times(8, answer(503)), ...times(8, 'lost'))],
      ['looks are answered by a proxy', first('look', HTML, EMPTY, 'cut', { status: 502, text: '<html>' })],
      ['results break off', first('results', 'cut', 'cut', 'answer lost', ...times(8, answer(503)))],
      ['results come late', first('results', answer(404), answer(404), HTML, some(5))],
      ['nobody hears of the batch', first('create', 'answer lost')],
      ['half of its creation is heard', first('create', 'cut')],
      ['it is made long after the connection broke off', first('create', { lateBy: 2 })],
      ['no file is removed', first('discard', 'lost')],
      ['no file can be removed', first('discard', answer(403))],
      [
        'it is looked for while the provider is away',
        (step, nth) =>
          step === 'create' && nth === 1 ? 'answer lost' : step === 'list' && nth < 8 ? answer(503) : undefined,
      ],
      ['batches are too many for a while', first('create', ...times(7, answer(429)))],
      ['none can be made for a while', first('create', EMPTY, HTML, ...times(3, 'lost'), ...times(2, answer(500)))],
      ['files get lost', first('upload', 'lost', 'answer lost', 'cut', EMPTY, HTML)],
    ])('%s', async (_name, tamper) => {
      const { code, err, count, created } = await run(provider, tamper);
      expect([code, await ids('out.jsonl')]).toEqual([0, names(ROWS)]);
      expect([created(), count('row')]).toEqual([1, 0]);
      // Reported once, not at every attempt.
      expect(err.match(/Retrying/g)?.length ?? 0).toBeLessThan(5);
    });

    test('a file that is too large is sent in halves', async () => {
      const { code, count, created } = await run(provider, first('create', answer(413)));
      expect([code, await ids('out.jsonl')]).toEqual([0, names(ROWS)]);
      expect([created(), count('row'), count('discard')]).toEqual([2, 0, provider === 'anthropic' ? 0 : 3]);
    });

    test("rows that fit into no batch end with the provider's error, and are sent another time", async () => {
      const refused = first(
        'create',
        answer(400, { message: 'No batches of this model.', type: 'invalid_request_error' }),
      );
      const { code, err, again, count } = await run(provider, refused);
      expect([code, await ids('out.errors.jsonl')]).toEqual([1, names(ROWS)]);
      expect(err).toContain('The provider accepts no batch of 12 rows: No batches of this model.');
      expect(JSON.stringify(await lines('out.errors.jsonl'))).toContain('No batches of this model.');
      expect((await again('--retry-failed')).code).toBe(0);
      expect([await ids('out.jsonl'), count('row')]).toEqual([names(ROWS), 0]);
    });

    test('with auto they are sent row by row', async () => {
      const { code, count } = await run(provider, first('create', answer(400)), '--via', 'auto');
      expect([code, await ids('out.jsonl'), count('row')]).toEqual([0, names(ROWS), ROWS]);
    });

    test('rows that turn out to be missing from the results are sent again, which is reported', async () => {
      const { code, err, count } = await run(provider, (step) => (step === 'results' ? some(5) : undefined));
      expect([code, await ids('out.jsonl'), count('row')]).toEqual([0, names(ROWS), ROWS - 5]);
      expect(err).toMatch(/7 answers of batch \S+ are not in its results: those rows are sent again\./);
    });

    test('results may be in any order, repeated, of other rows, and contradictory', async () => {
      const failed = (line: string): string => {
        const { custom_id } = JSON.parse(line) as { custom_id: string };
        const error = { type: 'error', error: { type: 'invalid_request_error', message: 'no' }, request_id: null };
        return JSON.stringify(
          provider === 'anthropic'
            ? { custom_id, result: { type: 'errored', error } }
            : { custom_id, response: null, error: { code: 'batch_expired', message: 'no' } },
        );
      };
      const mixed = (text: string): string => {
        const good = text.trim().split('\n');
        const others = [
          good[0]!.replace(/"custom_id":"[^"]+"/, '"custom_id":"stranger"'),
          '{"custom_id":7}',
          'null',
          '{',
        ];
        return [failed(good[3]!), ...good.toReversed(), ...good, ...others, ...good.map(failed)].join('\r\n\n');
      };
      const { code, count } = await run(provider, (step) => (step === 'results' ? mixed : undefined));
      expect([code, await ids('out.jsonl'), count('row')]).toEqual([0, names(ROWS), 0]);
    });

    test('rows that met a temporary fault are sent again, since they are not charged', async () => {
      const faulty = (text: string): string =>
        text.replace(/^.*$/m, (line) => {
          const { custom_id } = JSON.parse(line) as { custom_id: string };
          const error = { type: 'error', error: { type: 'overloaded_error', message: 'no' }, request_id: null };
          return JSON.stringify(
            provider === 'anthropic'
              ? { custom_id, result: { type: 'errored', error } }
              : { custom_id, response: { status_code: 503, body: error }, error: null },
          );
        });
      const counted = (text: string): string => text.replace(/"(completed|succeeded)":12/, `"$1":11`);
      const { code, count } = await run(provider, (step) =>
        step === 'results' ? faulty : step === 'look' ? counted : undefined,
      );
      expect([code, await ids('out.jsonl'), count('row')]).toEqual([0, names(ROWS), 1]);
    });

    test('a batch that someone else cancels is not paid for row by row', async () => {
      let cancelled = false;
      const cancels: Tamper = (step, nth, cancel) => {
        if (step === 'look' && nth === 1) cancelled = cancel();
        return undefined;
      };
      const { code, again, count } = await run(provider, cancels, '--poll', '1');
      expect([cancelled, code, count('row')]).toEqual([true, 1, 0]);
      // The first rows may be done by then.
      expect([...(await ids('out.jsonl')), ...(await ids('out.errors.jsonl'))]).toEqual(names(ROWS));
      expect((await again()).code).toBe(1);
      expect((await again('--retry-failed')).code).toBe(0);
      expect([await ids('out.jsonl'), count('row'), count('create')]).toEqual([names(ROWS), 0, 2]);
    });

    test('a key that is revoked ends the run, which resumes with another', async () => {
      const { code, err, again, count, created } = await run(
        provider,
        first('look', answer(401, { message: 'Bad key.' })),
      );
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/Could not check a batch: the provider answered 401: Bad key\.\n(.*\n)*To resume:/),
      ]);
      expect((await again()).code).toBe(0);
      expect([await ids('out.jsonl'), count('row'), created()]).toEqual([names(ROWS), 0, 1]);
    });
  },
);
