import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { METRICS } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { queryAt } from '../stack/query.ts';
import { startServer } from '../stack/server.ts';
import { secondsOf } from './evaluate.ts';
import { SHAPES } from './cost-shapes.ts';
import { BlockWriter, EPOCH } from './generate.ts';
import { type Labels, renderLabels } from './registry.ts';

/** What the rules cost: evaluates every rule once in a real Prometheus with the series of a large fleet. */

const HELP = `Usage: node tools/replay/cost.ts [--processes <n>] [--models <n>]

Loads the series that the rules read of so many processes, with what the longest window over them needs, and a week of
what is recorded; then evaluates each group as Prometheus would and prints how long that and how much processor time it
takes, which others on the machine do not change. Best of three. Default: 20 and 20.
`;

/** Slightly more than the longest window over exported series; recorded ones are kept for a day. */
const RAW_SECONDS = 35 * 60;
const PRESENCE_SECONDS = 86_400;
const WEEK = 7 * 86_400;
const NOW = EPOCH + WEEK;
const PROVIDERS = ['openai', 'anthropic', 'groq'];

const targetOf = (process: number): Labels => ({
  cluster: 'eu',
  namespace: 'prod',
  job: 'app',
  instance: `10.0.${process >> 8}.${process & 255}:9464`,
});

function series(processes: number, models: number): { readonly name: string; readonly counts: boolean }[] {
  const all: { name: string; counts: boolean }[] = [];
  for (let process = 0; process < processes; process += 1) {
    const target = targetOf(process);
    for (let model = 0; model < models; model += 1) {
      const provider = PROVIDERS[model % PROVIDERS.length]!;
      for (const [metric, label, values, buckets] of SHAPES) {
        const { attributes, instrument } = METRICS[metric];
        // Metrics of the process itself exist once.
        if (model > 0 && !attributes.includes('gen_ai.provider.name')) continue;
        for (const value of values) {
          const own: Labels = {
            ...target,
            ...(attributes.includes('gen_ai.provider.name') && { 'gen_ai.provider.name': provider }),
            ...(attributes.includes('gen_ai.request.model') && { 'gen_ai.request.model': `model-${model}` }),
            ...(attributes.includes('tidegate.bulkhead') && { 'tidegate.bulkhead': `${provider}/model-${model}` }),
            ...(attributes.includes('tidegate.circuit') && { 'tidegate.circuit': `${provider}/model-${model}` }),
            ...(attributes.includes('tidegate.priority') && { 'tidegate.priority': 'normal' }),
            ...(attributes.includes('tidegate.wait.stage') && { 'tidegate.wait.stage': 'pacer' }),
            ...(label !== '' && { [label]: value }),
          };
          const family = familyName(metric, METRICS[metric]);
          const counts = instrument !== 'gauge';
          if (buckets === undefined) all.push({ name: family + renderLabels(own), counts });
          else {
            for (let bucket = 0; bucket < buckets; bucket += 1) {
              const le = bucket === buckets - 1 ? '+Inf' : String(0.05 * 2 ** bucket);
              all.push({ name: `${family}_bucket${renderLabels({ ...own, le })}`, counts });
            }
            for (const part of ['sum', 'count']) all.push({ name: `${family}_${part}${renderLabels(own)}`, counts });
          }
        }
      }
    }
  }
  return all;
}

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '20' },
    models: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await measure(Number(values.processes), Number(values.models));

