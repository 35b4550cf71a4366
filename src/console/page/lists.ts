import type { AlertsState, BatchState, Change, ConsoleState, HitState, LaneState } from '../state.ts';
import { duration, noun, number, percent } from '../format.ts';
import { byId, el, type Item, KeyedList, setAttribute, setText } from './dom.ts';
import { clock, since } from './time.ts';

type Alert = AlertsState['firing'][number];

let lists: ReturnType<typeof makeLists> | undefined;

function makeLists() {
  return {
    alerts: new KeyedList<Alert & { readonly now: number }>(byId('alert-list'), alertItem),
    hits: new KeyedList<HitState>(byId('hits'), hitItem),
    changes: new KeyedList<Change>(byId('changes'), changeItem),
    batches: new KeyedList<BatchState>(byId('batch-list'), batchItem),
    fleet: new KeyedList<Fact>(byId('fleet-list'), factItem),
    beliefs: new KeyedList<Fact>(byId('belief-list'), factItem),
  };
}

/** The lists below the lanes and the charts. */
export function showLists(state: ConsoleState): void {
  lists ??= makeLists();
  const { alerts, hits, hitsProblem, changes, batches, lanes, sources, at } = state;
  byId('alerts').hidden = alerts === undefined;
  const firing = alerts?.firing ?? [];
  lists.alerts.update(
    firing.map((alert) => ({ ...alert, now: at })),
    ({ name, labels }) => `${name} ${labels}`,
  );
  const problem = alerts?.problem === undefined ? undefined : `Alertmanager cannot be read: ${alerts.problem}`;
  setText(byId('alerts-none'), problem ?? (firing.length === 0 ? 'None of the rules of tidegate is firing.' : ''));
  lists.hits.update(
    hits,
    ({ at, lane, dimension, model }, index) => `${at} ${lane} ${dimension} ${model} ${sameBefore(hits, index)}`,
  );
  setText(byId('hits-none'), hits.length > 0 ? '' : noHits(state, hitsProblem));
  lists.changes.update(changes, (change) => `${change.at} ${change.lane} ${change.text}`);
  byId('changes-none').hidden = changes.length > 0;
  byId('batches').hidden = batches.length === 0;
  lists.batches.update(batches, ({ name }) => name);
  const shared = lanes.flatMap(fleetFact);
  byId('fleet').hidden = shared.length === 0;
  lists.fleet.update(shared, ({ key }) => key);
  const beliefs = beliefFacts(lanes);
  lists.beliefs.update(beliefs, ({ key }) => key);
  const known = sources.some(({ kind }) => kind === 'process');
  const none = known
    ? 'Nothing beyond what the provider states.'
    : 'Only the process itself knows: guard.serveConsole().';
  setText(byId('beliefs-none'), beliefs.length > 0 ? '' : none);
}

/** Hits with the same timestamp get a counter in their key. */
function sameBefore(hits: readonly HitState[], index: number): number {
  let count = 0;
  for (let next = index + 1; hits[next]?.at === hits[index]!.at; next++) count++;
  return count;
}

function noHits({ sources }: ConsoleState, problem: string | undefined): string {
  if (problem !== undefined) return `The record cannot be read: ${problem}`;
  return sources.every(({ kind }) => kind === 'metrics')
    ? 'None that is known: metrics only count hits. A record of them is shown with --hits.'
    : 'None: no limit has refused a call since the console began.';
}

function alertItem(): Item<Alert & { readonly now: number }> {
  const [name, more, summary] = [el('b'), el('span', { class: 'more' }), el('p')];
  const chip = el('span', { class: 'chip' });
  const link = el('a', { target: '_blank', rel: 'noreferrer' }, 'Runbook');
  return {
    element: el('li', {}, el('div', { class: 'head' }, chip, name, more, link), summary),
    update({ name: text, severity, labels, summary: sentence, since: began, runbook, now }) {
      setAttribute(chip, 'data-tone', severity === 'page' || severity === 'critical' ? 'bad' : 'warn');
      setText(chip, severity === '' ? 'firing' : severity);
      setText(name, text);
      setText(more, [began === undefined ? '' : `since ${since(began, now)}`, labels].filter(Boolean).join(' · '));
      setText(summary, sentence);
      link.hidden = runbook === undefined;
      if (runbook !== undefined) setAttribute(link, 'href', runbook);
      setAttribute(link, 'aria-label', `Runbook of ${text}`);
    },
  };
}

