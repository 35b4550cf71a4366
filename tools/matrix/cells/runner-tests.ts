import type { Step } from '../cell.ts';
import { clients, loads, type Modules, type Way } from '../program.ts';

/** A test runner in one of its modes. */
export interface Runner {
  readonly name: string;
  readonly column: string;
  readonly test: string;
  readonly modules: Modules;
  /** The statement that mocks a module, where the runner has one. */
  readonly mock?: string;
  /** Replaces `FACTORY`. */
  readonly mocked?: string;
  readonly step: Step;
  readonly files: Readonly<Record<string, string>>;
  /** Further code that mocking needs. */
  readonly mockFiles?: Readonly<Record<string, string>>;
  /** Where `test` and `expect` are imported from, unless they are globals. */
  readonly globals?: string;
}

/** The small factory of a hundred READMEs: a constructor with one method, and nothing else of the SDK. */
const constructor = (fn: string): string =>
  `${fn}.mockImplementation(function () { return { chat: { completions: { create: async () => ({ choices: [{ message: { content: 'mocked' } }] }) } } }; })`;

export const MOCK = {
  plain: (fn: string): string => `() => ({ default: ${constructor(fn)} })`,
  esModule: (fn: string): string => `() => ({ __esModule: true, default: ${constructor(fn)} })`,
} as const;

/** A test that makes real calls. */
export function guardedTest({ modules, globals = '' }: Runner, way: Way): string {
  return `
${globals}
${loads(modules, way)}
test('a burst', async () => {
${clients(modules, way)}
  await matrix.run(clients);
}, 20000);
`;
}

/** A test of an application that uses tidegate, in which the SDK is a mock. No request may be sent. */
export function mockedTest(
  { modules, globals = '', mock = '', mocked = '', column }: Runner,
  way: 'drop-in' | 'wrap',
): string {
  const statement = mock.replace('FACTORY', () => mocked);
  const sdk = way === 'drop-in' ? 'tidegate/openai' : 'openai';
  // Mocked ES modules have to be imported afterwards; required or hoisted statements are in order.
  const late = column === 'ES modules';
  const load = (what: string, from: string): string => {
    if (late) return `const ${what.replace('OpenAI', '{ default: OpenAI }')} = await import('${from}');`;
    if (modules === 'cjs') return `const ${what === 'OpenAI' ? '{ default: OpenAI }' : what} = require('${from}');`;
    return `import ${what} from '${from}';`;
  };
  return `
${globals}
${late ? '' : load('OpenAI', sdk)}
${late || way === 'drop-in' ? '' : load('{ wrap }', 'tidegate')}
${statement}
test('a mocked call', async () => {
  ${late ? load('OpenAI', sdk) : ''}
  ${late && way === 'wrap' ? load('{ wrap }', 'tidegate') : ''}
  const made = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9' });
  const client = ${way === 'wrap' ? 'wrap(made)' : 'made'};
  const answer = await client.chat.completions.create({ model: 'm', messages: [] });
  expect(answer.choices[0].message.content).toBe('mocked');
}, 5000);
`;
}