async function measure(processes: number, models: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-cost-'));
  const data = join(folder, 'data');
  try {
    const writer = new BlockWriter('promtool', folder, data);
    const all = series(processes, models);
    // Written in parts, since the whole would not fit into memory; parts of a block are merged when they are read.
    for (let from = 0; from < all.length; from += 10_000) {
      const lines: string[] = [];
      for (const [index, { name, counts }] of all.slice(from, from + 10_000).entries()) {
        for (let at = -RAW_SECONDS; at <= 0; at += 15) {
          lines.push(`${name} ${counts ? Math.round((RAW_SECONDS + at) * (0.01 + (index % 7) / 50)) : 1} ${NOW + at}`);
        }
      }
      await writer.write(lines);
    }
    await presence(writer, processes);
    await recordedWeek(writer, models);
    writeFileSync(join(folder, 'prometheus.yml'), 'global: { scrape_interval: 15s }\n');
    const server = await startServer('prometheus', 0, (address) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      '--storage.tsdb.retention.time=100y',
      '--query.timeout=10m',
    ]);
    try {
      console.log(
        `${processes} processes, ${models} models: ${all.length} series, ${(writer.samples / 1e6).toFixed(1)} million samples`,
      );
      console.log(
        '| group | interval | evaluation | share | processor | share |\n| --- | --- | --- | --- | --- | --- |',
      );
      for (const { name, interval = '15s', rules } of ruleGroups()) {
        const took: number[] = [];
        const used: number[] = [];
        for (let round = 0; round < 3; round += 1) {
          const [began, before] = [performance.now(), await processorSeconds(server.url)];
          for (const { expr } of rules) await queryAt(server.url, expr, NOW);
          took.push((performance.now() - began) / 1_000);
          used.push((await processorSeconds(server.url)) - before);
        }
        const cells = [took, used].flatMap((rounds) => {
          const seconds = Math.min(...rounds);
          return [`${seconds.toFixed(2)} s`, `${((seconds / secondsOf(interval)) * 100).toFixed(1)} %`];
        });
        console.log(`| ${[name, interval, ...cells].join(' | ')} |`);
      }
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time that Prometheus has used so far, by its own metrics. */
async function processorSeconds(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
}

/** A day in which every process was present. */
async function presence(writer: BlockWriter, processes: number): Promise<void> {
  const names = Array.from({ length: processes }, (_, process) => targetOf(process)).flatMap((target) => [
    `up${renderLabels(target)}`,
    `tidegate_build_info${renderLabels({ ...target, version: '0.1.0', sdk: 'js' })}`,
  ]);
  await everyStep(writer, names, NOW - PRESENCE_SECONDS, 15, () => 1);
}

/** Seven days of the series that long windows read, every 30 s. */
async function recordedWeek(writer: BlockWriter, models: number): Promise<void> {
  const job = { cluster: 'eu', namespace: 'prod', job: 'app' };
  const of = (name: string, labels: Labels): string => name + renderLabels({ ...job, ...labels });
  const names = [
    of('tidegate:job:busy', {}),
    of('tidegate:job:gone', {}),
    ...PROVIDERS.flatMap((provider) => {
      const labels = { 'gen_ai.provider.name': provider };
      const names = ['call_failures:increase5m', 'calls_ended:increase5m', 'cost:usd1h'];
      return names.map((name) => of(`tidegate:${name}`, labels));
    }),
    ...Array.from({ length: models }, (_, model) => {
      const provider = PROVIDERS[model % PROVIDERS.length]!;
      const labels = { 'gen_ai.provider.name': provider, 'gen_ai.request.model': `model-${model}` };
      const circuit = { 'gen_ai.provider.name': provider, 'tidegate.circuit': `${provider}/model-${model}` };
      return [
        of('tidegate:attempt_duration:p95_5m', labels),
        of('tidegate:retries:rate5m', labels),
        of('tidegate:cost:increase5m', labels),
        of('tidegate:unpriced:increase5m', labels),
        of('tidegate:cache:ratio1h', labels),
        of('tidegate:cache:ratio10m', labels),
        ...['input', 'cache_read'].map((kind) =>
          of('tidegate:tokens:increase5m', { ...labels, 'tidegate.token.kind': kind }),
        ),
        of('tidegate:answers_cut:increase5m', { ...labels, 'tidegate.cut.reason': 'length' }),
        of('tidegate:tier_answers:increase5m', {
          ...labels,
          'tidegate.tier.asked': 'flex',
          'tidegate.tier.served': 'standard',
        }),
        of('tidegate:repeated:increase5m', { ...labels, 'tidegate.retry.layer': 'langchain' }),
        of('tidegate:circuit:not_closed', circuit),
        ...['quota', 'requests', 'tokens'].flatMap((dimension) => [
          of('tidegate:rejections:increase5m', { ...labels, 'tidegate.limit.dimension': dimension }),
          of('tidegate:limit:urgent_utilization', { ...labels, 'tidegate.limit.dimension': dimension }),
        ]),
        ...['200', '429', '500', 'none'].map((status) =>
          of('tidegate:attempts:increase5m', { ...labels, 'http.response.status_code': status }),
        ),
        ...['success', 'retries_exhausted', 'bad_request'].map((outcome) =>
          of('tidegate:calls:increase5m', { ...labels, 'tidegate.outcome': outcome }),
        ),
      ];
    }).flat(),
  ];
  await everyStep(writer, names, EPOCH, 30, (at) => (at % 17) + 1);
}

async function everyStep(
  writer: BlockWriter,
  names: readonly string[],
  from: number,
  step: number,
  valueAt: (at: number) => number,
): Promise<void> {
  for (let block = from; block <= NOW; block += 7_200) {
    const lines: string[] = [];
    for (const name of names) {
      for (let at = block; at < Math.min(block + 7_200, NOW + 1); at += step)
        lines.push(`${name} ${valueAt(at)} ${at}`);
    }
    await writer.write(lines);
  }
}
