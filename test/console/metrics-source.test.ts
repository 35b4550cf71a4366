import { describe, expect, test } from 'vitest';
import { metricsSource, readMetrics } from '../../src/commands/console/metrics-source.ts';
import { processSource } from '../../src/console/process-source.ts';
import { systemClock } from '../../src/core/clock.ts';
import { scriptedServer } from '../helpers/scripted-server.ts';
import { withWorkload } from '../ops/workload.ts';

const openai = 'gen_ai_provider_name="openai"';
const PAGE = `# TYPE tidegate_calls_total counter
tidegate_calls_total{${openai},gen_ai_request_model="gpt-4o-2024-08-06",tidegate_outcome="success"} 5
tidegate_calls_total{${openai},gen_ai_request_model="gpt-4o",tidegate_outcome="success"} 2
tidegate_calls_total{${openai},gen_ai_request_model="gpt-4o-mini-2024-07-18",tidegate_outcome="timeout"} 1
tidegate_calls_total{${openai},gen_ai_request_model="o9",tidegate_outcome="success"} 3
tidegate_tokens_total{${openai},gen_ai_request_model="gpt-4o",tidegate_token_kind="input"} 70
tidegate_tokens_total{${openai},gen_ai_request_model="gpt-4o",tidegate_token_kind="cache_read"} 30
tidegate_retries_total{${openai},gen_ai_request_model="gpt-4o",tidegate_retry_reason="rate_limit"} 4
tidegate_ratelimit_rejections_total{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="tokens"} 4
tidegate_bulkhead_active{${openai},tidegate_bulkhead="openai/gpt-4o"} 7
tidegate_bulkhead_capacity{${openai},tidegate_bulkhead="openai/gpt-4o"} 500
tidegate_bulkhead_queued{${openai},tidegate_bulkhead="openai/gpt-4o"} 40
tidegate_queue_oldest_wait_seconds{${openai},tidegate_bulkhead="openai/gpt-4o"} 12.5
tidegate_bulkhead_active{${openai},tidegate_bulkhead="openai/gpt-4o-mini"} 0
tidegate_circuit_state{${openai},tidegate_circuit="openai/gpt-4o-mini",tidegate_circuit_state="open"} 1
tidegate_circuit_state{${openai},tidegate_circuit="openai/gpt-4o-mini",tidegate_circuit_state="closed"} 0
tidegate_ratelimit_limit{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="tokens"} 30000
tidegate_ratelimit_remaining{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="tokens"} 600
tidegate_limit_utilization_ratio{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="tokens"} 0.98
tidegate_ratelimit_limit{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="requests"} 100
tidegate_ratelimit_remaining{${openai},gen_ai_request_model="gpt-4o",tidegate_limit_dimension="requests"} 75
other_total 9
`;

test('lanes are read from a page, and models assigned to their pool', () => {
  const { lanes, counters } = readMetrics(PAGE);
  expect(lanes).toMatchObject([
    {
      label: 'openai/gpt-4o',
      inFlight: 7,
      maxConcurrent: 500,
      queued: 40,
      oldestWaitMs: 12_500,
      limits: [
        { dimension: 'tokens', limit: 30_000, remaining: 600, used: 0.98 },
        { dimension: 'requests', limit: 100, remaining: 75, used: 0.25 },
      ],
    },
    { label: 'openai/gpt-4o-mini', circuit: 'open' },
  ]);
  const calls = counters.filter(({ kind }) => kind === 'calls').map(({ label, value }) => [label, value]);
  expect(calls).toEqual([
    ['openai/gpt-4o', 7],
    ['openai/gpt-4o-mini', 1],
    ['openai/o9', 3],
  ]);
  expect(counters).toContainEqual({ kind: 'tokens', label: 'openai/gpt-4o', by: '', value: 70 });
  expect(counters).toContainEqual({ kind: 'refused', label: 'openai/gpt-4o', by: 'tokens', value: 4 });
  expect(counters).toContainEqual({ kind: 'retries', label: 'openai/gpt-4o', by: 'rate_limit', value: 4 });
});

