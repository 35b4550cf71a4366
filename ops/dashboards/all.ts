import { COLUMNS, type DashboardSpec, type Line, renderDashboard } from './dashboard.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from '../thresholds.ts';
import type { PanelSpec } from './panel.ts';
import { createContext, type DashboardContext } from './queries.ts';
import { answerRow } from './rows/answer.ts';
import { callRow } from './rows/calls.ts';
import { circuitRow } from './rows/circuits.ts';
import { errorRow } from './rows/errors.ts';
import { latencyRow } from './rows/latency.ts';
import { limitRow } from './rows/limits.ts';
import { retryRow } from './rows/retries.ts';
import { telemetryRow } from './rows/telemetry.ts';
import { tokenRow } from './rows/tokens.ts';
import { genAiDashboard } from './gen-ai.ts';
import { sloDashboard } from './slo.ts';
import { workDashboard } from './work.ts';

function overview(context: DashboardContext): DashboardSpec {
  return {
    uid: 'tidegate-overview',
    title: 'Tidegate / Overview',
    description:
      'Are we at our limit, which one, and is it getting worse? Then: what do calls, retries and waits look like?',
    from: 'now-3h',
    rows: [
      answerRow(context),
      callRow(context),
      limitRow(context),
      retryRow(context),
      latencyRow(context),
      circuitRow(context),
      errorRow(context),
      tokenRow(context),
      telemetryRow(context),
    ],
  };
}

/** The same panels for one model after the other: the row repeats for each chosen model. */
function drillDown(context: DashboardContext): DashboardSpec {
  const rows = [limitRow(context), retryRow(context), latencyRow(context), tokenRow(context)];
  // A panel that is not by model would show the same numbers in each.
  const lines = rows.flatMap((row) =>
    row.lines.map((line) => filled({ ...line, panels: line.panels.filter(isByModel) })),
  );
  return {
    uid: 'tidegate-provider',
    title: 'Tidegate / Provider drill-down',
    description: 'Limits, retries, latency and tokens of each chosen model. Choose provider and model at the top.',
    from: 'now-3h',
    rows: [answerRow(context), { title: '$model', repeat: 'model', lines }],
  };
}

/** Widens the remaining panels to the width of the dashboard. */
function filled(line: Line): Line {
  const all = line.panels.reduce((sum, { width }) => sum + width, 0);
  const scaled = line.panels.map((panel) => ({ ...panel, width: Math.floor((panel.width * COLUMNS) / all) }));
  const rest = COLUMNS - scaled.reduce((sum, { width }) => sum + width, 0);
  return {
    ...line,
    panels: scaled.map((panel, index) => (index === 0 ? { ...panel, width: panel.width + rest } : panel)),
  };
}

function isByModel(panel: PanelSpec): boolean {
  return panel.queries.every((query) => query.expr.includes('"$model"'));
}

export interface RenderedDashboard {
  readonly name: string;
  readonly json: string;
}

export function dashboards(thresholds: Thresholds = DEFAULT_THRESHOLDS): RenderedDashboard[] {
  const context = createContext(thresholds);
  return [
    { name: 'overview', json: renderDashboard(overview(context)) },
    { name: 'provider', json: renderDashboard(drillDown(context)) },
    { name: 'slo', json: renderDashboard(sloDashboard(context)) },
    { name: 'work', json: renderDashboard(workDashboard(context)) },
    { name: 'gen-ai', json: renderDashboard(genAiDashboard(context)) },
  ];
}
