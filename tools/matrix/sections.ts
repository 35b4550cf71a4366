/** The published tables, in order. */
export interface Section {
  readonly name: string;
  /** What a tick in this table means. */
  readonly intro: string;
  /** In the short form: first and last row only. */
  readonly range?: true;
}

export const SECTIONS: readonly Section[] = [
  {
    name: 'Node.js',
    intro:
      'Each by drop-in, `wrap`, guarded `fetch`, and `tidegate/register` through `--import`, `--require` and `NODE_OPTIONS`. CommonJS includes an ES module application whose CommonJS library requires the SDK; both include SDKs that were loaded before `tidegate/register`.',
    range: true,
  },
  { name: 'SDKs', intro: 'Each by drop-in, `wrap` and `tidegate/register`.' },
  {
    name: 'Bundlers',
    intro: 'Each by drop-in and `wrap`; where packages stay outside the bundle, by `tidegate/register` too.',
  },
  {
    name: 'Frameworks',
    intro:
      'Next.js with server components and route handlers, by drop-in: one lane and one set of counters, however many copies the bundler makes. The others by the program of [Frameworks](frameworks.md), which also has the AI SDK, LangChain and the OpenAI Agents SDK: these are tested in `test/frameworks`.',
  },
  {
    name: 'Test runners',
    intro: 'Real calls by drop-in and `wrap`, and an SDK that is replaced by a small mock behind either.',
  },
  {
    name: 'Tracers',
    intro:
      'Started before and after `tidegate/register`, imported and required, and beside a drop-in. Instrumentation of the SDK itself sees every call.',
  },
  { name: 'OpenTelemetry', intro: 'Installed beside tidegate by npm without a conflict; every call is counted.' },
  {
    name: 'TypeScript',
    intro:
      'A program that uses every entry, as ES module and as CommonJS module, compiles with `strict` and `skipLibCheck: false`.',
    range: true,
  },
  { name: 'Other runtimes', intro: 'Each way on its own where the table says so.' },
];
