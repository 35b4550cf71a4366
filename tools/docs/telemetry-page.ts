import { familyName } from '../../ops/naming.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { GEN_AI_METRICS } from '../../src/telemetry/contract/gen-ai-metrics.ts';
import { attributesOf } from '../../src/telemetry/contract/labels-of.ts';
import { type Metric, METRICS } from '../../src/telemetry/contract/metrics.ts';
import { markdownTable } from './markdown-table.ts';
import { labelTable, spanTables } from './telemetry-names.ts';

const KINDS = ['counter', 'gauge', 'histogram'] as const;

function metricTable(metrics: Readonly<Record<string, Metric>>): string {
  const rows = KINDS.flatMap((kind) =>
    Object.entries(metrics)
      .filter(([, metric]) => metric.kind === kind)
      .map(([name, metric]) => [
        `\`${familyName(name, { instrument: kind })}\``,
        kind,
        metric.unit.replaceAll(/[{}]/g, ''),
        metric.description +
          (metric.option === undefined || metric.option === 'telemetry.genAiMetrics'
            ? ''
            : ` With \`${metric.option}\`.`),
        attributesOf(metric)
          .map((label) => `\`${label.replaceAll('.', '_')}\``)
          .join(', '),
      ]),
  );
  return markdownTable([['metric', 'kind', 'unit', 'what it counts', 'labels'], ...rows]);
}

function alertTable(): string {
  const rules = ruleGroups({}).flatMap(({ rules: all }) => all);
  const rows = rules.flatMap(({ alert, labels, annotations, ...rule }) =>
    alert === undefined
      ? []
      : [
          [
            `[${alert}](../prometheus/runbook.md#${alert.toLowerCase()})`,
            labels?.['severity'] ?? '',
            rule.for ?? '',
            annotations?.summary ?? '',
          ],
        ],
  );
  return markdownTable([['alert', 'severity', 'for', 'what it says'], ...rows]);
}

/** `docs/telemetry.md`, from the contract of metrics, the names of spans and the alert rules. */
export function telemetryPage(): string {
  return `# Metrics, spans and alerts

Made by \`node ops/build.ts\` from the sources of the metrics, the spans and the alert rules, not by hand.

tidegate records to whatever OpenTelemetry the application has set up, in whichever order the two are loaded; an SDK that is registered later is
picked up by the next call. (Sentry's SDK is one from version 11 on, with \`enableOpenTelemetrySetup: true\`; otherwise it shows its own spans alone.)
Where there is none, \`startTelemetry()\` starts one:

\`\`\`ts
import { startTelemetry } from 'tidegate/telemetry';

const telemetry = await startTelemetry({ serviceName: 'shop' });
console.log(telemetry.url); // http://127.0.0.1:9464/metrics
\`\`\`

${markdownTable([
  ['`metrics`', 'what it does', 'packages beside `@opentelemetry/sdk-node`'],
  ["`'prometheus'` (default)", 'serves `/metrics` to be scraped', '`@opentelemetry/exporter-prometheus`'],
  [
    "`'otlp'`",
    'sends metrics to a collector, as the standard `OTEL_*` variables say',
    '`@opentelemetry/sdk-metrics`, `@opentelemetry/exporter-metrics-otlp-proto` (or `-http`, `-grpc`)',
  ],
  ["`'both'`", 'both', 'all of them'],
])}

Spans are exported only where the standard variables ask for it (\`OTEL_TRACES_EXPORTER\`, \`OTEL_EXPORTER_OTLP_ENDPOINT\`). An application with a
setup of its own starts that before, or instead: OpenTelemetry has room for one per process, and the second one is refused. Exemplars, which lead from a
bucket of a histogram to a trace, are not implemented by OpenTelemetry's SDK for JavaScript (3.1) and neither by its exporters, so there are none. By OTLP histograms may be exponential, which Prometheus stores natively: \`nativeHistograms: true\`
([rules for them](../prometheus/README.md)).

Prompts, completions, keys and header values are never recorded; stop sequences are, on spans, as the conventions have it. Every label is of a closed set or
capped: models past 20 become \`_OTHER\` (\`telemetry.maxModels\`).

## Metrics

Names are those of Prometheus, whether it scrapes them or gets them by OTLP. In OpenTelemetry the same names have dots, and no \`_total\`.

${metricTable(METRICS)}

The metrics of the GenAI conventions, with the labels that these define, are recorded where the application has set OpenTelemetry up; under
\`startTelemetry\` where \`telemetry.genAiMetrics\` asks for them. \`telemetry.semconv\` chooses between the names of the conventions in common use
(\`'compat'\`) and the newest ones (\`'latest'\`, the names with \`inference\` and \`embeddings\`). No alert of tidegate depends on them.

${metricTable(GEN_AI_METRICS)}

## Labels

${labelTable()}

\`telemetry.attributes\` adds labels of your own to every span and metric, such as \`tidegate.client\` to tell accounts apart.

## Spans

${spanTables()}

## Alerts

In [prometheus/](../prometheus/README.md), with tests. \`npx tidegate rules\` writes them with thresholds of your own. \`critical\` pages, \`warning\` is a ticket,
\`info\` is context, \`none\` is a sign of life.

${alertTable()}

To see alerts arrive and resolve, in a clone of the repository and with Prometheus and Alertmanager on the \`PATH\`:

\`\`\`sh
npm run demo -- --stack     # a retry spike, a saturated tier, an outage, in three minutes
npm run stack               # Prometheus and Alertmanager on loopback with these rules, for your own application
npm run dashboards:render   # draws the committed dashboards from any Prometheus, without Grafana
\`\`\`

The demo runs under the shipped rules; only their times are divided, so that a minute lasts a second.
\`docker compose up\` starts Prometheus, Alertmanager and Grafana with the five dashboards of [grafana/](../grafana).
`;
}
