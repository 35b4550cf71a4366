import { BY_JOB, lookupOf } from './alert.ts';
import type { Series } from './naming.ts';

/** Templates that print rounded numbers. They have no arithmetic, so they query Prometheus for it. */

function times(factor: string, value: string, digits: string): string {
  return `{{ printf "%f ${factor}" ${value} | query | first | value | printf "${digits}" }}`;
}

/** 0.1732 -> 17%, 0.0123 -> 1.2%. */
export function share(value = '$value'): string {
  return `{{ if lt ${value} 0.0995 }}${times('* 100', value, '%.2g')}{{ else }}${times('* 100', value, '%.0f')}{{ end }}%`;
}

/** 0.0734 -> 73 ms, 7.31 -> 7.3 seconds, 55.36 -> 55 seconds, 180 -> 3 minutes, 5400 -> 1.5 hours. */
export function duration(value = '$value'): string {
  const under = (seconds: string, text: string): string => `{{ if lt ${value} ${seconds} }}${text}{{ else }}`;
  return [
    under('0.9995', `${times('* 1000', value, '%.0f')} ms`),
    under('9.95', `{{ printf "%.1f" ${value} }} seconds`),
    under('100.0', `{{ printf "%.0f" ${value} }} seconds`),
    under('5400.0', `${times('/ 60', value, '%.0f')} minutes`),
    `${times('/ 3600', value, '%.1f')} hours{{ end }}{{ end }}{{ end }}{{ end }}`,
  ].join('');
}

/** 3.456 -> 3.46 USD, 3020.98 -> 3021 USD. */
export function dollars(value = '$value'): string {
  return `{{ if lt ${value} 100.0 }}{{ printf "%.2f" ${value} }}{{ else }}{{ printf "%.0f" ${value} }}{{ end }} USD`;
}

/** 11.97 -> 12 calls, 1 -> 1 call. */
export function counted(noun: string): string {
  return `{{ printf "%.0f" $value }} ${noun}{{ if ge $value 1.5 }}s{{ end }}`;
}

/**
 * Template that sets a variable to the value of a label of the largest series of a query; empty when there is none.
 * @param query PromQL with `%q` for each label of `labels`
 */
export function largest(variable: string, query: string, labels: string, label: string): string {
  const found = `{{ with printf \`topk(1, ${query} > 0)\` ${lookupOf(labels).args} | query }}{{ ${variable} = . | first | label "${label}" }}{{ end }}`;
  return `{{ ${variable} := "" }}${found}`;
}

/**
 * Template that sets a variable to the mean of a histogram over five minutes; zero when nothing is recorded. A
 * percentile is a place in a bucket that may reach from ten seconds to sixty; this is what was measured.
 */
export function mean(variable: string, histogram: (part: 'sum' | 'count') => string, labels: string): string {
  const of = (part: 'sum' | 'count'): string => `sum(rate(${histogram(part)}[5m]))`;
  const { args } = lookupOf(labels);
  const found = `{{ with printf \`${of('sum')} / (${of('count')} > 0)\` ${args} ${args} | query }}{{ ${variable} = . | first | value }}{{ end }}`;
  return `{{ ${variable} := 0.0 }}${found}`;
}

/** Template that prints the text for a value, or else the last one. */
export function choice(variable: string, texts: Readonly<Record<string, string>>, otherwise = ''): string {
  const branches = Object.entries(texts).map(
    ([value, text], index) => `{{ ${index === 0 ? 'if' : 'else if'} eq ${variable} "${value}" }}${text}`,
  );
  return `${branches.join('')}${otherwise === '' ? '' : `{{ else }}${otherwise}`}{{ end }}`;
}

const UNITS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** For a threshold: 30 -> 30 seconds, 14400 -> 4 hours. */
export function spoken(seconds: number): string {
  const [length, unit] = UNITS.find(([each]) => seconds >= each && seconds % each === 0) ?? [1, 'second'];
  const count = Number((seconds / length).toPrecision(6));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * Template of a sentence that names the process with nearly all of something, if a job has several.
 * @param expr what is counted, with `%q` for each label of `labels`
 */
export function onePod(series: Series, expr: string, labels: string): string {
  const { args } = lookupOf(labels);
  const job = lookupOf(BY_JOB);
  const query = [
    `(topk(1, sum by (instance) (${expr}) / scalar(sum(${expr}))) > 0.8)`,
    `and on () (count(${series('tidegate.build_info', job.matchers)}) > 1)`,
  ].join(' ');
  return `{{ with printf \`${query}\` ${args} ${args} ${job.args} | query }} Nearly all of it is in {{ . | first | label "instance" }}.{{ end }}`;
}
