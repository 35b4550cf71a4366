import type { Step } from './dashboard.ts';

export const PALETTE: readonly string[] = [
  '#73bf69',
  '#5794f2',
  '#ff9830',
  '#b877d9',
  '#f2495c',
  '#fade2a',
  '#37a2b0',
  '#ff7383',
  '#8ab8ff',
  '#c8f2c2',
];

const NAMED: Readonly<Record<string, string>> = {
  green: '#56a64b',
  yellow: '#e0b400',
  orange: '#ff780a',
  red: '#e02f44',
  blue: '#3274d9',
  purple: '#a352cc',
  'light-green': '#96d98d',
  gray: '#8e8e8e',
};

export function colorOf(name: string): string {
  return NAMED[name] ?? name;
}

/** Colour of the last step that the value reaches. */
export function stepColor(value: number, steps: readonly Step[] = []): string {
  let color = 'green';
  for (const step of steps) if (step.value === null || value >= step.value) color = step.color;
  return colorOf(color);
}

/** A value with its unit, as short as possible. */
export function format(value: number, unit = 'short'): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : String(value);
  switch (unit) {
    case 'percentunit':
      return `${short(value * 100)}%`;
    case 's':
      return seconds(value);
    case 'currencyUSD':
      return `$${short(value)}`;
    case 'reqps':
      return `${short(value)} req/s`;
    case 'reqpm':
      return `${short(value)} req/min`;
    default:
      return short(value);
  }
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1) return `${short(value * 1_000)} ms`;
  if (size < 120) return `${short(value)} s`;
  if (size < 7_200) return `${short(value / 60)} min`;
  return size < 172_800 ? `${short(value / 3_600)} h` : `${short(value / 86_400)} d`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
