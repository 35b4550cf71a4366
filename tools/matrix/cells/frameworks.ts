import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { program } from '../program.ts';
import { packages, version } from '../versions.ts';

const SECTION = 'Frameworks';
const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/frameworks.md'), 'utf8');

interface Framework {
  /** Its heading in the documentation, whose program is run. */
  readonly heading: string;
  readonly name: string;
  readonly packages: readonly string[];
  /** Imports of the driver. */
  readonly imports?: string;
  /** The program's objects that act as a client, and how to close them. */
  readonly client: string;
  readonly end?: string;
}

const FRAMEWORKS: readonly Framework[] = [
  {
    heading: 'Mastra',
    name: '@mastra/core',
    packages: ['@mastra/core', '@ai-sdk/openai'],
    client: "{ chat: { completions: { create: () => agent.generate('hello') } } }",
  },
  {
    heading: 'LlamaIndex.TS',
    name: '@llamaindex/openai',
    packages: ['llamaindex', '@llamaindex/openai'],
    client: "{ chat: { completions: { create: () => llm.chat({ messages: [{ role: 'user', content: 'hello' }] }) } } }",
  },
  {
    heading: 'NestJS',
    name: '@nestjs/core',
    packages: ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'openai'],
    imports: "import 'reflect-metadata';\nimport { NestFactory } from '@nestjs/core';",
    client: 'app.get(OpenAI)',
    end: 'await app.close();',
  },
];

const ENVIRONMENT = `
import process from 'node:process';
process.env.OPENAI_BASE_URL = process.env.MATRIX_OPENAI_URL + '/v1';
process.env.OPENAI_API_KEY = 'k';
`;

/** The program of a section, calling the simulator with the cell's model. */
function documented(heading: string): string {
  const section = PAGE.split(/^## /m).find((each) => each.startsWith(`${heading}\n`));
  const code = /^```js\n([^]*?)^```$/m.exec(section ?? '')?.[1];
  if (code === undefined) throw new Error(`Expected docs/frameworks.md to have a program under ${heading}.`);
  return code.replaceAll("'gpt-4o-mini'", 'process.env.MATRIX_MODEL');
}

export const frameworkCells: readonly Cell[] = FRAMEWORKS.flatMap(
  ({ heading, name, imports = '', client, end = '', ...rest }) => {
    const folder: Folder = {
      name: heading.toLowerCase().replaceAll('.', '-'),
      packages: packages(...rest.packages, 'openai'),
    };
    const start =
      heading === 'NestJS'
        ? 'const app = await NestFactory.createApplicationContext(LlmModule, { logger: false });'
        : '';
    const cell: Cell = {
      id: `${name}, as documented`,
      place: [SECTION, `${heading} ${version(name)}`, 'as documented'],
      folder,
      files: {
        'environment.mjs': ENVIRONMENT,
        'app.mjs': [
          "import './environment.mjs';",
          "import matrix from './burst.cjs';",
          imports,
          documented(heading),
          start,
          `await matrix.run({ openai: ${client} });`,
          end,
        ].join('\n'),
      },
      steps: [{ argv: ['node', 'app.mjs'] }],
      expect: 'guarded',
      seconds: 180,
    };
    const bare = { ...cell, id: `${name}, the SDK alone`, files: { 'app.mjs': program('esm', 'bare', ['openai']) } };
    return [controlOf(bare), cell];
  },
);
