import { readFileSync } from 'node:fs';
import { mulberry32 } from '../../src/simulator/random.ts';
import { mutate, pump } from './mutate.ts';
import type { Target } from './target.ts';

export interface Finding {
  readonly target: string;
  readonly text: string;
  readonly error: unknown;
}

/** Long enough that a backtracking search takes minutes, and a linear one a few milliseconds. */
const PUMPED_CHARS = 200_000;
const PUMPED_MS = 2_000;

export function corpusOf({ name }: Target): readonly string[] {
  return JSON.parse(readFileSync(new URL(`corpus/${name}.json`, import.meta.url), 'utf8')) as string[];
}

/**
 * Runs the corpus unchanged, then mutated `rounds` times, then lengthened. Returns the first finding, or undefined. By
 * seed.
 */
export function fuzz(target: Target, seed: number, rounds: number): Finding | undefined {
  const random = mulberry32(seed);
  const corpus = corpusOf(target);
  for (const text of corpus) {
    const finding = attempt(target, text);
    if (finding) return finding;
  }
  for (let round = 0; round < rounds; round++) {
    const finding = attempt(target, mutate(random, corpus));
    if (finding) return finding;
  }
  for (let round = 0; round < Math.ceil(rounds / 50); round++) {
    const text = pump(random, corpus, PUMPED_CHARS);
    const before = process.cpuUsage();
    const finding = attempt(target, text);
    if (finding) return finding;
    const { user, system } = process.cpuUsage(before);
    const tookMs = (user + system) / 1_000;
    if (tookMs > PUMPED_MS) return { target: target.name, text, error: new Error(`took ${tookMs} ms`) };
  }
  return undefined;
}

function attempt(target: Target, text: string): Finding | undefined {
  try {
    target.run(text);
    return undefined;
  } catch (error) {
    return { target: target.name, text, error };
  }
}
