import { expect, test } from 'vitest';
import { allPanels, loadDashboards, type Panel } from './dashboard-json.ts';
import { concrete } from './promql.ts';
import { withSamples } from './sampled-prometheus.ts';
import { need, TOOL_TIMEOUT_MS } from './tools.ts';

const MINUTES = 60;
const MODEL = 'gen_ai_provider_name="openai",gen_ai_request_model="gpt-5.1"';

/** A counter with this increase per minute. */
const counter = (series: string, perMinute: number, end: number): string[] =>
  Array.from(
    { length: MINUTES + 1 },
    (_, minute) => `${series} ${minute * perMinute} ${end - (MINUTES - minute) * 60}`,
  );

/** 60 calls a minute of 2 s on average, half of them below 1 s. */
function histogram(family: string, labels: string, end: number): string[] {
  return [
    ...counter(`${family}_bucket{${labels},le="1"}`, 30, end),
    ...counter(`${family}_bucket{${labels},le="4"}`, 60, end),
    ...counter(`${family}_bucket{${labels},le="+Inf"}`, 60, end),
    ...counter(`${family}_count{${labels}}`, 60, end),
    ...counter(`${family}_sum{${labels}}`, 120, end),
  ];
}

const old = (job: string, unit: string, end: number): string[] => [
  ...histogram(`gen_ai_client_operation_duration${unit}`, `job="${job}",${MODEL}`, end),
  ...histogram(`gen_ai_client_operation_duration${unit}`, `job="${job}",${MODEL},error_type="timeout"`, end),
  ...histogram(`gen_ai_client_operation_time_to_first_chunk${unit}`, `job="${job}",${MODEL}`, end),
  ...['input', 'output'].flatMap((type) =>
    histogram('gen_ai_client_token_usage', `job="${job}",${MODEL},gen_ai_token_type="${type}"`, end),
  ),
];

const renamed = (job: string, unit: string, end: number): string[] => [
  ...histogram(`gen_ai_client_inference_duration${unit}`, `job="${job}",${MODEL}`, end),
  ...histogram(`gen_ai_client_inference_duration${unit}`, `job="${job}",${MODEL},error_type="timeout"`, end),
  ...histogram(`gen_ai_client_inference_time_to_first_chunk${unit}`, `job="${job}",${MODEL}`, end),
  ...['input', 'output'].flatMap((type) =>
    counter(`gen_ai_client_inference_usage_${type}_tokens_total{job="${job}",${MODEL}}`, 120, end),
  ),
];

/** One job for each way in which the metrics may come; the last one emits both versions of the conventions. */
const EMITTERS: Readonly<Record<string, (job: string, end: number) => string[]>> = {
  scraped: (job, end) => old(job, '', end),
  otlp: (job, end) => old(job, '_seconds', end),
  'newest-scraped': (job, end) => renamed(job, '', end),
  'newest-otlp': (job, end) => renamed(job, '_seconds', end),
  both: (job, end) => [...old(job, '', end), ...renamed(job, '', end)],
};

test(
  'the gen_ai dashboard shows every emitter once, without any series of tidegate',
  { timeout: TOOL_TIMEOUT_MS },
  async (context) => {
    const binaries = { prometheus: need('prometheus', context), promtool: need('promtool', context) };
    const end = Math.floor(Date.now() / 60_000) * 60 - 60;
    const lines = Object.entries(EMITTERS).flatMap(([job, emit]) => emit(job, end));
    const panels = allPanels(loadDashboards().find(({ uid }) => uid === 'tidegate-gen-ai')!);
    await withSamples(binaries, `${lines.join('\n')}\n# EOF\n`, end, async (query) => {
      const ask = async (title: string, nth = 0): Promise<Record<string, number>> => {
        const { expr } = (panels.find((panel) => panel.title === title) as Panel).targets[nth]!;
        const samples = await query(concrete(expr));
        return Object.fromEntries(
          samples.map(({ metric, value }) => [
            metric['job'] ?? metric['gen_ai_request_model'] ?? metric['error_type'] ?? '',
            Number(Number(value[1]).toFixed(3)),
          ]),
        );
      };
      // Two per second for each job, half of which fail.
      expect(await ask('Calls by job')).toEqual({
        scraped: 2,
        otlp: 2,
        'newest-scraped': 2,
        'newest-otlp': 2,
        both: 2,
      });
      expect(await ask('Calls by model')).toEqual({ 'gpt-5.1': 10 });
      expect(await ask('Failed calls by error')).toEqual({ timeout: 5 });
      expect(await ask('Duration of calls')).toEqual({ '': 1 });
      expect(await ask('First chunk of streams', 1)).toEqual({ '': 3.7 });
      expect(await ask('Tokens a minute')).toEqual({ '': 600 });
      expect(await ask('Tokens a minute', 1)).toEqual({ '': 600 });
      expect(await ask('Input tokens a minute by model')).toEqual({ 'gpt-5.1': 600 });
      expect(await ask('Tokens a call')).toEqual({ '': 1 });
      expect(await ask('Limits in use')).toEqual({});
    });
  },
);
