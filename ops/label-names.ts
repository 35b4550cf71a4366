import type { RenderedRule, RuleGroup } from './rendered-rule.ts';

/** An operator's names of the labels for where something runs: `k8s_cluster_name`, `service_name`. */
export interface LabelNames {
  readonly cluster: string;
  readonly namespace: string;
  readonly job: string;
  readonly instance: string;
}

export const SHIPPED_LABELS: LabelNames = {
  cluster: 'cluster',
  namespace: 'namespace',
  job: 'job',
  instance: 'instance',
};

const NAME = /^[a-zA-Z_]\w*$/;

/** @throws Error for an invalid label, or one that already has another meaning */
export function checkLabels(names: LabelNames): LabelNames {
  const taken = new Set<string>();
  for (const [label, name] of Object.entries(names) as [string, string][]) {
    if (!NAME.test(name) || /^(?:__|tidegate_|gen_ai_|alert)/.test(name) || taken.has(name)) {
      throw new Error(`Expected labels.${label} to be the name of a label of its own, got ${JSON.stringify(name)}.`);
    }
    taken.add(name);
  }
  return names;
}

const changed = (names: LabelNames): boolean => Object.entries(names).some(([label, name]) => label !== name);

/** PromQL with other label names. Those of variables, `$job` and `${job}`, stay. */
function inQuery(text: string, names: LabelNames): string {
  return text.replaceAll(
    /(?<!\$\{?|[\w:-])(?:cluster|namespace|job|instance)(?![\w:-])/g,
    (label) => names[label as keyof LabelNames],
  );
}

/** The contents of double braces in a template: queries and labels. */
function inTemplate(text: string, names: LabelNames): string {
  return text.replaceAll(/\{\{.*?\}\}/gs, (action) =>
    action.replaceAll(
      /(?<=\$labels\.|["{( ,])(?:cluster|namespace|job|instance)(?=[ "=,)}!])/g,
      (label) => names[label as keyof LabelNames],
    ),
  );
}

export function renameInRules(groups: readonly RuleGroup[], names: LabelNames): RuleGroup[] {
  if (!changed(names)) return [...groups];
  const rename = (rule: RenderedRule): RenderedRule => ({
    ...rule,
    expr: inQuery(rule.expr, names),
    ...(rule.annotations && {
      annotations: { ...rule.annotations, description: inTemplate(rule.annotations.description, names) },
    }),
  });
  return groups.map((group) => ({ ...group, rules: group.rules.map(rename) }));
}

/** A configuration of Alertmanager: a label that no alert has would merge all jobs, in groups and in inhibition. */
export function renameInAlertmanager(text: string, names: LabelNames): string {
  return text.replaceAll(/(?<=\b(?:group_by|equal): \[)[^\]]+(?=\])/g, (labels) =>
    labels
      .split(', ')
      .map((label) => names[label as keyof LabelNames] ?? label)
      .join(', '),
  );
}

const QUERIES: ReadonlySet<string> = new Set(['expr', 'definition', 'query']);
const TEXTS: ReadonlySet<string> = new Set(['legendFormat', 'titleFormat', 'textFormat']);

/** A dashboard's JSON with other names: its queries, legends, links and columns. Its variables keep theirs. */
export function renameInDashboard(json: string, names: LabelNames): string {
  if (!changed(names)) return json;
  const named = (label: string): string => names[label as keyof LabelNames] ?? label;
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, key));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([own, each]) => [columns(key) ? named(own) : own, walk(each, own)]),
      );
    }
    if (typeof value !== 'string') return value;
    if (QUERIES.has(key)) return inQuery(value, names);
    if (TEXTS.has(key)) return value.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => `{{${named(label)}}}`);
    if (key === 'options') return named(value);
    return value.replaceAll(/(?<=__(?:field|data)\.(?:labels|fields)\.)(\w+)/g, (label) => named(label));
  };
  return `${JSON.stringify(walk(JSON.parse(json), ''), undefined, 2)}\n`;
}

/** Objects whose keys are columns of a table. */
function columns(key: string): boolean {
  return ['renameByName', 'indexByName', 'excludeByName', 'includeByName'].includes(key);
}
