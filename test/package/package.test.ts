import { parseAst } from 'rolldown/parseAst';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, pack, type Packed, ROOT } from './packed.ts';
import { typesOf } from './surface.ts';
import { bundledPackages } from '../../tools/sbom/bundled-packages.ts';

const SDKS = { openai: 'openai', anthropic: '@anthropic-ai/sdk', groq: 'groq-sdk' } as const;
const COMMON = [
  'tidegate',
  'tidegate/batch',
  'tidegate/fetch',
  'tidegate/redis',
  'tidegate/telemetry',
  'tidegate/testing',
];
const TELEMETRY = ['@opentelemetry/api', '@opentelemetry/sdk-node', '@opentelemetry/exporter-prometheus'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string | Record<'import' | 'require', { types: string; default: string }>>;
  readonly main: string;
  readonly types: string;
  readonly typesVersions: { '*': Record<string, string[]> };
  readonly bin: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

let packed: Packed;
let manifest: Manifest;
/** A name that includes every SDK. */
let full: App;

beforeAll(async () => {
  packed = await pack();
  manifest = JSON.parse(await readFile(join(packed.directory, 'package.json'), 'utf8')) as Manifest;
  full = await packed.app('full', [...Object.values(SDKS), ...TELEMETRY]);
});
afterAll(() => packed?.remove());

describe('the tarball', () => {
  it('contains what is exported and nothing that users do not need', () => {
    const wanted = Object.values(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target).flatMap((kind) => Object.values(kind)),
    );
    const { main, types, typesVersions, bin } = manifest;
    for (const target of [...wanted, main, types, ...Object.values(typesVersions['*']).flat(), ...Object.values(bin)]) {
      expect(packed.files).toContain(target.replace('./', ''));
    }
    const others = packed.files.filter((file) => !/^(?:dist|types|prometheus|grafana)\//.test(file));
    expect(others).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'THIRD-PARTY-NOTICES.md',
      'package.json',
    ]);
    expect(packed.files.filter((file) => file.startsWith('dist/') && !/(?:\.d\.c?ts|\.c?js)$/.test(file))).toEqual([]);
    expect(packed.files.filter((file) => /\.test\.|\.map$|^prometheus\/tests/.test(file))).toEqual([]);
  });

  it('is complete: everything that its modules and declarations import is there, and no source map is referenced', async () => {
    const modules = packed.files.filter((file) => /^(?:dist|types)\/.*\.[cm]?[jt]s$/.test(file));
    expect(modules.length).toBeGreaterThan(30);
    for (const file of modules) {
      const text = await readFile(join(packed.directory, file), 'utf8');
      expect(text).not.toContain('sourceMappingURL');
      for (const [, specifier] of text.matchAll(/(?:from |^import |require\()["'](\.{1,2}\/[^"']+)["']/gm)) {
        const target = join(file, '..', specifier!);
        const declared = /\.d\.c?ts$/.test(file) ? target.replace(/js$/, 'ts').replace(/\.(c?ts)$/, '.d.$1') : target;
        expect(packed.files, `${file} imports ${specifier}`).toContain(declared);
      }
    }
  });

  it('needs no package that npm does not install with it', async () => {
    const { peerDependencies, peerDependenciesMeta } = manifest;
    const installed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    const dropIns = Object.values(SDKS).map((sdk) => sdk as string);
    const loaded = new Set<string>();
    for (const file of packed.files.filter((each) => /^dist\/(?!types\/).*\.c?js$/.test(each))) {
      const text = await readFile(join(packed.directory, file), 'utf8');
      // Not those of `import()`, which only `startTelemetry` uses, reporting what is missing.
      const specifiers = file.endsWith('.cjs')
        ? [...text.matchAll(/^(?:let|const|var) .*require\("([^."][^"]*)"\)/gm)].map(([, specifier]) => specifier!)
        : parseAst(text).body.flatMap((node) => ('source' in node && node.source ? [node.source.value] : []));
      for (const specifier of specifiers) if (!/^(?:\.|node:)/.test(specifier)) loaded.add(specifier);
    }
    expect([...loaded].filter((name) => !dropIns.includes(name))).toEqual(installed);
  });

  it('contains the licences of bundled code', async () => {
    const notices = (await readFile(join(packed.directory, 'THIRD-PARTY-NOTICES.md'), 'utf8')).replace(/\s+/g, ' ');
    const bundled = await bundledPackages();
    expect(bundled.map(({ name }) => name)).toContain('cockatiel');
    for (const { name, version, path } of bundled) {
      const title = new RegExp(`\\[${name}\\]\\(https://[^)]+\\) ${version.replaceAll('.', '\\.')}:`);
      expect(notices, `${name} ${version}`).toMatch(title);
      const files = await readdir(join(ROOT, path), { withFileTypes: true });
      for (const file of files.filter((each) => each.isFile() && /^(?:licen[cs]e|notice)/i.test(each.name))) {
        const licence = await readFile(join(ROOT, path, file.name), 'utf8');
        expect(notices, `${path}/${file.name}`).toContain(licence.trim().replace(/\s+/g, ' '));
      }
    }
  });

  it('is no larger than documented', async () => {
    // A larger package has to be documented there.
    const page = await readFile(join(ROOT, 'docs/security.md'), 'utf8');
    const [, tarball, unpacked, files] = /at most ([\d.]+) MB to download, ([\d.]+) MB and (\d+) files/
      .exec(page.replaceAll(/\s+/g, ' '))!
      .map(Number);
    expect(packed.tarballBytes / 1e6).toBeLessThan(tarball!);
    expect(packed.unpackedBytes / 1e6).toBeLessThan(unpacked!);
    expect(packed.files.length).toBeLessThan(files!);
  });
});

