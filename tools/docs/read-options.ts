import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** An option as its interface declares it. */
export interface Option {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** The docstring on one line; that of the option above if several share one. */
  readonly text: string;
}

/** A member of an interface, with the comment above it. */
const MEMBER = /(?:^ {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^ {2}readonly (\w+)(\?)?: ((?:[^;{]|\{[^}]*\})+);$/gm;

/**
 * The options that an exported interface declares, in the order of the source.
 *
 * @throws Error when there is no such interface, or a member of it that this does not understand
 */
export async function readOptions(path: string, name: string): Promise<Option[]> {
  const source = await readFile(join(ROOT, path), 'utf8');
  const body = new RegExp(`^export interface ${name}(?:<\\w+>)?(?: extends \\w+)? \\{\\n([^]*?)^\\}$`, 'm').exec(
    source,
  )?.[1];
  if (body === undefined) throw new Error(`Expected ${path} to export the interface ${name}.`);
  const options: Option[] = [];
  for (const [, comment, member, optional, type] of body.matchAll(MEMBER)) {
    const text = comment?.replaceAll(/\s*\n\s*\* ?/g, ' ').trim() ?? options.at(-1)?.text ?? '';
    options.push({ name: member!, type: type!.replaceAll(/\s+/g, ' '), required: optional === undefined, text });
  }
  const members = body.match(/^ {2}readonly /gm)?.length ?? 0;
  if (options.length !== members) throw new Error(`${path}: read ${options.length} of ${members} members of ${name}.`);
  return options;
}
