import { duration, number } from '../amounts.ts';
import type { Look } from './lane-rows.ts';
import type { Sample } from './metrics-text.ts';

/** How the lanes behind a metrics page share their limits with other processes. */
export interface FleetState {
  readonly shared: number;
  readonly joining: number;
  readonly alone: number;
  /** Failed exchanges with the store per second, by fault; zeros are omitted. */
  readonly errorsPerSecond: Readonly<Record<string, number>>;
  /** Mean latency of the store since the previous reading; undefined without exchanges. */
  readonly exchangeSeconds: number | undefined;
}

/** Undefined if limits are not shared. */
export function fleetState(before: Look | undefined, now: Look): FleetState | undefined {
  const lanes = { shared: 0, joining: 0, alone: 0 };
  let known = false;
  for (const { name, labels, value } of now.samples) {
    const mode = labels['tidegate_fleet_mode'] ?? '';
    if (name !== 'tidegate_fleet_lanes' || !Object.hasOwn(lanes, mode)) continue;
    lanes[mode as keyof typeof lanes] += value;
    known = true;
  }
  if (!known) return undefined;
  const seconds = before ? Math.max(0.001, (now.atMs - before.atMs) / 1000) : Infinity;
  const grown = (name: string, labels?: Sample['labels']): number =>
    Math.max(0, sum(now, name, labels) - sum(before, name, labels));
  const errorsPerSecond: Record<string, number> = {};
  for (const { name, labels } of now.samples) {
    if (name !== 'tidegate_fleet_exchange_errors_total') continue;
    const fault = labels['tidegate_fleet_fault'] ?? '';
    const rate = grown(name, { tidegate_fleet_fault: fault }) / seconds;
    if (rate > 0) errorsPerSecond[fault] = rate;
  }
  const asked = before ? grown('tidegate_fleet_exchange_seconds_count') : 0;
  const took = grown('tidegate_fleet_exchange_seconds_sum');
  return { ...lanes, errorsPerSecond, exchangeSeconds: asked > 0 ? took / asked : undefined };
}

/** One line; empty if limits are not shared. */
export function fleetLine(fleet: FleetState | undefined): string {
  if (!fleet) return '';
  const { shared, joining, alone, errorsPerSecond, exchangeSeconds } = fleet;
  const lanes = [
    ...(shared > 0 ? [`${number(shared)} shared`] : []),
    ...(joining > 0 ? [`${number(joining)} joining`] : []),
    ...(alone > 0 ? [`${number(alone)} alone`] : []),
  ];
  const faults = Object.entries(errorsPerSecond).map(
    ([fault, rate]) => `${fault.replaceAll('_', ' ')} ${rate.toFixed(1)}/s`,
  );
  return [
    `fleet: lanes ${lanes.length > 0 ? lanes.join(', ') : 'none yet'}`,
    ...(exchangeSeconds === undefined ? [] : [`store answers in ${took(exchangeSeconds)}`]),
    ...(faults.length > 0 ? [`fails: ${faults.join(', ')}`] : []),
  ].join('; ');
}

const took = (seconds: number): string => (seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : duration(seconds));

function sum(look: Look | undefined, name: string, wanted: Sample['labels'] = {}): number {
  let total = 0;
  for (const sample of look?.samples ?? []) {
    if (sample.name !== name) continue;
    if (Object.entries(wanted).every(([key, value]) => sample.labels[key] === value)) total += sample.value;
  }
  return total;
}
