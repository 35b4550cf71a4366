import { stringify } from 'yaml';
import type { Alert, RuleContext } from './alert.ts';
import { type AlertChange, applyChanges } from './alert-changes.ts';
import { answerAlerts } from './alerts/answers.ts';
import { batchAlerts } from './alerts/batches.ts';
import { fleetAlerts } from './alerts/fleet.ts';
import { laneAlerts } from './alerts/lane.ts';
import { limitAlerts } from './alerts/limits.ts';
import { providerAlerts } from './alerts/provider.ts';
import { retryAlerts } from './alerts/retries.ts';
import { spendingAlerts } from './alerts/spending.ts';
import { sloAlerts } from './alerts/slo.ts';
import { telemetryAlerts } from './alerts/telemetry.ts';
import { type LabelNames, renameInRules, SHIPPED_LABELS } from './label-names.ts';
import { createSeries } from './naming.ts';
import { type HistogramKind, nativeInRules } from './native-histograms.ts';
import { flowRules, jobRules, laneRules } from './lane-rules.ts';
import { countedRules, quantileRules, recentRules, recordingRules, sloRules } from './recording-rules.ts';
import type { RenderedRule, RuleGroup } from './rendered-rule.ts';
import { signalRules } from './signal-rules.ts';
import { RUNBOOK_URL } from './runbook-url.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';
import { scaleGroups } from './time-scale.ts';

export interface RuleOptions {
  /** Label matchers of tidegate's targets, e.g. `job="app"`. Default: every target that serves the metrics. */
  readonly selector?: string;
  readonly thresholds?: Thresholds;
  /** Other changes to single alerts. */
  readonly changes?: readonly AlertChange[];
  /** Page with a heading for each alert. Default: this package's. */
  readonly runbookUrl?: string;
  /** Names of target labels; the selector is written with these names. */
  readonly labels?: LabelNames;
  /** Default buckets. */
  readonly histograms?: HistogramKind;
  /** Divides every window, offset and `for`: 60 makes minutes into seconds, for demos and tests. Default 1. */
  readonly timeScale?: number;
}

const ALERTS = {
  'tidegate-retries': retryAlerts,
  'tidegate-limits': limitAlerts,
  'tidegate-provider': providerAlerts,
  'tidegate-lane': laneAlerts,
  'tidegate-burn': sloAlerts,
  'tidegate-telemetry': telemetryAlerts,
  'tidegate-fleet': fleetAlerts,
  'tidegate-spending': spendingAlerts,
  'tidegate-answers': answerAlerts,
  'tidegate-batches': batchAlerts,
};

/** Rule groups as Prometheus loads them. Alerts read the recording rules' last values, at most 30 s old. */
export function ruleGroups(options: RuleOptions = {}): RuleGroup[] {
  const { selector = '', thresholds = DEFAULT_THRESHOLDS, runbookUrl = RUNBOOK_URL } = options;
  const { timeScale = 1, changes = [] } = options;
  const { labels = SHIPPED_LABELS, histograms = 'buckets' } = options;
  // Names in the selector are the operator's own.
  const place = selector === '' ? '' : 'tidegate_selector=""';
  const context: RuleContext = { series: createSeries(place), thresholds, selector: place, pages: pagesOf(changes) };
  const groups: RuleGroup[] = [
    { name: 'tidegate-counted-2m', interval: '30s', rules: recentRules(context) },
    { name: 'tidegate-counted-5m', interval: '30s', rules: countedRules(context) },
    { name: 'tidegate-lanes', interval: '30s', rules: [...laneRules(context), ...jobRules(context)] },
    // The page for an outage reads it, and is due within three minutes.
    { name: 'tidegate-flow', interval: '15s', rules: flowRules(context) },
    { name: 'tidegate-quantiles', interval: '1m', rules: quantileRules(context) },
    { name: 'tidegate-recording', interval: '30s', rules: recordingRules(context) },
    { name: 'tidegate-signals', interval: '1m', rules: signalRules(context) },
    { name: 'tidegate-slo', interval: '30s', rules: sloRules(context) },
    ...alertGroups(context, changes).map(({ name, alerts }) => ({
      name,
      rules: alerts.map((alert) => renderAlert(alert, runbookUrl)),
    })),
  ];
  const named = renameInRules(nativeInRules(groups, histograms), labels);
  return scaleGroups(selected(named, place, selector), timeScale);
}

function selected(groups: readonly RuleGroup[], place: string, selector: string): RuleGroup[] {
  if (place === '') return [...groups];
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({
      ...rule,
      expr: rule.expr.replaceAll(place, () => selector),
      ...(rule.annotations && {
        annotations: {
          ...rule.annotations,
          description: rule.annotations.description.replaceAll(place, () => selector),
        },
      }),
    })),
  }));
}

/** An alert that an operator has turned off, or that no longer pages, must not suppress others. */
function pagesOf(changes: readonly AlertChange[]): RuleContext['pages'] {
  return (name) =>
    !changes.some(
      ({ alert, of, off, severity }) =>
        alert === name && of !== 'warning' && (off || (severity !== undefined && severity !== 'critical')),
    );
}

/** Drops empty groups. */
function alertGroups(
  context: RuleContext,
  changes: readonly AlertChange[],
): { readonly name: string; readonly alerts: readonly Alert[] }[] {
  const all = Object.entries(ALERTS).flatMap(([group, alerts]) =>
    alerts(context).map((alert) => ({ ...alert, group })),
  );
  const changed = applyChanges(all, changes);
  return Object.keys(ALERTS)
    .map((name) => ({ name, alerts: changed.filter((alert) => alert.group === name) }))
    .filter(({ alerts }) => alerts.length > 0);
}

function renderAlert(alert: Alert, runbookUrl: string): RenderedRule {
  return {
    alert: alert.name,
    expr: alert.expr,
    for: alert.for,
    ...(alert.keepFiringFor === undefined ? {} : { keep_firing_for: alert.keepFiringFor }),
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${runbookUrl}#${alert.name.toLowerCase()}`,
    },
  };
}

/** The rule file as YAML. @param by What generated it, and where to change it. */
export function renderRules(
  options: RuleOptions = {},
  by = '`node ops/build.ts`; do not edit. Thresholds are in ops/thresholds.ts',
): string {
  const header = [
    `# Generated by ${by}.`,
    '# For metrics that Prometheus scrapes and for those that arrive by OTLP: they have the same names.',
  ];
  return `${header.join('\n')}\n${stringify({ groups: ruleGroups(options) }, { lineWidth: 0 })}`;
}