describe('the public surface', () => {
  it('is the reviewed one', async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json' && !isDropIn(entry));
    const specifiers = entries.sort().map((entry) => entry.replace('.', 'tidegate'));
    const listed = (load: string): string => `
      const listed = {};
      for (const specifier of ${JSON.stringify(specifiers)})
        listed[specifier] = Object.entries(${load}(specifier)).map(([k, v]) => [k, typeof v]).sort();
      console.log(JSON.stringify(listed));`;
    type Listed = Record<string, [string, string][]>;
    const imported = JSON.parse(await full.node('--input-type=module', '-e', listed('await import'))) as Listed;
    const required = JSON.parse(await full.node('--input-type=commonjs', '-e', listed('require'))) as Listed;
    const lines: string[] = [];
    for (const [at, entry] of entries.entries()) {
      const specifier = specifiers[at]!;
      const values = imported[specifier]!;
      expect(required[specifier], `require('${specifier}')`).toEqual(values);
      const kinds = Object.values(manifest.exports[entry] as Record<string, { types: string }>);
      const [declared, declaredForRequire] = await Promise.all(
        kinds.map(async ({ types }) => typesOf(await readFile(join(packed.directory, types), 'utf8'))),
      );
      expect(declaredForRequire).toEqual(declared);
      lines.push(
        specifier,
        ...values.map(([name, type]) => `  ${type} ${name}`).sort(),
        ...declared!.map((name) => `  type ${name}`),
        '',
      );
    }
    for (const [name, sdk] of Object.entries(SDKS))
      lines.push(`tidegate/${name}`, `  everything that '${sdk}' exports`, '');
    await expect(lines.join('\n')).toMatchFileSnapshot('public-api.txt');
  });

  it.each(Object.entries(SDKS))('of tidegate/%s is that of %s', async (name, sdk) => {
    const source = `
      const [ours, theirs] = [await import('tidegate/${name}'), await import('${sdk}')];
      const same = Object.keys(theirs).filter((key) => ours[key] === theirs[key]);
      console.log(JSON.stringify([Object.keys(ours), Object.keys(theirs), same]));`;
    const [ours, theirs, same] = JSON.parse(await full.node('--input-type=module', '-e', source)) as string[][];
    expect(ours).toEqual(theirs);
    // Only the client classes differ.
    const guarded = {
      openai: ['AzureOpenAI', 'BedrockOpenAI', 'OpenAI'],
      anthropic: ['Anthropic', 'BaseAnthropic'],
      groq: ['Groq'],
    };
    expect(theirs!.filter((key) => !same!.includes(key)).sort()).toEqual(
      [...guarded[name as keyof typeof SDKS], 'default'].sort(),
    );
  });

  it.each(Object.entries(SDKS))(
    'of require(tidegate/%s) is that of require(%s), over the same SDK',
    async (name, sdk) => {
      await full.write(`required-${name}.cjs`, REQUIRED(name, sdk));
      expect(await full.node(`required-${name}.cjs`)).toBe('the same');
    },
  );
});

