import type { ConsoleState, TierName, Update } from '../state.ts';
import { Charts } from './charts.ts';
import { byId, el, type Item, KeyedList, setAttribute, setText } from './dom.ts';
import { showTotals, showVerdict } from './first-row.ts';
import { showLanes } from './lanes.ts';
import { showLists } from './lists.ts';
import { Points } from './points.ts';
import { followTheme } from './theme.ts';
import { clock } from './time.ts';

/** The server's sampling interval. */
const EVERY_MS = 2_000;
const LONGEST_ANSWER_MS = 10_000;

const points = new Points();
const charts = new Charts(byId('charts'));
const sources = new KeyedList<ConsoleState['sources'][number]>(byId('sources'), sourceItem);
let range: TierName = 'fine';
let shown: ConsoleState | undefined;
let paused = false;
let lostAt: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

async function ask(): Promise<void> {
  const query = `fine=${points.last('fine')}&coarse=${points.last('coarse')}`;
  const response = await fetch(`state?${query}`, { signal: AbortSignal.timeout(LONGEST_ANSWER_MS), cache: 'no-store' });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const update = (await response.json()) as Update;
  if (points.add(update)) return ask();
  shown = update.state;
  return undefined;
}

/** Polls and renders: never twice at once, and not while the page is hidden. */
async function round(): Promise<void> {
  clearTimeout(timer);
  if (asking || paused || document.hidden) return;
  asking = true;
  try {
    await ask();
    lostAt = undefined;
    show();
  } catch {
    lostAt ??= Date.now();
    byId('lost').hidden = false;
    setText(byId('lost'), `The console has not answered since ${clock(lostAt)}. What is shown is from before.`);
    if (shown === undefined) setText(byId('title'), 'The console does not answer');
  } finally {
    asking = false;
    timer = setTimeout(() => void round(), EVERY_MS);
  }
}

function show(): void {
  if (!shown) return;
  byId('lost').hidden = true;
  const now = points.of(range);
  showVerdict(shown);
  showTotals(shown, now);
  showLanes(shown, now);
  charts.update(shown, now, range);
  showLists(shown);
  sources.update(shown.sources, ({ name }) => name);
  setText(byId('fresh'), `${paused ? 'paused at' : 'updated'} ${clock(shown.at)}`);
  setText(
    byId('footer'),
    `Since ${new Date(shown.startedAt).toLocaleString()} · read-only · times are of this browser`,
  );
  setAttribute(document.body, 'data-state', 'shown');
}

function sourceItem(): Item<ConsoleState['sources'][number]> {
  const element = el('li');
  return {
    element,
    update({ name, problem }) {
      setAttribute(element, 'data-tone', problem === undefined ? 'ok' : 'bad');
      setText(element, problem === undefined ? name : `${name}: ${problem}`);
    },
  };
}

const pause = byId('pause');
pause.addEventListener('click', () => {
  paused = !paused;
  setAttribute(pause, 'aria-pressed', String(paused));
  show();
  void round();
});
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=range]')) {
  radio.addEventListener('change', () => {
    if (!radio.checked) return;
    range = radio.value as TierName;
    show();
  });
}
document.addEventListener('visibilitychange', () => void round());
followTheme(() => charts.recolour());
void round();
