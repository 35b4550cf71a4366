import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../error-text.ts';
import { isSameFile } from '../same-file.ts';
import type { BatchArgs } from './batch-args.ts';
import { columnsOf, type RowFormat } from './input-rows.ts';
import { isObjectLine, placesOf, PROMPT_PLACES, type PromptSettings } from './row-format.ts';
import { type BatchProvider, targetOf } from './target.ts';

/*
 * Checks that need no input: reading a large file takes minutes, and a pipe may take hours.
 */

/** Thrown for bad arguments, before anything is read or sent. */
export class UsageError extends Error {}

/** @throws UsageError if the files cannot be used for a run. */
export async function checkPaths({ input, out, errors, journal, resume }: BatchArgs): Promise<void> {
  const written = [out, errors, journal].filter((path) => path !== undefined && path !== '-') as string[];
  for (const [index, path] of written.entries()) {
    for (const other of [input, ...written.slice(0, index)]) {
      if (other !== '-' && (await isSameFile(path, other)))
        throw new UsageError(`${path} would be both read and written.`);
    }
  }
  if (resume) {
    if (journal === undefined) throw new UsageError('There is nothing to resume from: name a --journal.');
    await access(journal).catch(() => {
      throw new UsageError(`There is no journal at ${journal} to resume from.`);
    });
  }
  for (const path of written) await checkWritable(path);
}

async function checkWritable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw new UsageError(`${path} is a folder; a file was expected.`);
  const place = found ? path : dirname(path);
  try {
    await access(place, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${errorText(error, place)}`, { cause: error });
  }
}

/** @throws UsageError if none of the providers has a key. */
export function checkKeys(providers: readonly BatchProvider[], baseURL: string | undefined): void {
  const missing: string[] = [];
  for (const provider of providers) {
    try {
      targetOf(provider, baseURL, process.env);
      return;
    } catch (error) {
      missing.push((error as Error).message);
    }
  }
  throw new UsageError(missing.join('\n'));
}

/**
 * Checks the options for prompts against the format of the rows. @throws UsageError that names missing and unused
 * options.
 */
export function checkPrompt(format: RowFormat, firstLine: string, prompt: Omit<PromptSettings, 'api'>): void {
  if (format === 'openai' || format === 'anthropic') {
    const unused = PROMPT_OPTIONS.filter(([member]) => prompt[member] !== undefined).map(([, option]) => option);
    if (unused.length === 0) return;
    throw new UsageError(`The rows of the input are complete requests: remove ${unused.join(', ')}.`);
  }
  // Reported later, with the line number.
  if (format === 'jsonl' && !isObjectLine(firstLine)) return;
  const { template, model } = prompt;
  if (template !== undefined) checkPlaces(template, format, firstLine);
  else if (format !== 'prompts') throw new UsageError('Rows of data need --template, such as "Classify: {{text}}".');
  if (model === undefined) throw new UsageError('Prompts and data need --model.');
}

function checkPlaces(template: string, format: RowFormat, firstLine: string): void {
  const places = placesOf(template);
  if (places.length === 0) throw new UsageError('Expected --template to have a place for the row, such as {{text}}.');
  if (format === 'prompts') {
    const unknown = places.find((name) => !PROMPT_PLACES.has(name));
    if (unknown === undefined) return;
    throw new UsageError(
      `The input was read as prompts, which have no "${unknown}" for the template: specify its --format.`,
    );
  }
  const columns = format === 'csv' ? columnsOf(firstLine) : undefined;
  const missing = columns && places.find((name) => !columns.includes(name));
  if (missing !== undefined) throw new UsageError(`The header has no column "${missing}" for the template.`);
}

const PROMPT_OPTIONS = [
  ['model', '--model'],
  ['system', '--system'],
  ['template', '--template'],
  ['schema', '--schema'],
  ['maxTokens', '--max-tokens'],
] as const;