/** A drop-in beside the SDK, both as `require` loads them. */
const REQUIRED = (name: string, sdk: string): string => `
  const assert = require('node:assert');
  const [Ours, Theirs] = [require('tidegate/${name}'), require('${sdk}')];
  assert.deepEqual(Object.keys(Ours), Object.keys(Theirs));
  assert.equal(Ours.__esModule, Theirs.__esModule);
  const main = Theirs.default.name;
  assert.equal(Ours.name, main);
  assert.equal(Ours.default, Ours[main]);
  const changed = Object.keys(Theirs).filter((key) => Ours[key] !== Theirs[key]);
  for (const key of changed) assert(key === 'default' || Theirs[key].prototype.makeRequest, key);
  const options = { apiKey: 'k' };
  const client = new Ours(options);
  for (const Class of [Ours, Ours.default, Theirs.default]) assert(client instanceof Class);
  assert(new Theirs.default(options) instanceof Ours);
  // Not every version of the older SDKs' own classes can be called without \`new\`; ours always can.
  assert(Ours(options) instanceof Theirs.default);
  class Mine extends Ours { own = 1; }
  const mine = new Mine(options);
  assert(mine instanceof Mine && mine instanceof Ours && mine.own === 1 && !(client instanceof Mine));
  assert.equal(Ours.APIError, Theirs.APIError);
  const error = Ours.APIError.generate(429, {}, 'x', new Headers());
  assert(error instanceof Theirs.RateLimitError && error instanceof Ours.RateLimitError);
  console.log('the same');`;

describe.each(Object.entries(SDKS))('with %s alone', (name, sdk) => {
  let app: App;

  beforeAll(async () => {
    app = await packed.app(`only-${name}`, [sdk]);
  });

  it('everything that needs no other SDK can be imported and required', async () => {
    const specifiers = [...COMMON, `tidegate/${name}`];
    const imports = `for (const s of ${JSON.stringify(specifiers)}) await import(s); console.log('imported');`;
    expect(await app.node('--input-type=module', '-e', imports)).toBe('imported');
    const requires = `
      const assert = require('node:assert');
      for (const s of ${JSON.stringify(specifiers)}) assert(Object.keys(require(s)).length > 0, s);
      console.log('required ' + require('tidegate/package.json').version);`;
    expect(await app.node('--input-type=commonjs', '-e', requires)).toBe(`required ${manifest.version}`);
  });

  it('a missing SDK is named', async () => {
    const others = Object.keys(SDKS).filter((each) => each !== name);
    const messages = async (type: string, load: string): Promise<string[]> => {
      const source = `
        const load = async (name) => ${load};
        Promise.all(${JSON.stringify(others)}.map((name) => load(name).then(() => 'loaded', (error) => error.message)))
          .then((messages) => console.log(JSON.stringify(messages)));`;
      return JSON.parse(await app.node(`--input-type=${type}`, '-e', source)) as string[];
    };
    const imported = await messages('module', 'import(`tidegate/${name}`)');
    const required = await messages('commonjs', 'require(`tidegate/${name}`)');
    for (const [at, other] of others.entries()) {
      const missing = SDKS[other as keyof typeof SDKS];
      expect(imported[at]).toMatch(new RegExp(`Cannot find package '${missing}' imported from .*dist/${other}\\.js`));
      expect(required[at]).toContain(`This needs the package ${missing}: npm install ${missing}`);
    }
  });

  it('a package that startTelemetry lacks is named', async () => {
    const source = `
      import { startTelemetry } from 'tidegate/telemetry';
      const error = await startTelemetry({ port: 0 }).catch((thrown) => thrown);
      console.log(error.code + ': ' + error.message);`;
    expect(await app.node('--input-type=module', '-e', source)).toBe(
      'missing_dependency: startTelemetry needs two more packages: npm install @opentelemetry/sdk-node @opentelemetry/exporter-prometheus',
    );
  });

  it.each(['module', 'commonjs'])('the drop-in works against the simulator, as %s', async (type) => {
    const [open, close] = type === 'module' ? ['', ''] : ['(async () => {', '})();'];
    const load = (names: string, from: string): string =>
      type === 'module' ? `import ${names} from '${from}';` : `const ${names} = require('${from}');`;
    const source = `
      ${load('Client', `tidegate/${name}`)}
      ${load('{ startSimulator }', 'tidegate/testing')}
      ${open}
      const faults = { script: ['server_error', 'server_error', 'server_error'] };
      const simulator = await startSimulator({ provider: '${name}', reply: () => 'answer', faults });
      const client = new Client({ apiKey: 'k', baseURL: simulator.url, tidegate: { retry: { initialDelayMs: 1, maxDelayMs: 5 } } });
      const request = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
      const answer = await (client.messages ?? client.chat.completions).create(request);
      console.log(answer.choices?.[0].message.content ?? answer.content[0].text, simulator.stats().requests);
      await simulator.close();
      ${close}`;
    expect(await app.node(`--input-type=${type}`, '-e', source)).toBe('answer 4');
  });

  it('register guards its clients', async () => {
    await app.write(
      'registered.mjs',
      `import Client from '${sdk}';
      import { startSimulator } from 'tidegate/testing';
      const simulator = await startSimulator({ provider: '${name}', reply: () => 'answer', faults: { script: ['server_error', 'auth'] } });
      const client = new Client({ apiKey: 'k', baseURL: simulator.url });
      const request = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
      const error = await (client.messages ?? client.chat.completions).create(request).catch((thrown) => thrown);
      console.log(error instanceof Client.AuthenticationError, error.tidegate.outcome, error.tidegate.attempts);
      await simulator.close();`,
    );
    expect(await app.node('--import', 'tidegate/register', 'registered.mjs')).toBe('true auth 2');
  });
});

