import { readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { socketsQuiet } from '../../helpers/socket-clock.ts';
import { hurried, hurriedUntil, stopTime } from '../../helpers/stopped-time.ts';
import { at, ids, lines, names, type Provider, row, simulate, start, useProviderRuns } from './provider-run.ts';
import { type Step, type Tamper, tampered } from './tampered.ts';

useProviderRuns();
beforeEach(stopTime);

type Rows = readonly (readonly [string, object?])[];

async function run(provider: Provider, tamper: Tamper, rows: Rows, options: object = {}) {
  const simulator = await simulate(provider, { batches: { seconds: 0.3 }, ...options });
  const proxy = await tampered(simulator, tamper);
  await writeFile(at('in.jsonl'), rows.map(([id, more]) => row(provider, id, more)).join('\n'));
  const again = async (...args: string[]) => {
    const begun = start(proxy, provider, ...args);
    return { code: await hurried(begun.code), err: begun.err() };
  };
  const count = (step: Step): number => proxy.steps.filter((each) => each === step).length;
  return { again, count, proxy, ...(await again()) };
}

const plain = (count: number): Rows => names(count).map((id) => [id]);

/** A batch whose file is refused as a whole when it is validated. */
const failed = (...data: object[]): ((text: string) => string) => {
  return (text) =>
    JSON.stringify({ ...(JSON.parse(text) as object), status: 'failed', errors: { object: 'list', data } });
};

describe.each(['openai', 'groq'] as const)('a file that %s refuses', (provider) => {
  test('is sent without the rows named in the refusal, which end with its text', async () => {
    const bad = (line: number) => ({ code: 'invalid_model', message: `Not here: ${line}`, param: null, line });
    let looks = 0;
    const { code, err, count, proxy } = await run(
      provider,
      (step) => (step === 'look' && looks++ < 1 ? failed(bad(3), bad(12)) : undefined),
      plain(12),
    );
    expect([code, await ids('out.errors.jsonl')]).toEqual([1, ['row.2', 'row.11']]);
    expect((await lines('out.errors.jsonl')).map(({ error }) => error)).toEqual([
      { code: 'invalid_model', message: 'Not here: 3' },
      { code: 'invalid_model', message: 'Not here: 12' },
    ]);
    expect(await ids('out.jsonl')).toEqual(names(12).filter((id) => id !== 'row.2' && id !== 'row.11'));
    expect([count('row'), proxy.created, count('discard')]).toEqual([0, 2, 2]);
    expect(err).toContain('The provider refused 2 of 12 rows; the others are submitted without them.');
  });

  test('leaves the batches of other models alone', async () => {
    const rows: Rows = names(12).map((id, index) => [id, { model: index % 2 ? 'gpt-4o' : 'gpt-4o-mini' }]);
    let refused = '';
    const { code, count } = await run(
      provider,
      (step, nth) =>
        step === 'look'
          ? (text) => {
              if (nth === 1) refused = (JSON.parse(text) as { id: string }).id;
              return text.includes(refused)
                ? failed({ code: 'model_not_found', message: 'No such model.' })(text)
                : text;
            }
          : undefined,
      rows,
    );
    expect([code, (await ids('out.jsonl')).length, (await ids('out.errors.jsonl')).length]).toEqual([1, 6, 6]);
    expect(count('row')).toBe(0);
  });

  test('for lack of funds ends the run and no row: it resumes once there are some', async () => {
    let looks = 0;
    const { code, err, again } = await run(
      provider,
      (step) =>
        step === 'look' && looks++ < 1
          ? failed({ code: 'billing_hard_limit_reached', message: 'Billing hard limit has been reached.' })
          : undefined,
      plain(4),
    );
    expect([code, err]).toEqual([1, expect.stringContaining('Billing hard limit has been reached.')]);
    expect((await again()).code).toBe(0);
    expect(await ids('out.jsonl')).toEqual(names(4));
  });

  test('while the queue is full of other batches waits, and is not uploaded again', async () => {
    const message = 'Enqueued token limit reached for m in organization o. Limit: 2,000,000 enqueued tokens.';
    let looks = 0;
    const { code, err, count } = await run(
      provider,
      (step) => (step === 'look' && looks++ < 3 ? failed({ code: 'token_limit_exceeded', message }) : undefined),
      plain(12),
    );
    expect([code, await ids('out.jsonl')]).toEqual([0, names(12)]);
    expect([count('row'), count('upload'), count('create')]).toEqual([0, 1, 4]);
    expect(err.match(/The queue of the provider is too full for a batch of 12 rows\./g)).toHaveLength(3);
  });
});

describe.each(['openai', 'anthropic', 'groq'] as const)('a restarted run of %s', (provider) => {
  test('does not lose rows that the previous one was still collecting', async () => {
    const { again, count, proxy } = await run(provider, () => undefined, plain(3));
    // As if it had been killed after the first thousand rows of a file.
    const journal = await readFile(at('out.jsonl.journal'), 'utf8');
    const [head, rows] = journal.split('\n');
    expect(rows).toContain('"rows"');
    await writeFile(at('out.jsonl.journal'), `${head}\n${rows}\n`);
    expect((await again()).code).toBe(0);
    expect([await ids('out.jsonl'), count('row'), proxy.created]).toEqual([names(3), 0, 2]);
  });

  test('says where a batch cannot be found, and gives it up only when told to', async () => {
    let isOther = false;
    const gone = { status: 404, text: '{"error":{"message":"No such batch.","type":"not_found_error"}}' };
    const { again, count, proxy } = await run(
      provider,
      (step, nth) => (step === 'look' && nth === 2 ? { ...gone, status: 401 } : isOther && nth < 40 ? gone : undefined),
      plain(3),
      { batches: { seconds: 3 } },
    );
    isOther = true;
    const second = await again();
    expect([second.code, second.err]).toEqual([
      1,
      expect.stringMatching(/does not know batch \S+ .*give it up with --accept-changes/),
    ]);
    isOther = false;
    const known = proxy.steps.filter((step) => step === 'look').length;
    expect(known).toBeGreaterThan(5);
    // With the right key it resumes.
    expect((await again()).code).toBe(0);
    expect([await ids('out.jsonl'), count('row'), proxy.created]).toEqual([names(3), 0, 1]);
  });

  test('row by row refuses to pay again for what is in batches', async () => {
    const { again, count } = await run(
      provider,
      (step, nth) => (step === 'look' && nth === 2 ? { status: 401, text: '{}' } : undefined),
      plain(3),
      // Not finished at the first poll.
      { batches: { seconds: 3 } },
    );
    const second = await again('--via', 'sync');
    expect([second.code, second.err]).toEqual([2, expect.stringMatching(/^Batch \S+ of 3 rows is at the provider\./)]);
    expect(count('row')).toBe(0);
    expect((await again('--via', 'sync', '--accept-changes')).code).toBe(0);
    expect([await ids('out.jsonl'), count('row')]).toEqual([names(3), 3]);
  });
});

test('needs a journal, by which batches are found again', async () => {
  await simulate('openai');
  await writeFile(at('in.jsonl'), row('openai', 'a'));
  const begun = start({ url: 'http://127.0.0.1:1/v1' }, 'openai', '--out', '-');
  expect([await begun.code, begun.err()]).toEqual([2, expect.stringContaining('Expected --journal with a file')]);
});

test('takes what a batch has when it cannot be cancelled at the deadline', async () => {
  const simulator = await simulate('openai', { batches: { seconds: 665 } });
  const { url, steps } = await tampered(simulator, (step) =>
    step === 'cancel' ? { status: 409, text: '{"error":{"message":"Cannot cancel."}}' } : undefined,
  );
  await writeFile(
    at('in.jsonl'),
    plain(3)
      .map(([id]) => row('openai', id))
      .join('\n'),
  );
  // The time for sending row by row starts at 658 s.
  const begun = start({ url }, 'openai', '--deadline', '22m', '--poll', '60');
  while (!begun.err().includes('Created batch')) await socketsQuiet();
  await hurriedUntil(() => begun.err().includes('Cancelling batch'));
  expect(await hurried(begun.code)).toBe(0);
  expect([await ids('out.jsonl'), steps.includes('row')]).toEqual([names(3), false]);
});
