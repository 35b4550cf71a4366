import type { Priority } from '../../../src/core/admission.ts';
import { BATCHES, batchHead, batchLine } from './batch-cases.ts';
import { breakdown } from './breakdown.ts';
import type { Case } from './case.ts';
import { CASES, HARM } from './cases.ts';
import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { drawCase, seedOf } from './draw.ts';
import { harmHead, harmLine, measureHarm } from './harm.ts';
import { byDisclosure, line, summarize, table, worst } from './report.ts';
import { type CaseResult, runCase } from './run-case.ts';
import { timeline } from './timeline.ts';

export interface RandomOptions {
  /** Number of draws. */
  readonly random: number | undefined;
  readonly seed: number;
  /** Whether every provider does something wrong. */
  readonly wrong: boolean;
  /** Fixed cases whose name contains this. */
  readonly case: string | undefined;
  readonly harm: boolean;
  /** Draws whose description contains all of these words, and none of those. */
  readonly only: readonly string[];
  readonly not: readonly string[];
  readonly contestants: readonly ContestantName[];
  /** Prints every run. */
  readonly all: boolean;
  readonly timeline: boolean;
  /** Prints results by the features of the cases. */
  readonly by: boolean;
  /** Rows of a batch, by what reveals their limit. */
  readonly batch: boolean;
  /** Whose calls they are; default: as in the case. */
  readonly priority: Priority | undefined;
}

/** The options `--random`, `--case` and `--harm` of `run.ts`. */
export async function runRandom(options: RandomOptions): Promise<void> {
  if (options.harm) await runHarm(options.case);
  else if (options.batch) await runBatches(options.case);
  else await compare(chosen(options), options);
}

async function runHarm(name = ''): Promise<void> {
  console.log(harmHead());
  let met = 0;
  const cases = HARM.filter((each) => each.name.includes(name));
  for (const each of cases) {
    const harm = await measureHarm(each);
    if (harm.met) met++;
    console.log(harmLine(harm));
  }
  console.log(`${met} of ${cases.length} do no harm`);
}

async function runBatches(name = ''): Promise<void> {
  console.log(batchHead());
  for (const each of BATCHES) if (each.name.includes(name)) console.log(await batchLine(each));
}

function chosen(options: RandomOptions): Case[] {
  const { priority } = options;
  const cases = drawnOrFixed(options);
  return priority ? cases.map((each) => withPriority(each, priority)) : cases;
}

function withPriority(each: Case, priority: Priority): Case {
  return { ...each, jobs: (random) => each.jobs(random).map((job) => ({ ...job, priority })) };
}

function drawnOrFixed({ random, seed, wrong, case: name, only, not }: RandomOptions): Case[] {
  const all = [...CASES, ...HARM];
  if (name !== undefined) {
    const exact = all.filter((each) => each.name === name);
    return exact.length > 0 ? exact : CASES.filter((each) => name === 'all' || each.name.includes(name));
  }
  return Array.from({ length: random ?? 0 }, (_, index) => drawCase(seedOf(seed, index), wrong)).filter(
    (each) => only.every((word) => each.name.includes(word)) && !not.some((word) => each.name.includes(word)),
  );
}

async function compare(cases: readonly Case[], options: RandomOptions): Promise<void> {
  const startedAt = process.cpuUsage();
  const few = options.all || cases.length <= CASES.length;
  const summaries = [];
  let listed = '';
  for (const contestant of options.contestants) {
    const results: CaseResult[] = [];
    for (const each of cases) {
      const result = await runCase(each, contestant, options.timeline ? timeline(console.log) : {});
      results.push(result);
      if (few) console.log(line(result));
    }
    summaries.push(summarize(results), ...(few ? [] : byDisclosure(results)));
    if (options.by) listed += `\n${contestant}, by what the providers have:\n${breakdown(results)}\n`;
    if (!few) listed += `\n${contestant}, the worst:\n${worst(results)}\n`;
  }
  console.log(`${listed}\n${table(summaries)}`);
  const { user, system } = process.cpuUsage(startedAt);
  console.log(`${cases.length} cases, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
}

/** @throws Error for an unknown name */
export function contestantsOf(text: string | undefined): ContestantName[] {
  if (text === undefined) return ['tidegate'];
  const names = Object.keys(CONTESTANTS) as ContestantName[];
  if (text === '' || text === 'all') return names;
  return text.split(',').map((name) => {
    const found = names.find((each) => each === name);
    if (!found) throw new Error(`Expected --contestants to be of ${names.join(', ')}, got ${name}`);
    return found;
  });
}