describe('require of a drop-in over a mocked SDK', () => {
  it.each([
    ['an object with a default', `{ __esModule: true, default: Fake }`, 'exports.default === Fake'],
    ['an object with the named class', `{ OpenAI: Fake }`, 'exports.OpenAI === Fake && !("default" in exports)'],
    ['the class alone', 'Fake', 'exports === Fake'],
    ['a function', '() => ({ chat: {} })', 'exports().chat !== undefined'],
    ['nothing', 'undefined', 'exports === undefined'],
    [
      'one real class beside it',
      '{ ...real, OpenAI: Fake }',
      'exports.OpenAI === Fake && exports.AzureOpenAI !== real.AzureOpenAI && exports.toFile === real.toFile',
    ],
  ])('%s: the mock is passed on', async (_name, mock, expected) => {
    const source = `
      const path = require.resolve('openai');
      const real = require('openai');
      class Fake { constructor() { this.chat = { completions: { create: () => 'faked' } }; } }
      require.cache[path] = { id: path, filename: path, loaded: true, exports: ${mock} };
      const warnings = [];
      process.on('warning', ({ message }) => warnings.push(message));
      const exports_ = require('tidegate/openai');
      const ok = ((exports) => ${expected})(exports_);
      setImmediate(() => console.log(ok, warnings.join()));`;
    const told = mock.includes('Fake') ? " Fake is a test double of an SDK's client" : '';
    expect(await full.node('--input-type=commonjs', '-e', source)).toContain(`true${told}`);
  });
});

describe('below the Node that is supported', () => {
  it.each(['--import', '--require'])('%s tidegate/register says so in one sentence', async (flag) => {
    await full.write('older.cjs', `require('node:module').registerHooks = undefined;`);
    await full.write('app.cjs', `console.log('ran');`);
    const started = full.node('--require', './older.cjs', flag, 'tidegate/register', 'app.cjs');
    await expect(started).rejects.toThrow(/TidegateSetupError: tidegate\/register needs Node\.js 22\.15 or later/);
  });

  it('the command line says so before it loads anything', async () => {
    await full.write('older.cjs', `Object.defineProperty(process.versions, 'node', { value: '20.1.0' });`);
    const cli = join(packed.directory, manifest.bin['tidegate']!);
    const source = `
      const { spawnSync } = require('node:child_process');
      const { stdout, stderr } = spawnSync(process.execPath, ['--require', './older.cjs', ${JSON.stringify(cli)}, '--version']);
      console.log(String(stdout) + String(stderr));`;
    expect(await full.node('--input-type=commonjs', '-e', source)).toBe(
      `${manifest.version}\ntidegate needs Node.js 22.15 or later, and this is 20.1.0: commands may fail.`,
    );
  });
});

