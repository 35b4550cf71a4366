import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/testing.ts';
import { at, ids, lines, names, type Provider, row, simulate, start, until, useProviderRuns } from './provider-run.ts';
import { every, pause } from '../../helpers/real-time.ts';

useProviderRuns();

const ROWS = 20;

function writeRows(provider: Provider): Promise<void> {
  const rows = names(ROWS).map((id) => row(provider, id));
  return writeFile(at('in.jsonl'), rows.join('\n'));
}

/** Number of batches that the provider has. */
async function batchesOf(simulator: Simulator, provider: Provider): Promise<number> {
  const path = provider === 'anthropic' ? '/v1/messages/batches' : '/batches';
  const answer = await fetch(`${simulator.url}${path}?limit=100`, {
    headers: { authorization: 'Bearer sk-provider-test', 'x-api-key': 'sk-provider-test' },
  });
  return ((await answer.json()) as { data: unknown[] }).data.length;
}

async function killed(simulator: Simulator, provider: Provider): Promise<void> {
  const run = start(simulator, provider);
  await until(() => run.err().includes('Created batch'));
  run.io.stop();
  await run.code;
  // As if the process had died before it could write the id of its batch.
  const journal = at('out.jsonl.journal');
  const kept = (await readFile(journal, 'utf8')).split('\n').filter((line) => !line.includes('"id":"'));
  await writeFile(journal, kept.join('\n'));
}

describe.each(['openai', 'anthropic', 'groq'] as const)('a batch of %s whose id could not be recorded', (provider) => {
  it.each([
    ['still runs', 1.5, 0],
    ['has ended', 0.2, 400],
  ])('is found, and not requested twice: it %s', async (_name, seconds, waitMs) => {
    const simulator = await simulate(provider, { batches: { seconds } });
    await writeRows(provider);
    await killed(simulator, provider);
    await pause(waitMs);
    const second = start(simulator, provider);
    expect(await second.code).toBe(0);
    expect(second.err()).toMatch(/Resuming batch \S+ of 20 rows/);
    expect(second.err()).not.toContain('Created batch');
    expect(await ids('out.jsonl')).toEqual(names(ROWS));
    expect(await batchesOf(simulator, provider)).toBe(1);
  });

  it('is requested if it never existed', async () => {
    const simulator = await simulate(provider);
    await writeRows(provider);
    await killed(simulator, provider);
    const other = await simulate(provider);
    const second = start(other, provider, '--accept-changes');
    expect(await second.code).toBe(0);
    expect(second.err()).toContain('Created batch');
    expect(await ids('out.jsonl')).toEqual(names(ROWS));
    expect(await batchesOf(other, provider)).toBe(1);
  });
});

test("with as many rows of someone else's is not adopted once it has ended, and loses nothing before", async () => {
  for (const seconds of [0, 1]) {
    const simulator = await startSimulator({
      provider: 'anthropic',
      limits: { requestsPerMinute: 60_000 },
      batches: { seconds },
    });
    try {
      await writeRows('anthropic');
      const mine = await simulate('anthropic', { batches: { seconds: 60 } });
      await killed(mine, 'anthropic');
      const theirs = names(ROWS).map((id) => JSON.parse(row('anthropic', `theirs-${id.slice(4)}`)) as object);
      await fetch(`${simulator.url}/v1/messages/batches`, {
        method: 'POST',
        headers: { 'x-api-key': 'sk-provider-test', 'content-type': 'application/json' },
        body: JSON.stringify({ requests: theirs }),
      });
      const second = start(simulator, 'anthropic', '--accept-changes');
      expect(await second.code).toBe(0);
      expect(await ids('out.jsonl')).toEqual(names(ROWS));
      expect((await lines('out.jsonl')).every(({ result }) => result.type === 'succeeded')).toBe(true);
      expect(second.err().includes('Created batch')).toBe(seconds === 0);
      await writeFile(at('out.jsonl.journal'), '');
    } finally {
      await simulator.close();
    }
  }
});

