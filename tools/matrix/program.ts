/** The syntax of a program. */
export type Modules = 'esm' | 'cjs' | 'ts';
/** How its clients are guarded, if at all. */
export type Way = 'drop-in' | 'wrap' | 'fetch' | 'bare';

export const SDKS = {
  openai: { name: 'OpenAI', specifier: 'openai' },
  anthropic: { name: 'Anthropic', specifier: '@anthropic-ai/sdk' },
  groq: { name: 'Groq', specifier: 'groq-sdk' },
} as const;

export type Provider = keyof typeof SDKS;

const EVERY = Object.keys(SDKS) as Provider[];

/** A program that makes calls with one client of each provider. */
export function program(modules: Modules, way: Way, providers: readonly Provider[] = EVERY): string {
  return [loads(modules, way, providers), clients(modules, way, providers), 'void matrix.run(clients);', ''].join('\n');
}

/** The imports of a program, or its calls of `require`. */
export function loads(modules: Modules, way: Way, providers: readonly Provider[] = EVERY): string {
  const load = (what: string, from: string): string =>
    modules === 'cjs' ? `const ${what} = require('${from}');` : `import ${what} from '${from}';`;
  return [
    load('matrix', './burst.cjs'),
    ...providers.map((each) => load(SDKS[each].name, way === 'drop-in' ? `tidegate/${each}` : SDKS[each].specifier)),
    ...(way === 'wrap' ? [load('{ wrap }', 'tidegate')] : []),
    ...(way === 'fetch' ? [load('{ guardedFetch }', 'tidegate/fetch')] : []),
  ].join('\n');
}

/** Declares the constant `clients`, with a type in TypeScript. */
export function clients(modules: Modules, way: Way, providers: readonly Provider[] = EVERY): string {
  const make = (each: Provider): string => {
    const { name } = SDKS[each];
    if (way === 'fetch') return `new ${name}({ ...matrix.options('${each}'), fetch: guardedFetch, maxRetries: 0 })`;
    const client = `new ${name}(matrix.options('${each}'))`;
    return way === 'wrap' ? `wrap(${client})` : client;
  };
  const rows = providers.map((each) => `  ${each}: ${make(each)},`);
  return [`const clients${modules === 'ts' ? ': Record<string, object>' : ''} = {`, ...rows, '};'].join('\n');
}