test('batches and shared limits are read if the application has them', () => {
  const model = `${openai},gen_ai_request_model="gpt-4o"`;
  const { lanes, batches } = readMetrics(`${PAGE}
tidegate_fleet_lanes{tidegate_fleet_mode="shared"} 2
tidegate_fleet_lanes{tidegate_fleet_mode="alone"} 0
tidegate_fleet_processes{${model}} 4
tidegate_fleet_leased{${model},tidegate_limit_dimension="tokens"} 900
tidegate_batch_runs 1
tidegate_batch_items{tidegate_batch_state="answered"} 40
tidegate_batch_items{tidegate_batch_state="failed"} 2
tidegate_batch_items{tidegate_batch_state="in_flight"} 8
tidegate_batch_items{tidegate_batch_state="left"} 50
tidegate_batch_eta_seconds 90
`);
  expect(lanes[0]!.fleet).toEqual({ mode: 'shared', processes: 4, dimensions: [{ dimension: 'tokens', leased: 900 }] });
  expect(lanes[1]!.fleet).toBeUndefined();
  expect(batches).toEqual([{ name: 'One batch', done: 42, total: 100, failed: 2, inFlight: 8, secondsLeft: 90 }]);
  expect(readMetrics(PAGE).batches).toEqual([]);
});

test('every series that it reads is one that the application serves', async () => {
  await withWorkload(async ({ url, call }) => {
    await call(['server_error']);
    const { lanes, counters } = await metricsSource(url, systemClock).look();
    expect(lanes).toMatchObject([{ label: 'openai/gpt-4o-mini', circuit: 'closed', maxConcurrent: 500 }]);
    const [limit] = lanes[0]!.limits;
    expect(limit!.limit).toBeGreaterThan(0);
    expect(limit!.used).toBeGreaterThan(0);
    expect(limit!.resetMs).toBeGreaterThanOrEqual(0);
    for (const kind of ['calls', 'tokens', 'usd', 'retries'] as const) {
      const sum = counters.filter((each) => each.kind === kind).reduce((all, { value }) => all + value, 0);
      expect([kind, sum > 0]).toEqual([kind, true]);
    }
  });
});

test('a batch and a shared limit look the same from the process and from its metrics', async () => {
  await withWorkload(async ({ url, guard, call, inBatch }) => {
    await call();
    const process = processSource(guard, systemClock);
    const sources = [process, metricsSource(url, systemClock)];
    const readings = await inBatch(() => Promise.all(sources.map(async (source) => source.look())));
    for (const { batches, lanes } of readings) {
      expect(batches).toMatchObject([{ done: 1, failed: 0, inFlight: 1, total: 3 }]);
      expect(lanes[0]!.fleet).toMatchObject({ mode: 'shared', processes: 1 });
      expect(lanes[0]!.fleet!.dimensions.map(({ dimension }) => dimension)).toContain('requests');
    }
    expect((await process.look()).batches).toEqual([]);
    process.close();
  });
});

describe('a page that cannot be read', () => {
  test.each<[string, (url: string) => string, string]>([
    ['nobody listens', () => 'http://127.0.0.1:5/metrics', 'ECONNREFUSED'],
    ['it fails', (url) => `${url}/fails`, 'status 500'],
    ['it is of something else', (url) => `${url}/other`, 'it has no series of tidegate'],
    ['it leads elsewhere', (url) => `${url}/moved`, 'unexpected redirect'],
  ])('is reported: %s', async (_name, urlOf, problem) => {
    const server = await scriptedServer((response, { url }) => {
      if (url === '/fails') response.writeHead(500).end('secret');
      else if (url === '/moved') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else response.end('other_total 9\n');
    });
    const source = metricsSource(urlOf(server.url), systemClock);
    await expect(Promise.resolve().then(() => source.look())).rejects.toThrow(problem);
  });

  test('is named without what may be a key', () => {
    const { name } = metricsSource(
      'http://user:sk-live-0123456789abcdef@127.0.0.1/metrics?k=sk-live-0123456789abcdef',
      systemClock,
    );
    expect(name).not.toContain('sk-live');
  });
});
