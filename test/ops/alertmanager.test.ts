import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ruleGroups } from '../../ops/rules.ts';
import { withServer } from './server.ts';
import { need, ROOT, runTool } from './tools.ts';
import { pause } from '../helpers/real-time.ts';

const CONFIG = 'prometheus/alertmanager.yml';

interface Config {
  readonly inhibit_rules: readonly { source_matchers: string[]; target_matchers: string[]; equal: string[] }[];
  readonly receivers: readonly { name: string; webhook_configs?: { url: string; send_resolved: boolean }[] }[];
}

const config = parse(readFileSync(join(ROOT, CONFIG), 'utf8'), { merge: true }) as Config;

test('amtool accepts the configuration', (context) => {
  expect(runTool(need('amtool', context), ['check-config', CONFIG])).toContain('SUCCESS');
});

describe('routes', () => {
  const alerts = ruleGroups().flatMap((group) => group.rules.filter((rule) => rule.alert));
  const receivers: Readonly<Record<string, string>> = {
    critical: 'page',
    warning: 'ticket',
    info: 'context',
    none: 'watchdog',
  };

  test('every alert reaches the receiver of its severity', (context) => {
    const amtool = need('amtool', context);
    expect(alerts.length).toBeGreaterThan(20);
    for (const { alert, labels } of alerts) {
      const matchers = Object.entries({ alertname: alert, ...labels }).map(([key, value]) => `${key}=${value}`);
      const receiver = receivers[labels!['severity']!]!;
      const args = [
        'config',
        'routes',
        'test',
        `--config.file=${CONFIG}`,
        `--verify.receivers=${receiver}`,
        ...matchers,
      ];
      expect([alert, runTool(amtool, args).trim()]).toEqual([alert, receiver]);
    }
  });

  test('an alert without a severity becomes a ticket', (context) => {
    const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, 'alertname=Other'];
    expect(runTool(need('amtool', context), args).trim()).toBe('ticket');
  });
});

test('page, ticket and context deliver to the local inbox, resolutions included', () => {
  for (const name of ['page', 'ticket', 'context']) {
    const receiver = config.receivers.find((each) => each.name === name);
    expect(receiver?.webhook_configs).toEqual([{ url: 'http://127.0.0.1:9465/alerts', send_resolved: true }]);
  }
});

