import { parseAst } from 'rolldown/parseAst';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/commands/dispatch.ts';
import { pages, read } from './pages.ts';

describe('commands in the documentation', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };

  it('are scripts of this package', () => {
    for (const page of pages()) {
      for (const [, script] of read(page).matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)) {
        expect(Object.keys(scripts), page).toContain(script!);
      }
    }
  });

  const optionsOf = new Map(
    program('0.0.0').commands.map((command) => [
      command.name(),
      ['--help', ...command.options.flatMap(({ long }) => long ?? [])],
    ]),
  );

  it('of tidegate all have a row in docs/command-line.md', () => {
    const rows = [...read('docs/command-line.md').matchAll(/^\| `([a-z]+)` /gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual([...optionsOf.keys()].filter((name) => name !== 'help').toSorted());
  });

  it.each(pages())('of tidegate exist, with their options, in %s', (page) => {
    for (const [, name, rest] of read(page).matchAll(/\bnpx tidegate ([a-z]+)([^`\n|&>)]*)/g)) {
      if (name === 'help') continue;
      expect([...optionsOf.keys()]).toContain(name);
      for (const [option] of rest!.matchAll(/(?<=\s)--[a-z][\w-]*/g)) expect(optionsOf.get(name!)).toContain(option);
    }
  });
});

/** Programs that need packages which are not installed here; `npm run test:matrix` runs them. */
const JAVASCRIPT = /^```js\n([^]*?)^```$/gm;

it.each(pages())('programs in JavaScript of %s are complete', (page) => {
  for (const [, code] of read(page).matchAll(JAVASCRIPT)) expect(() => parseAst(code!)).not.toThrow();
});
