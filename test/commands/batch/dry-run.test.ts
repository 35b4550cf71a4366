import { writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { mulberry32 } from '../../../src/simulator/random.ts';
import { FakeIo } from '../fake-io.ts';
import { hurried, stopTime } from '../../helpers/stopped-time.ts';
import { at, type Provider, simulate, useProviderRuns } from './provider-run.ts';

useProviderRuns();

const MODELS = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', groq: 'llama-3.1-8b-instant' };
const WORDS = [
  'the',
  'meeting',
  'is',
  'moved',
  'to',
  '2026-03-14',
  'café',
  '会議は延期',
  '🎉',
  'Привет',
  '0xdeadbeef',
  'offer,',
];
const SYSTEM = 'You label e-mails with one word, and give no reasons for it. '.repeat(130);

interface Drawn {
  readonly provider: Provider;
  readonly lines: string;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly bucketSeconds: number;
  readonly latencyMs: number;
  readonly args: readonly string[];
}

function draw(seed: number): Drawn {
  const random = mulberry32(seed);
  const of = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const provider = of(['openai', 'anthropic', 'groq'] as const);
  const rows = Math.ceil(10 ** (0.5 + 1.5 * random()));
  const equal = random() < 0.4 ? random() : 0;
  const system = random() < 0.4 ? SYSTEM : undefined;
  const mark = random() < 0.5;
  const maxTokens = 10 + Math.floor(random() * 90);
  const bounded = provider === 'anthropic' || random() < 0.8;
  const choices = provider === 'openai' && random() < 0.2 ? 3 : undefined;
  const words = Math.ceil(10 ** (2.5 * random()));
  const text = (): string => Array.from({ length: words }, () => of(WORDS)).join(' ');
  const lines = Array.from({ length: rows }, (_, index) => {
    const content = random() < equal ? 'the same' : `${text()} ${index}`;
    const body =
      provider === 'anthropic'
        ? {
            model: MODELS[provider],
            max_tokens: maxTokens,
            ...(system && {
              system: [{ type: 'text', text: system, ...(mark && { cache_control: { type: 'ephemeral' } }) }],
            }),
            messages: [{ role: 'user', content }],
          }
        : {
            model: MODELS[provider],
            ...(bounded && { max_completion_tokens: maxTokens }),
            ...(choices && { n: choices }),
            messages: [...(system ? [{ role: 'system', content: system }] : []), { role: 'user', content }],
          };
    return JSON.stringify(
      provider === 'anthropic'
        ? { custom_id: `r${index}`, params: body }
        : { custom_id: `r${index}`, method: 'POST', url: '/v1/chat/completions', body },
    );
  });
  const rowTokens = words * 2 + (system ? 2_000 : 0) + maxTokens;
  return {
    provider,
    lines: lines.join('\n'),
    rpm: random() < 0.8 ? Math.ceil((rows / 3) * 10 ** (1.2 * random())) : undefined,
    tpm: random() < 0.6 ? Math.ceil(Math.max(rowTokens * 4, (rows * rowTokens) / 3) * 10 ** random()) : undefined,
    bucketSeconds: of([1, 10, 60]),
    latencyMs: 10 ** (1.5 + 2 * random()),
    args: [...(random() < 0.2 ? ['--no-dedupe'] : []), ...(random() < 0.2 ? ['--no-warm'] : [])],
  };
}

const PRICES = { '*': { input: 1, output: 4, cacheRead: 0.1, cacheWrite: 1.25 } };

async function compare(seed: number) {
  const { provider, lines, rpm, tpm, bucketSeconds, latencyMs, args } = draw(seed);
  const random = mulberry32(seed);
  let lastMs = 0;
  const simulator = await simulate(provider, {
    seed,
    latency: { baseMs: latencyMs },
    reply: () => {
      lastMs = systemClock.now();
      return 'word '.repeat(1 + Math.floor(random() * 60));
    },
    bucketSeconds,
    limits: {
      requestsPerMinute: rpm ?? 1e6,
      ...(provider === 'anthropic'
        ? { inputTokensPerMinute: tpm ?? 1e9, outputTokensPerMinute: tpm ?? 1e9 }
        : { tokensPerMinute: tpm ?? 1e9 }),
    },
  });
  await writeFile(at('in.jsonl'), lines);
  await writeFile(at('prices.json'), JSON.stringify(PRICES));
  const known = [...(rpm ? ['--rpm', String(rpm)] : []), ...(tpm ? ['--tpm', String(tpm)] : [])];
  const common = [
    'batch',
    at('in.jsonl'),
    '--prices',
    at('prices.json'),
    '--json',
    ...known,
    ...args,
    '--provider',
    provider,
  ];
  const dry = new FakeIo();
  expect(await dispatch([...common, '--dry-run'], dry, '1')).toBe(0);
  const told = JSON.parse(dry.outLines[0]!) as { seconds: [number, number] | null; usd: [number, number | null] };
  stopTime();
  const io = new FakeIo();
  const from = systemClock.now();
  const code = await hurried(dispatch([...common, '--out', at('out.jsonl'), '--base-url', simulator.url], io, '1'));
  const seconds = (lastMs + latencyMs - from) / 1_000;
  vi.useRealTimers();
  const end = JSON.parse(io.errLines.at(-1)!) as { cost: { usd: number } };
  return { code, told, seconds, usd: end.cost.usd };
}

// Caches, limits in parts of a minute, choices and equal rows: each was once outside of the estimate, among 80 draws.
test.each([6, 13, 14, 28, 30, 33, 35, 37])('price and time of draw %i are as estimated', async (seed) => {
  const { code, told, seconds, usd } = await compare(seed);
  expect(code).toBe(0);
  expect(usd).toBeGreaterThanOrEqual(told.usd[0]);
  expect(usd).toBeLessThanOrEqual(told.usd[1] ?? Infinity);
  expect(seconds).toBeGreaterThanOrEqual(told.seconds?.[0] ?? 0);
  expect(seconds).toBeLessThanOrEqual(told.seconds?.[1] ?? Infinity);
});

async function dryRun(...bodies: object[]): Promise<Record<string, unknown>> {
  const line = (body: object, index: number): string =>
    JSON.stringify({ custom_id: `r${index}`, method: 'POST', url: '/v1/chat/completions', ...body });
  await writeFile(at('in.jsonl'), bodies.map(line).join('\n'));
  await writeFile(at('prices.json'), JSON.stringify(PRICES));
  const io = new FakeIo();
  const args = ['batch', at('in.jsonl'), '--dry-run', '--json', '--prices', at('prices.json')];
  expect(await dispatch(args, io, '1')).toBe(0);
  return JSON.parse(io.outLines[0]!) as Record<string, unknown>;
}

const chat = (content: unknown, more: object = {}): object => ({
  body: { model: 'gpt-4o-mini', max_completion_tokens: 10, messages: [{ role: 'user', content }], ...more },
});

test('equal rows are sent once, and every choice counts as output', async () => {
  expect(await dryRun(chat('a'), chat('a'), chat('b', { n: 3 }))).toMatchObject({
    rows: 3,
    calls: 2,
    outputTokensAtMost: 40,
  });
});

test('embeddings have no output, and images an unknown number of tokens', async () => {
  const embedding = { url: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: 'some text' } };
  expect(await dryRun(embedding)).toMatchObject({
    outputTokensAtMost: 0,
    usd: [expect.any(Number), expect.any(Number)],
  });
  const url = `data:image/png;base64,${'iVBORw0KGgo'.repeat(10_000)}`;
  const made = (await dryRun(chat([{ type: 'image_url', image_url: { url } }]))) as {
    inputTokens: [number, number];
    usd: [number, number | null];
  };
  expect(made.inputTokens[0]).toBeLessThan(20);
  expect(made.usd[1]).toBeNull();
});