test('the time intervals of the examples can be referenced', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-intervals-'));
  try {
    const text = readFileSync(join(ROOT, CONFIG), 'utf8');
    const named = text.replaceAll(/# ((?:active|mute)_time_intervals: )/g, '$1');
    expect(named).not.toBe(text);
    writeFileSync(join(folder, 'alertmanager.yml'), named);
    expect(runTool(need('amtool', context), ['check-config', join(folder, 'alertmanager.yml')])).toContain('SUCCESS');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('example receivers contain no secret', () => {
  const text = readFileSync(join(ROOT, CONFIG), 'utf8');
  for (const secret of ['slack_url', 'smtp_password', 'pagerduty_key', 'webhook_token']) {
    expect(text).toContain(`_file: /etc/alertmanager/secrets/${secret}`);
  }
  expect(text).not.toMatch(/^\s*(api_url|routing_key|service_key|auth_password|credentials|password):/m);
});

test('inhibition names alerts that exist', () => {
  const known = new Set(ruleGroups().flatMap((group) => group.rules.map((rule) => rule.alert)));
  const named = config.inhibit_rules
    .flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers])
    .flatMap((matcher) => matcher.match(/Tidegate[A-Za-z]+/g) ?? []);
  expect(named.length).toBeGreaterThan(15);
  for (const name of named) expect(known).toContain(name);
});

const OPENAI = { job: 'app', gen_ai_provider_name: 'openai' };
const MODEL = { ...OPENAI, gen_ai_request_model: 'gpt-5.1' };
const TOKENS = { ...MODEL, tidegate_limit_dimension: 'tokens' };
const CIRCUIT = { ...OPENAI, tidegate_circuit: 'openai/gpt-5.1' };
const CRITICAL = { severity: 'critical' };
const WARNING = { severity: 'warning' };

type Labels = Readonly<Record<string, string>>;

interface Inhibition {
  readonly because: string;
  readonly firing: readonly Labels[];
  /** Indexes into `firing`. */
  readonly silenced: readonly number[];
}

const INHIBITIONS: readonly Inhibition[] = [
  {
    because: 'an empty account explains what else its provider does, but nothing of another provider',
    firing: [
      { alertname: 'TidegateQuotaExhausted', ...CRITICAL, ...OPENAI },
      { alertname: 'TidegateRetriesExhausted', ...CRITICAL, ...MODEL },
      { alertname: 'TidegateRateLimited', ...WARNING, ...TOKENS },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, long: '1h', short: '5m' },
      { alertname: 'TidegateAuthFailing', ...CRITICAL, ...MODEL },
      { alertname: 'TidegateRateLimited', ...WARNING, ...TOKENS, gen_ai_provider_name: 'groq' },
    ],
    silenced: [1, 2, 3],
  },
  {
    because: 'what happens to one account of a job says nothing of another one',
    firing: [
      { alertname: 'TidegateQuotaExhausted', ...CRITICAL, ...OPENAI, tidegate_client: 'a' },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, tidegate_client: 'a', long: '1h' },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, tidegate_client: 'b', long: '1h' },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS, tidegate_client: 'a' },
      { alertname: 'TidegateTierNearlyExhausted', ...WARNING, ...TOKENS, tidegate_client: 'b' },
    ],
    silenced: [1],
  },
  {
    because: 'an outage explains rejections, waits, refusals and a burning budget; the circuit of one process does not',
    firing: [
      { alertname: 'TidegateCircuitOpen', ...CRITICAL, ...CIRCUIT },
      { alertname: 'TidegateCallsRejectedLocally', ...WARNING, ...MODEL },
      { alertname: 'TidegateClientWaitHigh', ...WARNING, ...MODEL, tidegate_wait_stage: 'pacer' },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, long: '6h', short: '30m' },
      { alertname: 'TidegateCircuitFlapping', ...WARNING, ...CIRCUIT },
      { alertname: 'TidegateCircuitFlapping', ...WARNING, ...CIRCUIT, tidegate_circuit: 'openai/other' },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS },
      { alertname: 'TidegateCallsFailing', ...CRITICAL, ...OPENAI },
      { alertname: 'TidegateCircuitOpen', ...WARNING, ...CIRCUIT, gen_ai_provider_name: 'groq', instance: 'a' },
      { alertname: 'TidegateQueueSlow', ...WARNING, ...OPENAI, gen_ai_provider_name: 'groq' },
      { alertname: 'TidegateQueueSlow', ...WARNING, ...OPENAI, namespace: 'other' },
    ],
    silenced: [1, 2, 3, 4, 6, 7],
  },
  {
    because: 'what hangs opens the circuit in the end, and nobody is called twice',
    firing: [
      { alertname: 'TidegateStalled', ...CRITICAL, ...OPENAI },
      { alertname: 'TidegateCircuitOpen', ...CRITICAL, ...CIRCUIT },
      { alertname: 'TidegateAuthFailing', ...CRITICAL, ...MODEL },
      { alertname: 'TidegateCircuitOpen', ...CRITICAL, ...CIRCUIT, gen_ai_provider_name: 'groq' },
    ],
    silenced: [1],
  },
  {
    because: 'a queue that the client makes itself and a limit that was cut explain what follows from them',
    firing: [
      { alertname: 'TidegateBelowLimit', ...WARNING, ...OPENAI },
      { alertname: 'TidegateQueueSlow', ...WARNING, ...OPENAI },
      { alertname: 'TidegateLimitChanged', ...WARNING, ...TOKENS },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS, tidegate_limit_dimension: 'requests' },
      { alertname: 'TidegateRateLimited', ...WARNING, ...TOKENS },
      { alertname: 'TidegateRetrySpike', ...WARNING, ...MODEL },
      { alertname: 'TidegateRetrySpike', ...WARNING, ...MODEL, gen_ai_request_model: 'other' },
    ],
    silenced: [1, 3],
  },
  {
    because: 'who is woken by a steep burn is not woken by the same one over six hours; late streams follow from waits',
    firing: [
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, long: '1h', short: '5m' },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, long: '6h', short: '30m' },
      {
        alertname: 'TidegateCallErrorBudgetBurn',
        ...CRITICAL,
        ...OPENAI,
        gen_ai_provider_name: 'groq',
        long: '6h',
        short: '30m',
      },
      { alertname: 'TidegateQueueSlow', ...WARNING, ...OPENAI },
      { alertname: 'TidegateFirstChunkSlow', ...WARNING, ...MODEL },
      { alertname: 'TidegateFirstChunkSlow', ...WARNING, ...MODEL, gen_ai_provider_name: 'groq' },
    ],
    silenced: [1, 4],
  },
  {
    because: 'a storm includes the spike of its model, not of others',
    firing: [
      { alertname: 'TidegateRetryStorm', ...CRITICAL, ...MODEL },
      { alertname: 'TidegateRetrySpike', ...WARNING, ...MODEL },
      { alertname: 'TidegateRetrySpike', ...WARNING, ...MODEL, gen_ai_request_model: 'other' },
    ],
    silenced: [1],
  },
  {
    because: 'a saturated limit silences the ticket about the same limit, never the page',
    firing: [
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS },
      { alertname: 'TidegateTierNearlyExhausted', ...WARNING, ...TOKENS },
      { alertname: 'TidegateTierNearlyExhausted', ...WARNING, ...TOKENS, tidegate_limit_dimension: 'requests' },
      { alertname: 'TidegateTierNearlyExhausted', ...CRITICAL, ...TOKENS, gen_ai_request_model: 'other' },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS, gen_ai_request_model: 'other' },
    ],
    silenced: [1],
  },
  {
    because: 'a blind job silences itself, one blind instance silences nothing',
    firing: [
      { alertname: 'TidegateTelemetryDown', ...WARNING, job: 'app', scope: 'job' },
      { alertname: 'TidegateTelemetryDown', ...WARNING, job: 'app', scope: 'instance', instance: 'a' },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS },
      { alertname: 'TidegateTelemetryDown', ...WARNING, job: 'other', scope: 'instance', instance: 'b' },
      { alertname: 'TidegateTierSaturated', ...WARNING, ...TOKENS, job: 'other' },
    ],
    silenced: [1, 2],
  },
  {
    because: 'of two severities of one alert the critical one is enough',
    firing: [
      { alertname: 'TidegateTierNearlyExhausted', ...CRITICAL, ...TOKENS },
      { alertname: 'TidegateTierNearlyExhausted', ...WARNING, ...TOKENS },
      { alertname: 'TidegateCallErrorBudgetBurn', ...CRITICAL, ...OPENAI, long: '6h', short: '30m' },
      { alertname: 'TidegateCallErrorBudgetBurn', ...WARNING, ...OPENAI, long: '3d', short: '6h' },
    ],
    silenced: [1, 3],
  },
];

