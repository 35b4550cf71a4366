import type { ConsoleState, LaneState, LimitState, Point, Tone } from '../state.ts';
import { duration, noun, number, percent, rate, short, usd } from '../format.ts';
import { byId, el, type Item, KeyedList, setAttribute, setText, spark } from './dom.ts';
import { ofLane } from './points.ts';
import { clock } from './time.ts';

const CONDITIONS: Readonly<Record<LaneState['condition'], string>> = {
  unreachable: 'cannot be read',
  outage: 'down',
  quota: 'no credit',
  overloaded: 'provider full',
  paused: 'paused',
  limited: 'at its limit',
  crowded: 'full',
  waiting: 'waiting',
  refused: 'refused',
  near: 'near its limit',
  free: 'free',
  idle: 'idle',
};

/** The most common belief, how a limit refills; it is in the list below instead. */
const SHAPES: ReadonlySet<string> = new Set(['resets_at_once', 'scaled_level', 'short_bucket', 'shorter_window']);

interface Row {
  readonly lane: LaneState;
  readonly points: readonly Point[];
}

let rows: KeyedList<Row> | undefined;

/** Lanes with the limits of each as gauges. */
export function showLanes({ lanes, lanesLeftOut }: ConsoleState, points: readonly Point[]): void {
  rows ??= new KeyedList(byId('lane-rows'), laneRow);
  rows.update(
    lanes.map((lane) => ({ lane, points })),
    ({ lane }) => lane.key,
  );
  const none =
    lanes.length === 0 ? 'A lane appears with its first call: a provider, an account and a pool of models.' : '';
  setText(byId('lanes-none'), lanesLeftOut > 0 ? `${number(lanesLeftOut)} more lanes are not shown.` : none);
}

function laneRow(): Item<Row> {
  const [provider, group] = [el('span', { class: 'provider' }), el('span')];
  const name = el('span', { class: 'lane-name' }, provider, group);
  const [chip, source] = [el('span', { class: 'chip' }), el('span', { class: 'more' })];
  const gauges = el('ul', { class: 'gauges' });
  const list = new KeyedList(gauges, gauge);
  const trend = spark();
  const [inFlight, waiting, calls, refused] = [amount(), amount(), amount(), amount()];
  const circuit = el('td');
  const element = el(
    'tr',
    {},
    el('th', { scope: 'row' }, name, source, el('div', {}, chip)),
    el('td', {}, gauges),
    el('td', { class: 'trend' }),
    inFlight.element,
    waiting.element,
    calls.element,
    refused.element,
    circuit,
  );
  element.cells[2]!.append(trend.element);
  return {
    element,
    update({ lane, points }) {
      setAttribute(element, 'data-tone', lane.tone);
      setText(provider, `${lane.provider}/`);
      setText(group, lane.group);
      setText(source, lane.source);
      setText(
        chip,
        lane.since === undefined
          ? CONDITIONS[lane.condition]
          : `${CONDITIONS[lane.condition]} since ${clock(lane.since)}`,
      );
      list.update(lane.limits, ({ dimension }) => dimension);
      trend.draw(ofLane(points, lane.key, 0), 1);
      inFlight.show(number(lane.inFlight), lane.maxConcurrent === undefined ? '' : `of ${short(lane.maxConcurrent)}`);
      waiting.show(number(lane.queued), lane.queued > 0 ? `oldest ${duration(lane.oldestWaitMs)}` : '');
      calls.show(rate(lane.callsPerSecond), callsMore(lane));
      refused.show(number(Object.values(lane.refused).reduce((a, b) => a + b, 0)), refusedMore(lane));
      setText(circuit, circuitText(lane));
    },
  };
}

const callsMore = ({ tokensPerSecond, usdPerHour }: LaneState): string =>
  (tokensPerSecond > 0 ? `${short(Math.round(tokensPerSecond))} tokens` : '') +
  (usdPerHour === undefined || usdPerHour === 0 ? '' : ` · ${usd(usdPerHour)}/h`);

const refusedMore = ({ refused }: LaneState): string =>
  Object.keys(refused)
    .map((each) => each.replaceAll('_', ' '))
    .join(', ');

function circuitText({ circuit, pausedForMs }: LaneState): string {
  if (pausedForMs > 0) return `paused ${duration(pausedForMs)}`;
  return circuit === '' ? '–' : circuit.replaceAll('_', ' ');
}

function amount(): { readonly element: HTMLTableCellElement; show(value: string, more: string): void } {
  const [value, more] = [el('span'), el('span', { class: 'more' })];
  return {
    element: el('td', { class: 'amount' }, value, more),
    show(text, small) {
      setText(value, text);
      setText(more, small);
    },
  };
}

function gauge(): Item<LimitState> {
  const [name, believed] = [el('span'), el('span', { class: 'believed' })];
  const fill = el('div', { class: 'fill' });
  const [of, share] = [el('span', { class: 'of' }), el('span', { class: 'share' })];
  const track = el('div', { class: 'track', 'aria-hidden': 'true' }, fill);
  const element = el('li', {}, el('span', { class: 'what' }, name, believed), track, of, share);
  return {
    element,
    update({ dimension, limit, used, beliefs, resetMs }) {
      const tone: Tone = used === undefined ? 'quiet' : used >= 0.9 ? 'warn' : used >= 0.8 ? 'note' : 'ok';
      setAttribute(element, 'data-tone', tone);
      setAttribute(element, 'title', titleOf({ dimension, limit, resetMs }));
      setText(name, noun(dimension).replace(' per minute', '/min').replace(' per day', '/day'));
      const others = beliefs.map(({ belief }) => belief).filter((belief) => !SHAPES.has(belief));
      believed.hidden = others.length === 0;
      setText(believed, others.join(', ').replaceAll('_', ' '));
      fill.style.setProperty('--used', `${Math.min(100, (used ?? 0) * 100).toFixed(1)}%`);
      setText(of, used === undefined ? short(limit) : `${short(Math.round(used * limit))} of ${short(limit)}`);
      setText(share, used === undefined ? '–' : percent(used));
    },
  };
}

function titleOf({ dimension, limit, resetMs }: Pick<LimitState, 'dimension' | 'limit' | 'resetMs'>): string {
  const reset = resetMs !== undefined && resetMs > 0 ? `, all of it is back in ${duration(resetMs)}` : '';
  return `${noun(dimension)}: ${number(limit)}${reset}`;
}