function hitItem(): Item<HitState> {
  const [time, what, where, advice] = [el('time'), el('b'), el('span'), el('span', { class: 'advice' })];
  const head = el('div', { class: 'head' }, what, ' ', where);
  return {
    element: el('li', {}, time, el('div', {}, head, advice)),
    update(hit) {
      setText(time, clock(hit.at));
      setAttribute(time, 'datetime', new Date(hit.at).toISOString());
      setText(what, hit.lane);
      setText(where, ` ${noun(hit.dimension)}${numbers(hit)}`);
      setText(advice, hit.advice);
    },
  };
}

function numbers({ limit, used, requested, waitMs }: HitState): string {
  const parts: string[] = [];
  if (limit !== undefined)
    parts.push(used === undefined ? `limit ${number(limit)}` : `${number(used)} of ${number(limit)} used`);
  if (requested !== undefined) parts.push(`asked for ${number(requested)}`);
  if (waitMs !== undefined) parts.push(`wait ${duration(waitMs)}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function changeItem(): Item<Change> {
  const [time, lane, text] = [el('time'), el('b'), el('span', { class: 'text' })];
  const body = el('div', {}, lane, ' ', text);
  return {
    element: el('li', {}, time, body),
    update(change) {
      setText(time, clock(change.at));
      setAttribute(time, 'datetime', new Date(change.at).toISOString());
      setText(lane, change.lane);
      setText(text, change.text);
      setAttribute(text, 'data-tone', change.tone);
    },
  };
}

function batchItem(): Item<BatchState> {
  const [name, more, fill] = [el('b'), el('span', { class: 'more' }), el('div', { class: 'fill' })];
  return {
    element: el('li', {}, name, ' ', more, el('div', { class: 'track', 'aria-hidden': 'true' }, fill)),
    update({ name: text, done, total, failed, inFlight, secondsLeft }) {
      setText(name, text);
      const parts = [
        total === undefined
          ? `${number(done)} done`
          : `${number(done)} of ${number(total)}, ${percent(done / Math.max(1, total))}`,
        failed > 0 ? `${number(failed)} failed` : '',
        inFlight > 0 ? `${number(inFlight)} in flight` : '',
        secondsLeft === undefined ? '' : `${duration(secondsLeft * 1000)} left`,
      ];
      setText(more, parts.filter((part) => part !== '').join(' · '));
      fill.style.setProperty(
        '--used',
        total === undefined ? '0%' : `${((100 * done) / Math.max(1, total)).toFixed(1)}%`,
      );
    },
  };
}

interface Fact {
  readonly key: string;
  readonly name: string;
  readonly text: string;
}

function factItem(): Item<Fact> {
  const [name, text] = [el('b'), el('span', { class: 'more' })];
  return {
    element: el('li', {}, name, ' ', text),
    update(fact) {
      setText(name, fact.name);
      setText(text, fact.text);
    },
  };
}

function fleetFact({ key, provider, group, fleet }: LaneState): Fact[] {
  if (!fleet) return [];
  const { mode, processes, active, exchangeMs, dimensions } = fleet;
  const text = [
    mode,
    `${number(processes)} ${processes === 1 ? 'process' : 'processes'}`,
    ...(active === undefined ? [] : [`${number(active)} active`]),
    ...(exchangeMs === undefined ? [] : [`store answers in ${duration(exchangeMs)}`]),
    ...dimensions.map(({ dimension, leased, free }) => {
      const left = free === undefined ? '' : `, ${number(free)} free`;
      return `${dimension.replaceAll('_', ' ')}: ${number(leased)} leased${left}`;
    }),
  ];
  return [{ key, name: `${provider}/${group}`, text: text.join(' · ') }];
}

/** Limits that share a belief are listed together. */
function beliefFacts(lanes: readonly LaneState[]): Fact[] {
  const facts = new Map<string, { because: string; limits: Map<string, string[]> }>();
  for (const { provider, group, limits } of lanes) {
    for (const { dimension, beliefs } of limits) {
      for (const { belief, because } of beliefs) {
        const fact = facts.get(belief) ?? { because, limits: new Map<string, string[]>() };
        const lane = `${provider}/${group}`;
        fact.limits.set(lane, [...(fact.limits.get(lane) ?? []), noun(dimension)]);
        facts.set(belief, fact);
      }
    }
  }
  return Array.from(facts, ([belief, { because, limits }]) => ({
    key: belief,
    name: belief.replaceAll('_', ' '),
    text: `of ${Array.from(limits, ([lane, kinds]) => `${lane} (${kinds.join(', ')})`).join('; ')}, because ${because}.`,
  }));
}
