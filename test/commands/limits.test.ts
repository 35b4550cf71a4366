import type { BetaOrganizationRateLimit } from '@anthropic-ai/sdk/resources/beta/organization/rate-limits';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { ProjectRateLimit } from 'openai/resources/admin/organization/projects/rate-limits';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { startSimulator } from '../../src/testing.ts';
import { FakeIo } from './fake-io.ts';

const KEYS = ['OPENAI', 'AZURE_OPENAI', 'ANTHROPIC', 'GROQ'];

let server: Server;
let url: string;
let answers: Readonly<Record<string, unknown>> = {};
let asked: { path: string; headers: IncomingHttpHeaders }[] = [];
beforeEach(async () => {
  for (const name of KEYS) {
    vi.stubEnv(`${name}_API_KEY`, '');
    vi.stubEnv(`${name}_ADMIN_KEY`, '');
  }
  asked = [];
  server = createServer((request, response) => {
    asked.push({ path: request.url!, headers: request.headers });
    const answer = answers[request.url!];
    response.writeHead(answer === undefined ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { message: 'sk-secret is no admin key' } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new FakeIo();
  const code = await dispatch(['limits', ...args], io, '1');
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

const row = (model: string, more: Partial<ProjectRateLimit> = {}): ProjectRateLimit => ({
  id: `rl-${model}`,
  object: 'project.rate_limit',
  model,
  max_requests_per_1_minute: 500,
  max_tokens_per_1_minute: 200_000,
  ...more,
});

test('asks OpenAI for the limits of every project, page by page, with an admin key', async () => {
  vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin');
  answers = {
    '/v1/organization/projects?limit=100': { data: [{ id: 'proj_1', name: 'shop' }], has_more: false },
    '/v1/organization/projects/proj_1/rate_limits?limit=100': {
      data: [row('gpt-4o')],
      has_more: true,
      last_id: 'rl-a',
    },
    '/v1/organization/projects/proj_1/rate_limits?limit=100&after=rl-a': {
      data: [row('gpt-4o-mini', { max_requests_per_1_day: 10_000, batch_1_day_max_input_tokens: 2_000_000 })],
      has_more: false,
    },
  };
  const { code, out } = await run('--provider', 'openai', '--base-url', `${url}/v1/`, '--json');
  expect(code).toBe(0);
  const { pools } = JSON.parse(out) as { pools: Record<string, unknown>[] };
  expect(pools.map(({ name, models, pacing }) => [name, models, pacing])).toEqual([
    ['openai/shop', ['gpt-4o'], { requestsPerMinute: 500, tokensPerMinute: 200_000 }],
    ['openai/shop', ['gpt-4o-mini'], { requestsPerMinute: 500, tokensPerMinute: 200_000, requestsPerDay: 10_000 }],
  ]);
  expect(asked.every(({ headers }) => headers.authorization === 'Bearer sk-admin')).toBe(true);
  const one = await run(
    '--provider',
    'openai',
    '--base-url',
    `${url}/v1`,
    '--project',
    'proj_1',
    '--model',
    'gpt-4o-mini',
  );
  expect(one.out).toContain('batch_1_day_max_input_tokens');
  expect(one.out).toMatch(/createGuard\(\{ pacing: \{ .*tokensPerMinute: 200000.* \} \}\)$/);
  expect(one.out).not.toContain('gpt-4o:');
});

test('asks Anthropic for the limits of its model groups', async () => {
  vi.stubEnv('ANTHROPIC_ADMIN_KEY', 'sk-ant-admin');
  const group = (over: Partial<BetaOrganizationRateLimit>): BetaOrganizationRateLimit => ({
    id: 'rl_1',
    type: 'rate_limit',
    group: { id: 'g', type: 'model_group', display_name: 'Claude Opus 4.x' },
    models: ['claude-opus-4-6', 'claude-opus-4-5'],
    limits: [
      { type: 'requests_per_minute', value: 4_000 },
      { type: 'input_tokens_per_minute_cache_aware', value: 2_000_000 },
      { type: 'output_tokens_per_minute', value: 400_000 },
    ],
    ...over,
  });
  answers = {
    '/v1/organizations/rate_limits': { data: [group({})], next_page: 'p2' },
    '/v1/organizations/rate_limits?page=p2': {
      data: [
        group({
          group: { id: 'b', type: 'batch' },
          models: null,
          limits: [{ type: 'requests_per_minute', value: 50 }],
        }),
      ],
      next_page: null,
    },
  };
  const { code, out } = await run('--provider', 'anthropic', '--base-url', url, '--json');
  expect(code).toBe(0);
  const { pools } = JSON.parse(out) as { pools: Record<string, unknown>[] };
  expect(pools.map(({ name, models, pacing }) => [name, models, pacing])).toEqual([
    [
      'anthropic/Claude Opus 4.x',
      ['claude-opus-4-6', 'claude-opus-4-5'],
      { requestsPerMinute: 4_000, inputTokensPerMinute: 2_000_000, outputTokensPerMinute: 400_000 },
    ],
    // Limits of batches do not apply to calls.
    ['anthropic/batch', [], {}],
  ]);
  expect(asked[0]!.headers['x-api-key']).toBe('sk-ant-admin');
});

test('says that a key is not an admin key, and shows nothing of it', async () => {
  vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-secret');
  const { code, err } = await run('--provider', 'openai', '--base-url', url);
  expect([code, err]).toEqual([1, 'The provider answered 401 to /organization/projects: is this an admin key?']);
});

test.each([
  ['openai', { requestsPerMinute: 500, tokensPerMinute: 200_000 }],
  ['groq', { requestsPerDay: 14_400, tokensPerMinute: 6_000 }],
  ['anthropic', { requestsPerMinute: 50, inputTokensPerMinute: 40_000, outputTokensPerMinute: 8_000 }],
] as const)('without an admin key asks %s by one small call', async (provider, wanted) => {
  const simulator = await startSimulator({ provider, limits: wanted });
  vi.stubEnv(`${provider.toUpperCase()}_API_KEY`, 'sk-test');
  // As `tidegate simulate` shows it to SDKs.
  vi.stubEnv(`${provider.toUpperCase()}_BASE_URL`, simulator.url);
  const { code, out, err } = await run('--json');
  const stats = simulator.stats();
  await simulator.close();
  expect([code, err, stats.requests]).toEqual([0, '', 1]);
  const { pools } = JSON.parse(out) as { pools: { pacing: object; limits: { name: string; remaining: number }[] }[] };
  expect(pools[0]!.pacing).toMatchObject(wanted);
  expect(pools[0]!.limits.every(({ remaining }) => remaining > 0)).toBe(true);
  // In the provider's words, each once.
  const names = pools[0]!.limits.map(({ name }) => name);
  for (const name of names) expect(name).toMatch(/^(?:x|anthropic)-ratelimit-.*limit/);
  expect(new Set(names).size).toBe(names.length);
});

test('refuses to ask without a key, or for something that does not exist', async () => {
  expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('No key of a provider is set') });
  expect(await run('--provider', 'groq')).toMatchObject({
    code: 2,
    err: expect.stringContaining('GROQ_API_KEY is not set'),
  });
  expect(await run('--provider', 'acme')).toMatchObject({ code: 2 });
  vi.stubEnv('AZURE_OPENAI_API_KEY', 'k');
  expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('Azure needs --model') });
});

test('shows no pace of 0, which no guard accepts', async () => {
  vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin');
  answers = {
    '/organization/projects/p/rate_limits?limit=100': {
      data: [row('dall-e-3', { max_tokens_per_1_minute: 0 })],
      has_more: false,
    },
  };
  const { out } = await run('--provider', 'openai', '--project', 'p', '--base-url', url);
  expect(out).toContain('pacing: { requestsPerMinute: 500 }');
});

test.each(['OPENAI_ADMIN_KEY', 'OPENAI_API_KEY', 'ANTHROPIC_ADMIN_KEY', 'ANTHROPIC_API_KEY', 'GROQ_API_KEY'])(
  'refuses a %s that no request can carry, without showing it',
  async (name) => {
    for (const key of ['sk-secret\nsk-secret', 'sk secret', 'sk-secr\u00e9t']) {
      vi.stubEnv(name, key);
      const { code, err } = await run('--provider', name.split('_')[0]!.toLowerCase(), '--base-url', url);
      expect([code, err]).toEqual([2, `${name} contains a space, a line break or a character that no key has.`]);
    }
    expect(asked).toEqual([]);
    // The line break at the end of a file is not part of the key.
    vi.stubEnv(name, ' sk-secret\r\n');
    await run('--provider', name.split('_')[0]!.toLowerCase(), '--base-url', url);
    expect(asked[0]!.headers['authorization'] ?? asked[0]!.headers['x-api-key']).toMatch(/^(?:Bearer )?sk-secret$/);
  },
);

test('says why a provider cannot be reached', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  server.close();
  await once(server, 'close');
  expect(await run('--base-url', url)).toMatchObject({ code: 1, err: 'The provider cannot be reached: ECONNREFUSED' });
});

test('says if a provider reports no limits', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  answers = { '/chat/completions': { id: 'c' } };
  expect(await run('--base-url', url)).toMatchObject({ code: 1, err: 'The provider stated no limits.' });
  answers = {};
  expect((await run('--base-url', url)).err).toBe(
    'The provider answered 401 to a call of gpt-4o-mini, and stated no limit.',
  );
});
