import { scaleExpression } from '../../../ops/time-scale.ts';
import { type Series, queryAt, queryRange } from '../../stack/query.ts';
import type { Dashboard, Panel, Target } from './dashboard.ts';
import { queryOf } from './repeat.ts';

/** What the page draws; the server answers it at `/view.json`. */
export interface View {
  /** Address of Prometheus, without a path. */
  readonly prometheus: string;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Divides the windows of the queries, for a Prometheus with rules of the same scale. */
  readonly timeScale: number;
  /** Seconds between scrapes. */
  readonly scrapeSeconds: number;
  /** Regular expressions of the variables; what is absent shows all. */
  readonly variables: Readonly<
    Partial<Record<'cluster' | 'namespace' | 'job' | 'instance' | 'provider' | 'model', string>>
  >;
}

export interface Named {
  readonly target: Target;
  readonly name: string;
  readonly metric: Series['metric'];
  /** Seconds and numbers; one value where the query is instant. */
  readonly values: readonly (readonly [number, number])[];
}

/** Most points of a line; more than there are pixels would only take time. */
const POINTS = 240;

/** All series of a panel. @throws Error with Prometheus's reason when a query fails */
export async function load(panel: Panel, view: View): Promise<Named[]> {
  const loaded = await Promise.all(
    (panel.targets ?? []).map(async (target) => {
      const expr = concrete(target.expr, view);
      const series = target.instant ? await queryAt(view.prometheus, expr, view.to) : await ask(expr, view);
      return series.map(({ metric, values }) => ({
        target,
        name: legend(target.legendFormat, metric),
        metric,
        values: values.map(([at, value]) => [at, Number(value)] as const),
      }));
    }),
  );
  return loaded.flat();
}

/** The values that a variable has in the view, of those that are chosen, sorted. */
export async function valuesOf(dashboard: Dashboard, variable: keyof View['variables'], view: View): Promise<string[]> {
  const query = queryOf(dashboard, variable);
  if (query === undefined) return [];
  const expr = `group by (${query.label}) (last_over_time(${query.selector}[$__range]))`;
  const series = await queryAt(view.prometheus, concrete(expr, view), view.to);
  const chosen = new RegExp(`^(?:${view.variables[variable] ?? '.*'})$`);
  return series
    .flatMap(({ metric }) => metric[query.label] ?? [])
    .filter((value) => chosen.test(value))
    .toSorted();
}

function ask(expr: string, view: View): Promise<Series[]> {
  return queryRange(view.prometheus, expr, { from: view.from, to: view.to, stepSeconds: stepOf(view) });
}

export function stepOf({ from, to, scrapeSeconds }: View): number {
  return Math.max(scrapeSeconds, Math.ceil((to - from) / POINTS));
}

/** The query with every variable filled in. Grafana's rate interval: at least four scrapes. */
function concrete(expr: string, view: View): string {
  const rate = Math.max(4 * view.scrapeSeconds, stepOf(view) + view.scrapeSeconds);
  return scaleExpression(expr, view.timeScale)
    .replaceAll('$__rate_interval', `${rate}s`)
    .replaceAll('$__range', `${Math.ceil(view.to - view.from)}s`)
    .replaceAll(
      /\$(cluster|namespace|job|instance|provider|model)\b/g,
      (_, name: keyof View['variables']) => view.variables[name] ?? '.*',
    );
}

function legend(template: string, metric: Series['metric']): string {
  return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? '').trim();
}
