import type { Command } from 'commander';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { define, readArguments } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { errorText } from './error-text.ts';

export const rulesDefinition = (): Command =>
  define(
    'rules',
    'writes alert rules and dashboards with your own thresholds',
    'Writes the Prometheus rules, the Grafana dashboards and the routes and inhibition rules of Alertmanager that tidegate ships, with thresholds, windows, severities, label names and selectors of your own.',
    `The file of --config is YAML or JSON; whatever it leaves out stays as shipped. Its keys:

  selector    matchers of the targets, e.g. job="shop"
  labels      your label names for cluster, namespace, job and instance; write the selector with these
  histograms  buckets, or native where they arrive by OTLP with nativeHistograms
  runbookUrl  page with a heading for each alert; default: the published runbook
  thresholds  see --defaults for all of them
  alerts      by name: severity, for, keepFiringFor, windows; or false for none. Name/severity picks one of several

  labels: { cluster: k8s_cluster_name, namespace: k8s_namespace_name }
  thresholds: { tier: { nearlyExhausted: 0.7 }, slo: { objective: 0.995 } }
  alerts:
    TidegateTierSaturated: { severity: info, windows: { 15m: 30m } }
    TidegateCircuitOpen/warning: false

Exit codes: 0 written, 1 a file could not be read or written, 2 bad arguments or a bad configuration.

Examples:

  tidegate rules --out monitoring
  tidegate rules --defaults > tidegate.rules.yml
  tidegate rules --config tidegate.rules.yml --out monitoring`,
  )
    .option('--config <file>', 'changes to the shipped files; default: none')
    .option('--out <folder>', 'where to write rules/, dashboards/ and alertmanager.yml', 'tidegate')
    .option('--defaults', 'prints a configuration with every threshold as it is shipped, and writes nothing');

/** `tidegate rules`: generates customised rules and dashboards. @returns The exit code. */
export async function rules(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(rulesDefinition(), args, io, ({ options }) => ({
    config: options['config'] as string | undefined,
    out: options['out'] as string,
    defaults: options['defaults'] === true,
  }));
  if (typeof read === 'number') return read;
  // Imported here: it is large, and no other command needs it.
  const { defaults, rendered } = await import('./rules-files.ts');
  if (read.defaults) {
    io.out(defaults());
    return 0;
  }
  let text = '';
  try {
    if (read.config !== undefined) text = await readFile(read.config, 'utf8');
  } catch (error) {
    io.err(errorText(error));
    return 1;
  }
  let files: Readonly<Record<string, string>>;
  try {
    files = rendered(text);
  } catch (error) {
    io.err(`${read.config}: ${(error as Error).message}`);
    return 2;
  }
  try {
    for (const [path, content] of Object.entries(files)) {
      const target = join(read.out, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
      io.out(target);
    }
  } catch (error) {
    io.err(errorText(error));
    return 1;
  }
  return 0;
}
