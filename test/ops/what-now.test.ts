import { expect, test } from 'vitest';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { concrete } from './promql.ts';
import { withSamples } from './sampled-prometheus.ts';
import { need, TOOL_TIMEOUT_MS } from './tools.ts';

const LANE = 'gen_ai_provider_name="openai",tidegate_bulkhead="openai/gpt-5.1"';
const MODEL = 'gen_ai_provider_name="openai",gen_ai_request_model="gpt-5.1"';

/** Gauges by value, and counters by increase per minute. */
type Samples = Readonly<Record<string, number>>;

const used = (dimension: string, share: number): Samples => ({
  [`tidegate_limit_utilization_ratio{${MODEL},tidegate_limit_dimension="${dimension}"}`]: share,
});
const waiting = (queued: number, urgent: number): Samples => ({
  [`tidegate_bulkhead_queued{${LANE}}`]: queued,
  [`tidegate_queue_urgent{${LANE}}`]: urgent,
});
const OPEN =
  'tidegate_circuit_state{gen_ai_provider_name="openai",tidegate_circuit="openai/gpt-5.1",tidegate_circuit_state="open"}';
const refused = (dimension: string, perMinute: number): Samples => ({
  [`tidegate_ratelimit_rejections_total{${MODEL},tidegate_limit_dimension="${dimension}"}`]: perMinute,
});
const answered = (status: string, perMinute: number): Samples => ({
  [`tidegate_attempts_total{${MODEL},http_response_status_code="${status}"}`]: perMinute,
});
const ended = (outcome: string, perMinute: number): Samples => ({
  [`tidegate_calls_total{${MODEL},tidegate_outcome="${outcome}"}`]: perMinute,
});

const WELL: Samples = {
  ...used('requests', 0.4),
  ...waiting(0, 0),
  ...answered('200', 100),
  ...ended('success', 100),
  ...refused('requests', 0),
};

/** The state of an application, and what its operator reads. */
const STATES: Readonly<Record<string, readonly [text: string, more: Samples]>> = {
  healthy: ['nothing', {}],
  batch: ['nothing', { ...used('requests', 1), ...waiting(400, 5), ...refused('requests', 5) }],
  crowd: ['fewer requests, or a higher tier', { ...used('requests', 1), ...waiting(40, 40) }],
  prompts: ['fewer tokens, or a higher tier', { ...used('tokens', 1), ...waiting(40, 40) }],
  slots: ['fewer calls at a time', { ...used('concurrency', 1), ...waiting(40, 40) }],
  outage: ['provider fails: use another', { [OPEN]: 1, ...used('requests', 0.9), ...waiting(90, 90) }],
  empty: ['add credit to the account', { ...refused('quota', 3), ...ended('client_error', 100) }],
  revoked: ['fix the key', { ...answered('200', 10), ...answered('401', 100), ...ended('client_error', 100) }],
  refused: ['nothing', answered('403', 1)],
  release: ['requests are wrong: look at the release', ended('bad_request', 80)],
  neighbour: ['find who else uses the account', { ...refused('requests', 20), ...waiting(300, 300) }],
  unnamed: ['nothing', refused('unknown', 20)],
  asked: [
    'wait: the provider asks for it',
    { [`tidegate_queue_paused_seconds{${LANE}}`]: 90, ...refused('requests', 0.2), ...waiting(90, 90) },
  ],
  told: ['read the alerts', { 'ALERTS{alertname="TidegateStalled",alertstate="firing",severity="critical"}': 1 }],
  context: ['nothing', { 'ALERTS{alertname="TidegateTenantFloods",alertstate="firing",severity="info"}': 1 }],
};

test('the summary row says what to do now', { timeout: TOOL_TIMEOUT_MS }, async (context) => {
  const binaries = { prometheus: need('prometheus', context), promtool: need('promtool', context) };
  const end = Math.floor(Date.now() / 60_000) * 60;
  const lines: string[] = [];
  for (const [job, [, more]] of Object.entries(STATES)) {
    for (const [series, value] of Object.entries({ ...WELL, ...more })) {
      const named = series.replace('{', `{job="${job}",instance="a",`);
      for (let minute = 0; minute <= 20; minute += 0.5) {
        const now = series.includes('_total{') ? value * minute : value;
        lines.push(`${named} ${now} ${end - 1_200 + minute * 60}`);
      }
    }
  }
  const panels = loadDashboards().flatMap((board) => allPanels(board).filter(({ title }) => title === 'What now'));
  expect(panels).toHaveLength(2);
  await withSamples(binaries, `${lines.join('\n')}\n# EOF\n`, end, async (ask) => {
    for (const { targets, fieldConfig } of panels) {
      const texts: Record<string, string | undefined> = {};
      for (const job of Object.keys(STATES)) {
        const [sample] = await ask(concrete(targets[0]!.expr.replaceAll('$job', job)));
        texts[job] = fieldConfig!.defaults.mappings![0]!.options[sample!.value[1]]!.text;
      }
      expect(texts).toEqual(Object.fromEntries(Object.entries(STATES).map(([job, [text]]) => [job, text])));
    }
  });
});
