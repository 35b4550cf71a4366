import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readConfig, ruleOptions } from '../../ops/config.ts';
import { dashboards } from '../../ops/dashboards/all.ts';
import { renameInAlertmanager, renameInDashboard, SHIPPED_LABELS } from '../../ops/label-names.ts';
import { nativeInDashboard } from '../../ops/native-histograms.ts';
import { renderRules } from '../../ops/rules.ts';
import { RUNBOOK_URL } from '../../ops/runbook-url.ts';
import { DEFAULT_THRESHOLDS } from '../../ops/thresholds.ts';

/** A configuration that changes nothing. */
export function defaults(): string {
  const thresholds = DEFAULT_THRESHOLDS;
  return stringify({ selector: '', labels: SHIPPED_LABELS, histograms: 'buckets', thresholds, alerts: {} }).trimEnd();
}

/** Alertmanager's configuration as shipped in the package. */
function shippedAlertmanager(): string {
  const folder = dirname(findPackageJSON(import.meta.url) ?? '.');
  return readFileSync(join(folder, 'prometheus/alertmanager.yml'), 'utf8');
}

/** Generates files from a configuration of YAML or JSON. @throws Error for an invalid configuration */
export function rendered(text: string): Record<string, string> {
  const config = readConfig(parse(text));
  return {
    'rules/tidegate.rules.yml': renderRules(ruleOptions(config), '`npx tidegate rules`'),
    'alertmanager.yml': renameInAlertmanager(shippedAlertmanager(), config.labels),
    ...Object.fromEntries(
      dashboards(config.thresholds).map(({ name, json }) => [
        `dashboards/${name}.json`,
        linked(renameInDashboard(nativeInDashboard(json, config.histograms), config.labels), config.runbookUrl),
      ]),
    ),
  };
}

/** A dashboard whose links open the operator's runbook, as those of alerts do. */
function linked(json: string, runbookUrl: string = RUNBOOK_URL): string {
  return json.replaceAll(RUNBOOK_URL, () => JSON.stringify(runbookUrl).slice(1, -1));
}