describe('importing', () => {
  const specifiers = [...COMMON, ...Object.keys(SDKS).map((name) => `tidegate/${name}`)];

  it.each(['module', 'commonjs'])('as %s starts nothing: no timer, socket, file or global', async (type) => {
    const source = `
      const load = ${type === 'module' ? '(specifier) => import(specifier)' : 'async (specifier) => require(specifier)'};
      const main = async () => {
        const { context, metrics, propagation, trace } = await load('@opentelemetry/api');
        for (const sdk of ${JSON.stringify(Object.values(SDKS))}) await load(sdk);
        const look = () => JSON.stringify([
          Reflect.ownKeys(globalThis).map(String), process.getActiveResourcesInfo(), String(globalThis.fetch),
          ['exit', 'beforeExit', 'SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'warning'].map((name) => process.listenerCount(name)),
          Object.keys(process.env).length, trace.getTracerProvider().getDelegate().constructor.name,
          metrics.getMeterProvider().constructor.name,
        ]);
        const before = look();
        for (const specifier of ${JSON.stringify(specifiers)}) await load(specifier);
        console.log(look() === before ? 'nothing' : before + '\\n' + look());
      };
      main();`;
    expect(await full.node(`--input-type=${type}`, '-e', source)).toBe('nothing');
  });

  it.each(['module', 'commonjs'])("as %s includes the console's page", async (type) => {
    const load = type === 'module' ? `await import('tidegate')` : `require('tidegate')`;
    const source = `
      const main = async () => {
        const guard = (${load}).createGuard();
        const { url } = await guard.serveConsole({ port: 0 });
        const [page, script, style] = await Promise.all(['', 'console.js', 'console.css'].map(async (path) => (await fetch(url + path)).text()));
        await guard.close();
        console.log(page.includes('console.js'), script.length > 50_000 && !script.includes('sourceMappingURL'), style.includes('.verdict'));
      };
      main();`;
    expect(await full.node(`--input-type=${type}`, '-e', source)).toBe('true true true');
  });

  it('does nothing that workerd refuses in the global scope', async () => {
    const source = `
      for (const sdk of ${JSON.stringify(Object.values(SDKS))}) await import(sdk);
      const refused = (name) => function () { throw new Error('Disallowed operation called within global scope: ' + name); };
      globalThis.AbortController = refused('AbortController');
      for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch']) globalThis[name] = refused(name);
      Math.random = refused('Math.random');
      crypto.getRandomValues = crypto.randomUUID = refused('crypto');
      for (const name of ${JSON.stringify(Object.keys(SDKS))}) await import('tidegate/' + name);
      await import('tidegate');
      await import('tidegate/fetch');
      process.stdout.write('nothing');`;
    expect(await full.node('--input-type=module', '-e', source)).toBe('nothing');
  });
});

describe('workers of a cluster', () => {
  it('are scraped at a port each, and a taken port is refused with advice', async () => {
    await full.write(
      'cluster.mjs',
      `import cluster from 'node:cluster';
      import { once } from 'node:events';
      import { createServer } from 'node:net';
      import OpenAI from 'tidegate/openai';
      import { startTelemetry } from 'tidegate/telemetry';
      import { startSimulator } from 'tidegate/testing';
      if (cluster.isPrimary) {
        const taken = createServer().listen(0, '127.0.0.1');
        await once(taken, 'listening');
        const { port } = taken.address();
        await new Promise((resolve) => taken.close(resolve));
        const simulator = await startSimulator({ provider: 'openai' });
        const started = (ports) => Promise.all(ports.map(async (port, index) => {
          const worker = cluster.fork({ PORT: port, CALLS: 3 * (index + 1), SIMULATOR: simulator.url });
          const [said] = await once(worker, 'message');
          return { said, worker };
        }));
        const shared = await started([port, port]);
        console.log(shared.map(({ said }) => said.code ?? 'serves').sort().join(), shared.some(({ said }) => said.message?.includes('9464 + cluster.worker.id')));
        for (const { worker } of shared) worker.kill();
        const own = await started([0, 0]);
        const counts = [];
        for (let scrape = 0; scrape < 5; scrape += 1) {
          for (const { said } of own) {
            const text = await (await fetch(said.url)).text();
            counts.push(/^tidegate_calls_total\\{.*tidegate_outcome="success"\\} (\\d+)/m.exec(text)[1]);
          }
        }
        console.log(counts.join(' '));
        process.exit();
      }
      const { PORT, CALLS, SIMULATOR } = process.env;
      try {
        const { url } = await startTelemetry({ serviceName: 'app', port: Number(PORT) });
        const client = new OpenAI({ apiKey: 'k', baseURL: SIMULATOR });
        for (let call = 0; call < Number(CALLS); call += 1) {
          await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hello ' + call }] });
        }
        process.send({ url });
      } catch (error) {
        process.send({ code: error.code, message: error.message });
      }`,
    );
    expect((await full.node('cluster.mjs')).split('\n')).toEqual(['port_in_use,serves true', '3 6 3 6 3 6 3 6 3 6']);
  });
});