test('with a budget the rows go in rounds, and what does not fit is left for a larger budget', async () => {
  const simulator = await simulate('openai');
  await writeFile(at('prices.json'), JSON.stringify({ '*': { input: 1, output: 1_000 } }));
  await writeFile(
    at('in.jsonl'),
    names(ROWS)
      .map((id) => row('openai', id, { max_tokens: 1_000 }))
      .join('\n'),
  );
  // The worst case of a row is a dollar, of which it uses a few hundredths.
  const budget = ['--prices', at('prices.json'), '--max-cost'];
  const first = start(simulator, 'openai', ...budget, '1.05');
  expect(await first.code).toBe(3);
  const done = (await ids('out.jsonl')).length;
  expect(done).toBeGreaterThan(1);
  expect(done).toBeLessThan(ROWS);
  expect(first.err().match(/Created batch/g)!.length).toBe(done);
  const second = start(simulator, 'openai', ...budget, '100');
  expect(await second.code).toBe(0);
  expect(second.err().match(/Created batch/g)).toHaveLength(1);
  expect(await ids('out.jsonl')).toEqual(names(ROWS));
});

test('a batch is not requested again when the answer to its creation was lost', async () => {
  const simulator = await simulate('openai');
  const input = names(ROWS).map((id) => row('openai', id));
  await writeFile(at('in.jsonl'), input.join('\n'));
  let lost = 0;
  const proxy = createServer((request, response) => {
    const { method = 'GET', url = '', headers } = request;
    const target = new URL(url, simulator.origin);
    const forwarded = httpRequest(target, { method, headers }, (answer) => {
      if (method === 'POST' && url.endsWith('/batches') && lost++ === 0) return void response.destroy();
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  try {
    const { port } = proxy.address() as AddressInfo;
    const run = start({ url: `http://127.0.0.1:${port}/v1` }, 'openai');
    expect(await run.code).toBe(0);
    expect(await ids('out.jsonl')).toEqual(names(ROWS));
    expect([lost, await batchesOf(simulator, 'openai')]).toEqual([1, 1]);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

const KILLS = Number(process.env['KILLS'] ?? 4);

test(`${KILLS} kills at any moment lose no row and request none twice`, async () => {
  const rows = 10 * KILLS;
  const simulator = await simulate('openai', { batches: { seconds: 0.2, enqueuedTokens: 120 } });
  const input = names(rows).map((id) => row('openai', id));
  await writeFile(at('in.jsonl'), input.join('\n'));
  const cli = new URL('../../../src/cli.ts', import.meta.url).pathname;
  const files = [at('in.jsonl'), '--out', at('out.jsonl')];
  const args = [cli, 'batch', ...files, '--via', 'provider-batch', '--poll', '0.05', '--base-url', simulator.url];
  const env = { ...process.env, OPENAI_API_KEY: 'sk-provider-test' };
  let code: number | null = null;
  for (let run = 0; code === null; run++) {
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
    const seen = simulator.stats().requests;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    // A few requests later, wherever that is.
    const after = run < KILLS ? seen + 1 + Math.floor(Math.random() * 12) : Infinity;
    const stopWatching = every(1, () => simulator.stats().requests >= after && child.kill('SIGKILL'));
    [code] = await ended;
    stopWatching();
  }
  expect(code).toBe(0);
  expect(await ids('out.jsonl')).toEqual(names(rows));
  const answer = await fetch(`${simulator.url}/batches?limit=1000`, { headers: { authorization: 'Bearer sk' } });
  const { data } = (await answer.json()) as { data: { status: string; request_counts: { total: number } }[] };
  const good = data.filter(({ status }) => status !== 'failed');
  expect(good.reduce((sum, { request_counts: { total } }) => sum + total, 0)).toBe(rows);
});