describe('a running Alertmanager', () => {
  test.for(INHIBITIONS)('$because', async ({ firing, silenced }, context) => {
    const states = await withAlertmanager(need('alertmanager', context), (url) => inhibited(url, firing));
    expect(states).toEqual(firing.map((_, index) => silenced.includes(index)));
  });
});

/** Posts alerts and returns for each whether another one inhibits it. */
async function inhibited(url: string, firing: readonly Labels[]): Promise<boolean[]> {
  const startsAt = new Date().toISOString();
  const posted = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(firing.map((labels) => ({ labels, startsAt }))),
  });
  if (!posted.ok) throw new Error(`Alertmanager answered ${posted.status}`);
  for (let round = 0; ; round += 1) {
    const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as {
      labels: Labels;
      status: { inhibitedBy: string[] };
    }[];
    // The inhibitor receives alerts a moment after the API has accepted them.
    if (
      (alerts.length === firing.length && alerts.some((alert) => alert.status.inhibitedBy.length > 0)) ||
      round === 50
    ) {
      await pause(100);
      const settled = (await (await fetch(`${url}/api/v2/alerts`)).json()) as typeof alerts;
      return firing.map((labels) => {
        const alert = settled.find((each) => key(each.labels) === key(labels));
        if (!alert) throw new Error(`Alertmanager lost ${key(labels)}`);
        return alert.status.inhibitedBy.length > 0;
      });
    }
    await pause(50);
  }
}

function key(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function withAlertmanager<T>(binary: string, use: (url: string) => Promise<T>): Promise<T> {
  const storage = mkdtempSync(join(tmpdir(), 'tidegate-alertmanager-'));
  const args = (port: number): string[] => [
    `--config.file=${CONFIG}`,
    `--storage.path=${storage}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  try {
    return await withServer(binary, args, use);
  } finally {
    rmSync(storage, { recursive: true });
  }
}
