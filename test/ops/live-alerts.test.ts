import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { MissingServerError, requireServers } from '../../tools/stack/binaries.ts';
import { queryRange, type Series } from '../../tools/stack/query.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { scaleExpression } from '../../ops/time-scale.ts';
import { drawDashboard, findBrowser } from '../../tools/render/screenshot.ts';
import { serveDashboards } from '../../tools/render/server.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import type { Delivery } from './live-inbox.ts';
import { EXPECTED, runWorld, TIME_SCALE, type World } from './live-world.ts';
import { concrete } from './promql.ts';

// One run of about 150 s that all tests inspect: real binaries, every fault at once, each in a job of its own.
const RUN_MS = 300_000;

let world: World | undefined;
let missing: string | undefined;

beforeAll(async () => {
  try {
    requireServers();
  } catch (error) {
    if (!(error instanceof MissingServerError) || process.env['CI']) throw error;
    missing = error.message;
    return;
  }
  world = await runWorld();
}, RUN_MS);

afterAll(() => world?.close(), 30_000);

/** The finished run; skips the test with a message if a server is not installed. */
function need(context: TestContext): World {
  return world ?? context.skip(missing);
}

function find(deliveries: readonly Delivery[], job: string, status: Delivery['status'], to: RegExp = /./): Delivery {
  const found = deliveries.find(
    ({ labels, receiver, status: is }) =>
      is === status && labels['job'] === job && labels['alertname'] === EXPECTED[job] && to.test(receiver),
  );
  if (!found) throw new Error(`Expected a ${status} ${EXPECTED[job]} of ${job}`);
  return found;
}

