import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { type Simulator, startSimulator } from '../../../src/testing.ts';
import { socketsQuiet } from '../../helpers/socket-clock.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
let openai: Simulator;
let anthropic: Simulator;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'money-'));
  const settings = { limits: { requestsPerMinute: 60_000 }, reply: () => 'ham', latency: { baseMs: 2 } };
  openai = await startSimulator({ provider: 'openai', ...settings });
  anthropic = await startSimulator({ provider: 'anthropic', ...settings });
  vi.stubEnv('OPENAI_API_KEY', 'sk-money');
  vi.stubEnv('OPENAI_BASE_URL', openai.url);
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-money');
  vi.stubEnv('ANTHROPIC_BASE_URL', anthropic.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([openai.close(), anthropic.close(), rm(folder, { recursive: true })]);
});

const at = (name: string): string => join(folder, name);

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new FakeIo();
  const code = await dispatch(['batch', ...args], io, '1.2.3');
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

const rows = async (name: string): Promise<Record<string, any>[]> =>
  (await readFile(at(name), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, any>);

const line = (id: number, body: object): string =>
  JSON.stringify({
    custom_id: `row-${id}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: `mail ${id}` }], ...body },
  });

/** One cent per token. */
const PRICES = JSON.stringify({ '*': { input: 10_000, output: 10_000 } });

test('a budget ends the run with code 3 and its results so far; a larger one resumes it', async () => {
  await writeFile(at('prices.json'), PRICES);
  const input = Array.from({ length: 40 }, (_, id) => line(id, { max_tokens: 100 }));
  await writeFile(at('in.jsonl'), input.join('\n'));
  const args = [at('in.jsonl'), '--out', at('out.jsonl'), '--prices', at('prices.json'), '--max-cost'];
  const first = await run(...args, '5');
  expect(first.code).toBe(3);
  expect(first.err).toMatch(/Of \$5, \$[\d.]+ is spent, and the next item may cost \$[\d.]+\./);
  expect(first.err).toMatch(/To resume: npx tidegate batch .* --max-cost 5$/);
  expect(first.err).toMatch(/rows in .*\$\d\.\d\d so far/);
  const { requests } = openai.stats();
  expect(requests).toBeGreaterThan(3);
  expect((await rows('out.jsonl')).length).toBe(requests);
  expect((await run(...args, '5')).code).toBe(3);
  expect(openai.stats().requests).toBe(requests);
  expect((await run(...args, '1000', '--json')).err).toContain('"event":"end","exit":0');
  expect((await rows('out.jsonl')).map(({ custom_id }) => custom_id)).toEqual(input.map((_, id) => `row-${id}`));
  expect(openai.stats().requests).toBe(40);
});

test('a budget is refused before anything is sent if nothing bounds the cost of a row', async () => {
  await writeFile(at('in.jsonl'), [line(0, { max_tokens: 5 }), line(1, {})].join('\n'));
  const { code, err } = await run(at('in.jsonl'), '--out', at('o'), '--max-cost', '5');
  expect(code).toBe(2);
  expect(err).toContain('line 2: --max-cost needs a maximum cost of each row');
  await writeFile(at('unknown.jsonl'), line(0, { max_tokens: 5, model: 'acme-1' }));
  expect((await run(at('unknown.jsonl'), '--out', at('o'), '--max-cost', '5')).err).toContain('line 1: --max-cost');
  expect(openai.stats().requests).toBe(0);
});

test('a budget is kept by the prices of the package, for both providers', async () => {
  const message = { model: 'claude-haiku-4-5', max_tokens: 1_000, messages: [{ role: 'user', content: 'Hi' }] };
  const input = Array.from({ length: 30 }, (_, id) =>
    JSON.stringify({ custom_id: `a-${id}`, params: { ...message, system: String(id) } }),
  );
  await writeFile(at('in.jsonl'), input.join('\n'));
  // The worst case of a row is half a cent; its real cost is some hundred thousandths of a dollar.
  const { code, err } = await run(at('in.jsonl'), '--out', at('out.jsonl'), '--max-cost', '0.0055');
  expect([code, (await rows('out.jsonl')).length]).toEqual([3, anthropic.stats().requests]);
  expect(anthropic.stats().requests).toBeGreaterThan(0);
  expect(err).toContain('so far');
});

test('a dry run states the price as an interval, and which models have none', async () => {
  await writeFile(at('prices.json'), JSON.stringify({ 'gpt-4o-mini': { input: 1, output: 2 } }));
  const bounded = [line(0, { max_tokens: 500_000 }), line(1, { max_tokens: 500_000 })];
  await writeFile(at('in.jsonl'), bounded.join('\n'));
  const dry = async (...more: string[]) => run(at('in.jsonl'), '--dry-run', '--prices', at('prices.json'), ...more);
  const made = JSON.parse((await dry('--json')).out) as { usd: [number, number]; unpriced: string[] };
  expect(made.unpriced).toEqual([]);
  expect(made.usd[0]).toBeLessThan(0.001);
  expect(made.usd[1]).toBeCloseTo(2, 3);
  expect((await dry()).out).toMatch(/Price {10}\$[\d.e-]+ to \$2\.00$/);
  await writeFile(at('in.jsonl'), [...bounded, line(2, { model: 'acme-1' })].join('\n'));
  expect((await dry()).out).toMatch(/Price {10}unknown: no price for acme-1$/);
  expect(JSON.parse((await dry('--json')).out)).toMatchObject({ usd: null, unpriced: ['acme-1'] });
  await writeFile(at('in.jsonl'), line(0, {}));
  expect((await dry()).out).toMatch(/Price {10}from \$[\d.e-]+: some rows set no maximum/);
});

test.each([
  ['flex', [], 0.5, 0.5],
  ['auto', [], 1, 1],
  ['priority', [], 3, 3],
  ['ultrafast', [], undefined, undefined],
  [undefined, ['--via', 'provider-batch'], 0.5, 1],
] as const)('a dry run goes by the service tier: %s %j', async (tier, more, least, most) => {
  const usual = { input: 1, output: 2 };
  const prices = { 'gpt-4o-mini': { ...usual, tiers: { priority: { input: 3, output: 6 } } } };
  await writeFile(at('prices.json'), JSON.stringify(prices));
  const dry = async (...extra: readonly string[]): Promise<{ usd: [number, number] | null; unpriced: string[] }> => {
    const { out } = await run(at('in.jsonl'), '--dry-run', '--json', '--prices', at('prices.json'), ...extra);
    return JSON.parse(out) as Awaited<ReturnType<typeof dry>>;
  };
  const content = 'x'.repeat(10_000);
  const messages = [{ role: 'user', content }];
  await writeFile(at('in.jsonl'), line(0, { max_tokens: 500_000, messages }));
  const before = (await dry()).usd!;
  await writeFile(at('in.jsonl'), line(0, { max_tokens: 500_000, messages, ...(tier && { service_tier: tier }) }));
  const made = await dry(...more);
  if (least === undefined) {
    expect(made).toMatchObject({ usd: null, unpriced: ['gpt-4o-mini in service tier ultrafast'] });
    return;
  }
  expect(made.usd![0]).toBeCloseTo(before[0] * least, 4);
  expect(made.usd![1]).toBeCloseTo(before[1] * most, 3);
});

test.each([
  ['--max-cost', 'free'],
  ['--max-cost', '0'],
  ['--prices', 'GONE'],
  ['--prices', 'BAD'],
])('refuses %s %s', async (option, value) => {
  await writeFile(at('BAD'), '{"gpt-4o": 5}');
  await writeFile(at('in.jsonl'), line(0, {}));
  const { code } = await run(at('in.jsonl'), '--out', at('o'), option, /^[A-Z]/.test(value) ? at(value) : value);
  expect([code, openai.stats().requests]).toEqual([2, 0]);
});

test('known facts about a provider apply behind any address', async () => {
  await writeFile(at('prices.json'), JSON.stringify({ 'groq/gpt-4o-mini': { input: 10_000, output: 10_000 } }));
  await writeFile(at('in.jsonl'), line(0, { max_tokens: 5 }));
  vi.stubEnv('GROQ_API_KEY', 'gsk-money');
  const groq = ['--provider', 'groq', '--base-url', openai.url, '--prices', at('prices.json')];
  const { code, err } = await run(at('in.jsonl'), '--out', at('out.jsonl'), ...groq, '--json');
  const { cost } = JSON.parse(err.split('\n').at(-1)!) as { cost: { usd: number; unknown: number } };
  expect([code, cost.unknown]).toEqual([0, 0]);
  expect(cost.usd).toBeGreaterThan(0);
});

test('an end without a provider is reported with its cause, and the events of --json keep their members', async () => {
  await writeFile(at('in.jsonl'), line(0, { max_tokens: 5 }));
  const { url: away, close } = await startSimulator({ provider: 'openai' });
  await close();
  const { host } = new URL(away);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const ended = run(at('in.jsonl'), '--out', at('out.jsonl'), '--base-url', away, '--json');
  const state = { over: false };
  void ended.finally(() => (state.over = true));
  while (!state.over) {
    await socketsQuiet();
    await vi.advanceTimersToNextTimerAsync();
  }
  vi.useRealTimers();
  const { code, err } = await ended;
  const events = err.split('\n').map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(code).toBe(1);
  expect(events.filter(({ event }) => event === 'unreachable')).toEqual([
    { event: 'unreachable', text: `The connection to ${host} failed (ECONNREFUSED). Retrying.` },
  ]);
  expect(JSON.stringify(await rows('out.errors.jsonl'))).toContain(`fetch failed (connect ECONNREFUSED ${host})`);
  const members = [
    'total',
    'done',
    'failed',
    'reused',
    'inFlight',
    'elapsedMs',
    'itemsPerSecond',
    'tokensPerSecond',
    'usage',
  ];
  const { event, ...end } = events.at(-1)!;
  expect(event).toBe('end');
  expect(Object.keys(end)).toEqual(expect.arrayContaining(['exit', 'error', 'resume', ...members]));
});