describe('installed by npm', () => {
  it('requires no SDK beyond those present, and has a command', async () => {
    const app = await packed.installed('installed', ['groq-sdk']);
    const modules = await readdir(join(app.directory, 'node_modules'));
    expect(modules.filter((name) => !name.startsWith('.')).sort()).toEqual(['groq-sdk', 'tidegate']);
    expect(await app.run('npx', '--offline', 'tidegate', '--version')).toBe(manifest.version);
    expect(await app.run('npx', '--offline', 'tidegate', '--help')).toContain('simulate');
  });
});

describe('bundled without the optional peers', () => {
  it.each(['mjs', 'cjs'])('as %s builds, and reports at run time what is missing', async (kind) => {
    const app = await packed.app(`no-peers-${kind}`, []);
    const load = (names: string, from: string): string =>
      kind === 'mjs' ? `import ${names} from '${from}';` : `const ${names} = require('${from}');`;
    await app.write(
      `app.${kind}`,
      `${load('{ loadPrices }', 'tidegate')}
      ${load('{ startTelemetry }', 'tidegate/telemetry')}
      const code = (error) => error.code;
      Promise.all([loadPrices().catch(code), startTelemetry({ port: 0 }).catch(code)]).then((codes) => console.log(codes.join()));`,
    );
    const out = `out.${kind}`;
    const format = kind === 'mjs' ? 'esm' : 'cjs';
    const flags = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${out}`, '--log-level=error'];
    await app.run(join(ROOT, 'node_modules/.bin/esbuild'), `app.${kind}`, ...flags);
    expect(await app.node(out)).toBe('missing_dependency,missing_dependency');
  });
});

describe('declarations', () => {
  const tsconfig = (options: object): string =>
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        strict: true,
        noEmit: true,
        types: ['node'],
        skipLibCheck: true,
        ...options,
      },
      files: ['user.ts', 'user.cts'],
    });

  it('are the SDKs’ own, with one more option', async () => {
    const app = await packed.app('typed', [...Object.values(SDKS), ...TELEMETRY, '@types/node', 'undici-types']);
    for (const file of ['user.ts', 'user.cts'])
      await app.write(file, await readFile(join(ROOT, `test/types/${file}.txt`), 'utf8'));
    for (const options of [
      {},
      { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
    ]) {
      await app.write('tsconfig.json', tsconfig(options));
      expect(await app.run(join(ROOT, 'node_modules/.bin/tsc'), '-p', '.')).toBe('');
    }
  });

  it('of tidegate itself compile without skipLibCheck', async () => {
    const app = await packed.app('strict', ['@types/node', 'undici-types']);
    await app.write(
      'user.ts',
      `export * from 'tidegate';\nexport * from 'tidegate/batch';\nexport * from 'tidegate/fetch';\nexport * from 'tidegate/redis';\nexport * from 'tidegate/testing';\n`,
    );
    await app.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023', 'dom', 'dom.iterable'],
          strict: true,
          noEmit: true,
          types: ['node'],
        },
        files: ['user.ts'],
      }),
    );
    expect(await app.run(join(ROOT, 'node_modules/.bin/tsc'), '-p', '.')).toBe('');
  });
});

function isDropIn(entry: string): boolean {
  return entry.slice(2) in SDKS;
}