interface Case {
  readonly job: string;
  readonly receiver: 'page' | 'ticket';
  readonly labels: Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const OPENAI = { gen_ai_provider_name: 'openai', gen_ai_request_model: 'gpt-4o-mini' };

const CASES: readonly Case[] = [
  {
    job: 'spike',
    receiver: 'ticket',
    labels: { severity: 'warning', ...OPENAI },
    says: /retries for 100 calls, mostly because attempts are refused for a limit \(threshold 15\).*Slow down requests or shrink tokens/,
  },
  {
    job: 'requests',
    receiver: 'ticket',
    labels: { severity: 'warning', tidegate_limit_dimension: 'requests', ...OPENAI },
    says: /used (?:9\d.*|100)% of its requests limit of 150 over.*Slow down requests: .*raise the tier/,
  },
  {
    job: 'tokens',
    receiver: 'ticket',
    labels: { severity: 'warning', tidegate_limit_dimension: 'tokens', gen_ai_request_model: 'gpt-4o' },
    says: /used (?:9\d.*|100)% of its tokens limit of 10k over.*Shrink tokens: .*raise the tier/,
  },
  {
    job: 'quota',
    receiver: 'page',
    labels: { severity: 'critical', gen_ai_provider_name: 'openai' },
    says: /Fix billing: add credit or raise the spend limit/,
  },
  {
    job: 'circuit',
    receiver: 'page',
    labels: { severity: 'critical', gen_ai_provider_name: 'anthropic' },
    says: /circuit anthropic.* was not closed for .*check its status page/,
  },
  {
    job: 'key',
    receiver: 'page',
    labels: { severity: 'critical', ...OPENAI },
    says: /^The key is refused: .*answered with 401 or 403.*Fix the key/,
  },
  {
    job: 'release',
    receiver: 'page',
    labels: { severity: 'critical', ...OPENAI },
    says: /^A release changed what is sent.*refused as a bad request/,
  },
  {
    job: 'streams',
    receiver: 'ticket',
    labels: {
      severity: 'warning',
      gen_ai_provider_name: 'groq',
      gen_ai_request_model: 'llama-3.3-70b-versatile',
    },
    says: /loses \d+% of its streams midway/,
  },
];

describe('a fault reaches the inbox and resolves', () => {
  test.for(CASES)('$job', ({ job, receiver, labels, says }, context) => {
    const { deliveries, healedAtMs } = need(context);
    // A fault may be a ticket before it is a page.
    const firing = find(deliveries, job, 'firing', new RegExp(receiver));
    expect(firing).toMatchObject({ receiver, labels: { job, ...labels } });
    expect(firing.annotations['description']).toMatch(says);
    expect(firing.annotations['runbook_url']).toContain(`#${EXPECTED[job]!.toLowerCase()}`);
    expect(firing.atMs).toBeLessThan(healedAtMs[job]!);
    const last = deliveries.findLast(({ labels: { job: of, alertname } }) => of === job && alertname === EXPECTED[job]);
    expect(last).toMatchObject({ status: 'resolved' });
    expect(last!.atMs).toBeGreaterThan(healedAtMs[job]!);
  });
});

test('a killed application is detected', (context) => {
  const { deliveries } = need(context);
  const of = deliveries.filter(({ labels }) => labels['job'] === 'victim');
  expect(of.map(({ labels, status }) => [labels['alertname'], labels['scope'], status])).toEqual([
    ['TidegateTelemetryDown', 'job', 'firing'],
  ]);
  expect(of[0]!.annotations['description']).toMatch(/^No instance of victim .*Check the process/);
});

test('an alert that explains others inhibits them', (context) => {
  const { deliveries, suppressed, healedAtMs } = need(context);
  for (const pair of [
    'requests: TidegateTierSaturated > TidegateTierNearlyExhausted',
    'tokens: TidegateTierSaturated > TidegateTierNearlyExhausted',
    'victim: TidegateTelemetryDown > TidegateTelemetryDown',
  ]) {
    expect(suppressed).toContain(pair);
  }
  // From the page to the end of the fault, no other page and no consequence of it.
  for (const [job, follows] of [
    ['quota', /Retr|CallErrorBudgetBurn|CallsRejected|ClientWait|RateLimited/],
    ['circuit', /Retry|CallErrorBudgetBurn|CallsRejected|ClientWait|CircuitFlapping/],
  ] as const) {
    const { atMs } = find(deliveries, job, 'firing');
    const late = deliveries.filter(
      (each) =>
        each.labels['job'] === job &&
        each.status === 'firing' &&
        each.atMs > atMs &&
        each.atMs < healedAtMs[job]! &&
        follows.test(each.labels['alertname']!),
    );
    expect(late.map(({ labels }) => labels)).toEqual([]);
  }
});

test('an application at 60 % of its tier raises no alert, and neither does one with many models', async (context) => {
  const { stack, deliveries, calm, from, to } = need(context);
  // It sends some requests past its guard and has answers cut at their length, which are reported.
  const told = ['TidegateUnguardedRequests', 'TidegateAnswersCut'];
  const others = deliveries.filter(({ labels }) => !told.includes(labels['alertname']!));
  expect(others.filter(({ labels }) => labels['job'] === 'calm' || labels['job'] === 'wide')).toEqual([]);
  // Not even pending.
  expect(await series(stack.prometheus, `ALERTS{job=~"calm|wide",alertname!~"${told.join('|')}"}`, from, to)).toEqual(
    [],
  );
  expect(calm.rejected).toBe(0);
  const perMinute = (calm.admitted / (to - from)) * 60;
  expect(perMinute).toBeGreaterThan(0.5 * 600);
  expect(to - from).toBeGreaterThan(60);
});

/** Present only with prices, a requested tier, a cached prompt, or a retry layer above. */
const OPTIONAL_RULES = new Set([
  'tidegate:cost:increase5m',
  'tidegate:cost:usd10m',
  'tidegate:cost:usd1h',
  'tidegate:unpriced:increase5m',
  'tidegate:tier_answers:increase5m',
  'tidegate:cache:ratio10m',
  'tidegate:cache:ratio1h',
  'tidegate:repeated:increase5m',
]);

test('every recording rule had data', async (context) => {
  const { stack, from, to } = need(context);
  const recorded = ruleGroups().flatMap(({ rules }) => rules.flatMap(({ record }) => record ?? []));
  expect(recorded.length).toBeGreaterThan(10);
  const empty: string[] = [];
  for (const name of recorded) {
    if (OPTIONAL_RULES.has(name)) continue;
    if ((await series(stack.prometheus, name, from, to)).length === 0) empty.push(name);
  }
  expect(empty).toEqual([]);
});

/** Panels that explain in words why they are empty: nothing waits, no prices are given. */
const MAY_BE_EMPTY = new Set(
  loadDashboards().flatMap((dashboard) =>
    allPanels(dashboard)
      .filter(({ fieldConfig }) => fieldConfig?.defaults.noValue !== undefined)
      .filter(({ fieldConfig }) => fieldConfig.defaults.noValue !== 'no data')
      .map(({ title }) => title),
  ),
);

test('every query of every panel had data', async (context) => {
  const { stack, from, to } = need(context);
  const queries = loadDashboards().flatMap((dashboard) =>
    allPanels(dashboard).flatMap(({ type, title, targets }) =>
      // A row has no query.
      (type === 'row' || MAY_BE_EMPTY.has(title) ? [] : targets).map(({ expr }) => ({
        where: `${dashboard.uid}: ${title}`,
        expr,
      })),
    ),
  );
  expect(queries.length).toBeGreaterThan(50);
  const empty: string[] = [];
  for (const { where, expr } of queries) {
    const found = await series(stack.prometheus, scaleExpression(concrete(expr), TIME_SCALE), from, to);
    if (found.length === 0) empty.push(`${where}: ${expr}`);
  }
  expect(empty).toEqual([]);
}, 60_000);

test.for(['overview', 'provider', 'slo'])(
  'the dashboard %s renders, every panel with data',
  { timeout: 60_000 },
  async (name, context) => {
    const { stack, from, to } = need(context);
    const browser = findBrowser();
    if (browser === undefined) {
      if (process.env['CI']) throw new Error('Chromium is not installed, and CI may not skip this test');
      return context.skip('Chromium is not installed');
    }
    // One of the twenty models that only add cardinality will do.
    const variables = { model: 'gpt-.+|claude-.+|llama-.+|model-0' };
    const view = { prometheus: stack.prometheus, from, to, timeScale: TIME_SCALE, scrapeSeconds: 1, variables };
    const server = await serveDashboards(() => view);
    try {
      const { panels, png, empty, ...complaints } = await drawDashboard(browser, server.url, name);
      expect(complaints).toEqual({ failed: [], problems: [] });
      expect(empty.filter((title) => !MAY_BE_EMPTY.has(title))).toEqual([]);
      expect(panels).toBeGreaterThan(5);
      // A blank page compresses to almost nothing.
      expect(png.length).toBeGreaterThan(50_000);
    } finally {
      await server.close();
    }
  },
);

function series(url: string, expr: string, from: number, to: number): Promise<Series[]> {
  return queryRange(url, expr, { from, to, stepSeconds: 1 });
}
