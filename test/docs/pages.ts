import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** Pages for users and contributors, by path from the root. */
export function pages(): string[] {
  const under = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file));
  const top = readdirSync(ROOT).filter((file) => file.endsWith('.md') && file !== 'THIRD-PARTY-NOTICES.md');
  return [...top, ...under('docs'), ...under('prometheus'), ...under('bench')].filter(
    (path) => !path.includes('node_modules'),
  );
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A block of TypeScript in a page. */
export interface Snippet {
  /** `docs/frameworks.md:12`: the line of the fence. */
  readonly place: string;
  readonly code: string;
  /** Code that the page leaves out, in a comment above the block: `<!-- given: const emails = ['...']; -->`. */
  readonly given: string;
  /** Why it is only compiled, in a comment above it: `<!-- not run: needs a Redis -->`. */
  readonly notRun: string | undefined;
}

/** A fence, with the comments directly above it. */
const BLOCK = /((?:^<!--[^]*?-->\n+)*)^```ts\n([^]*?)^```$/gm;

export function snippetsOf(path: string): Snippet[] {
  const text = read(path);
  return [...text.matchAll(BLOCK)].map(({ 0: whole, 1: comments, 2: code, index }) => {
    const fence = text.slice(0, index + whole.indexOf('```ts')).split('\n').length;
    const note = (name: string): string | undefined =>
      new RegExp(`<!-- ${name}:\\s*([^]*?)\\s*-->`).exec(comments!)?.[1];
    return { place: `${path}:${fence}`, code: code!, given: note('given') ?? '', notRun: note('not run') };
  });
}
