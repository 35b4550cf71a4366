import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CallOptions } from '../../src/options/call-options.ts';
import type { SimulatorOptions } from '../../src/testing.ts';
import { drawDashboard, findBrowser } from '../../tools/render/screenshot.ts';
import { serveDashboards } from '../../tools/render/server.ts';
import { startStack } from '../../tools/stack/stack.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { type App, startApp } from './live-app.ts';
import { startInbox } from './live-inbox.ts';
import { pause } from '../helpers/real-time.ts';

const HELP = `Usage: npm run dashboards:states -- --out <folder>

Runs five applications under the shipped rules, one in each state: healthy, a batch at the full tier, saturated by people,
the same where a second's part of a limit is all that may be spent at once, and a provider that fails. Draws every dashboard of each with Chromium, to be looked at. Three minutes.
Exit code: 0; 1 when a panel has no data and does not say what that means, or a page had problems.

  --out <folder>     where the pictures go
  --only <states>    some of them, with commas between: healthy, batch, saturated, short, outage
  --seconds <n>      of each state. Default: 75
  --height <pixels>  of the pictures, from the top. Default: all of it
`;

/** A minute of the shipped rules lasts a second and a half. */
const TIME_SCALE = 40;
const DASHBOARDS = ['overview', 'provider', 'slo', 'work', 'gen-ai'];

const ANSWERS = { latency: { baseMs: 60, jitter: 0.6 }, replyTokens: [20, 55] as const };
const PROVIDERS: readonly SimulatorOptions[] = [
  { ...ANSWERS, provider: 'openai', seed: 7, limits: { requestsPerMinute: 240, tokensPerMinute: 200_000 } },
  {
    ...ANSWERS,
    provider: 'anthropic',
    limits: { requestsPerMinute: 300, inputTokensPerMinute: 90_000, outputTokensPerMinute: 30_000 },
  },
  {
    ...ANSWERS,
    provider: 'groq',
    limits: { requestsPerMinute: 400, tokensPerMinute: 90_000, requestsPerDay: 20_000 },
  },
];
/** 240 a minute, with a burst of four. */
const SHORT = PROVIDERS.map((each) => ({ ...each, bucketSeconds: 1 }));
const MODELS = ['gpt-5.1', 'claude-haiku-4-5', 'llama-3.3-70b'];
const PEOPLE: CallOptions = { priority: 'interactive' };

/** What starts in each application when its state begins. */
const STATES: Readonly<Record<string, (app: App) => void>> = {
  healthy: () => {},
  // Behind other callers it waits for longer than people do, and loses nothing.
  batch: (app) => void app.saturate(40, { priority: 'batch', deadlineMs: 600_000 }),
  saturated: crowd,
  short: crowd,
  outage: (app) => app.simulators[1]!.update({ faults: { outage: { kind: 'server_error' } } }),
};

function crowd(app: App): void {
  app.saturate(40, { ...PEOPLE, tenant: 'acme' });
  app.saturate(6, { ...PEOPLE, tenant: 'other' });
}

/** Half of each tier, partly streamed. */
function ordinary(app: App): void {
  for (const client of PROVIDERS.keys()) {
    void (async () => {
      for (let turn = 0; ; turn += 1) {
        app.call(client, MODELS[client], turn % 3 === 0).catch(() => {});
        await pause(450);
      }
    })();
  }
}

/** Panels that explain in words why they are empty. */
const SAYS_WHY = new Set(
  loadDashboards().flatMap((dashboard) =>
    allPanels(dashboard)
      .filter(({ fieldConfig }) => (fieldConfig?.defaults.noValue ?? 'no data') !== 'no data')
      .map(({ title }) => title),
  ),
);

async function draw(out: string, names: readonly string[], seconds: number, height: number | undefined): Promise<void> {
  const browser = findBrowser();
  if (browser === undefined) throw new Error('Expected Chromium on the PATH');
  mkdirSync(out, { recursive: true });
  const inbox = await startInbox();
  const apps = await Promise.all(
    names.map((name) =>
      startApp(MODELS[0]!, name === 'short' ? SHORT : PROVIDERS, {
        breaker: { windowMs: 3_000, minimumAttempts: 5, halfOpenAfterMs: 2_000, maxHalfOpenAfterMs: 4_000 },
        retry: { initialDelayMs: 50, maxDelayMs: 500 },
        deadlineMs: 20_000,
        genAiMetrics: true,
        prices: { '*': { input: 1, output: 4 } },
      }),
    ),
  );
  const targets = Object.fromEntries(names.map((name, index) => [name, [apps[index]!.target]]));
  const stack = await startStack({ targets, inbox: inbox.url, timeScale: TIME_SCALE });
  try {
    for (const app of apps) ordinary(app);
    await pause(20_000);
    const from = Date.now() / 1_000;
    await pause(15_000);
    for (const [index, name] of names.entries()) STATES[name]!(apps[index]!);
    await pause(seconds * 1_000);
    const to = Date.now() / 1_000;
    for (const job of names) {
      const view = {
        prometheus: stack.prometheus,
        from,
        to,
        timeScale: TIME_SCALE,
        scrapeSeconds: 1,
        variables: { job },
      };
      const server = await serveDashboards(() => view);
      for (const dashboard of DASHBOARDS) {
        const size = height === undefined ? {} : { height };
        const { png, failed, problems, empty } = await drawDashboard(browser, server.url, dashboard, size);
        writeFileSync(join(out, `${job}-${dashboard}.png`), png);
        const unsaid = empty.filter((title) => !SAYS_WHY.has(title));
        console.log(
          `${job} ${dashboard}: empty without a word: ${unsaid.join(', ') || 'none'}`,
          ...failed,
          ...problems,
        );
        if (unsaid.length + failed.length + problems.length > 0) process.exitCode = 1;
      }
      await server.close();
    }
    for (const { labels, status, annotations } of inbox.deliveries) {
      console.log(
        `${labels['job']} ${status} ${labels['severity']} ${labels['alertname']}: ${annotations['description']}`,
      );
    }
  } finally {
    await Promise.all(apps.map((app) => app.close()));
    await stack.stop();
    inbox.close();
  }
}

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    only: { type: 'string', default: Object.keys(STATES).join(',') },
    seconds: { type: 'string', default: '75' },
    height: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.out === undefined) console.log(HELP);
else {
  const height = values.height === undefined ? undefined : Number(values.height);
  await draw(values.out, values.only.split(','), Number(values.seconds), height);
  process.exit();
}
