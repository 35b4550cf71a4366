import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LimitedServer, REFUSALS, startLimitedServer } from './limited-server.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REGISTER = pathToFileURL(join(ROOT, 'src/register.ts')).href;

let directory: string;
let server: LimitedServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'register-'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  server = await startLimitedServer();
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** Runs an application that prints JSON. The paths of its requests begin with `name`. */
async function runApp(
  file: string,
  source: string,
  args: readonly string[] = ['--import', REGISTER],
): Promise<unknown> {
  const path = join(directory, file);
  await writeFile(path, source);
  const env = { ...process.env, SERVER: server.url, NODE_NO_WARNINGS: '1', NODE_OPTIONS: '' };
  const { stdout, stderr } = await run(process.execPath, [...args, path], { env, timeout: 100_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as unknown;
}

/** Another copy of an SDK, reduced to what it needs to run. */
function copySdk(name: string, target: string): Promise<void> {
  return cp(join(ROOT, 'node_modules', name), target, {
    recursive: true,
    filter: (path) => !/\/(?:src|[^/]+\/node_modules)$|\.d\.m?ts$|\.map$/.test(path.slice(ROOT.length)),
  });
}

/** The body of every application below; they differ in how they load the SDKs. */
const CALLS = (name: string): string => `
const url = process.env.SERVER;
const messages = [{ role: 'user', content: 'hello' }];
const textOf = (answer) => answer.choices ? answer.choices[0].message.content : answer.content[0].text;
const aws = { awsAccessKey: 'a', awsSecretKey: 's', awsRegion: 'us-east-1' };
const clients = {
  openai: new OpenAI({ apiKey: 'k', baseURL: url + '/${name}-openai' }),
  anthropic: new Anthropic({ apiKey: 'k', baseURL: url + '/${name}-anthropic' }),
  groq: new Groq({ apiKey: 'k', baseURL: url + '/${name}-groq' }),
  bedrock: new AnthropicBedrock({ ...aws, baseURL: url + '/${name}-bedrock' }),
};
const ask = (client) => client.chat && !client.messages
  ? client.chat.completions.create({ model: 'm', messages })
  : client.messages.create({ model: 'm', max_tokens: 5, messages });
const out = {};
for (const [key, client] of Object.entries(clients)) {
  try {
    out[key] = textOf(await ask(client));
  } catch (error) {
    out[key] = error.constructor.name + ' ' + error.status;
  }
}
`;

const IMPORTS = `
import OpenAI from 'openai';
import { Anthropic } from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
`;
const REQUIRES = `
const OpenAI = require('openai');
const { Anthropic } = require('@anthropic-ai/sdk');
const Groq = require('groq-sdk');
const { AnthropicBedrock } = require('@anthropic-ai/bedrock-sdk');
`;
const ALL = { openai: 'answer', anthropic: 'answer', groq: 'answer', bedrock: 'answer' };
const PRINT = 'console.log(JSON.stringify(out));';

const commonjs = (name: string): string => `${REQUIRES}\n(async () => {${CALLS(name)}\n${PRINT}})();`;

describe('node --import tidegate/register', () => {
  it('guards every client of an ES module application', async () => {
    expect(await runApp('esm.mjs', `${IMPORTS}${CALLS('esm')}${PRINT}`)).toEqual(ALL);
    for (const client of Object.keys(ALL)) expect(server.seen.get(`esm-${client}`)).toHaveLength(REFUSALS + 1);
  });

  it('guards every client of a CommonJS application', async () => {
    expect(await runApp('cjs.cjs', commonjs('cjs'))).toEqual(ALL);
    for (const client of Object.keys(ALL)) expect(server.seen.get(`cjs-${client}`)).toHaveLength(REFUSALS + 1);
  });

  it('lets the application configure and observe the guard', async () => {
    const source = `
      import { configure, defaultGuard } from ${JSON.stringify(pathToFileURL(join(ROOT, 'src/index.ts')).href)};
      configure({ retry: { maxAttempts: ${REFUSALS + 1} } });
      let retries = 0;
      defaultGuard.on('retry', () => retries++);
      ${IMPORTS}${CALLS('configured')}
      out.retries = retries;
      out.lanes = defaultGuard.snapshot().length;
      ${PRINT}`;
    expect(await runApp('configured.mjs', source)).toEqual({ ...ALL, retries: 4 * REFUSALS, lanes: 4 });
  });

  it('is what makes the difference', async () => {
    const refused = {
      openai: 'RateLimitError 429',
      anthropic: 'RateLimitError 429',
      groq: 'RateLimitError 429',
      bedrock: 'RateLimitError 429',
    };
    expect(await runApp('without.mjs', `${IMPORTS}${CALLS('without')}${PRINT}`, [])).toEqual(refused);
    expect(server.seen.get('without-openai')).toHaveLength(3);
  });

  it('guards both copies of an SDK in one process, and dynamic imports', async () => {
    const source = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const messages = [{ role: 'user', content: 'hello' }];
      const out = [];
      for (const [name, OpenAI] of [
        ['required', require('openai')],
        ['imported', (await import('openai')).default],
        ['named', (await import('openai')).OpenAI],
        ['member', require('openai').OpenAI],
      ]) {
        const client = new OpenAI({ apiKey: 'k', baseURL: process.env.SERVER + '/both-' + name });
        const answer = await client.chat.completions.create({ model: 'm', messages });
        out.push(name + ' ' + answer.choices[0].message.content);
      }
      ${PRINT}`;
    expect(await runApp('both.mjs', source)).toEqual([
      'required answer',
      'imported answer',
      'named answer',
      'member answer',
    ]);
  });

  it('leaves classes, exports and errors as they are, subclasses and clones guarded', async () => {
    const source = `
      import OpenAI, * as sdk from 'openai';
      import Default, { AuthenticationError } from '@anthropic-ai/sdk';
      const url = process.env.SERVER;
      class Mine extends OpenAI {}
      const mine = new Mine({ apiKey: 'k', baseURL: url + '/sub-class' });
      const clone = new OpenAI({ apiKey: 'k', baseURL: url + '/clone' }).withOptions({ timeout: 5_000 });
      const messages = [{ role: 'user', content: 'hello' }];
      const texts = [];
      for (const client of [mine, clone]) {
        texts.push((await client.chat.completions.create({ model: 'm', messages })).choices[0].message.content);
      }
      const closed = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:2', maxRetries: 0 });
      const error = await closed.models.list().catch((thrown) => thrown);
      const out = {
        texts,
        same: sdk.default === OpenAI && sdk.OpenAI === OpenAI && OpenAI.OpenAI === OpenAI,
        mine: mine instanceof OpenAI && mine.constructor === Mine,
        error: error instanceof sdk.APIConnectionError && error instanceof OpenAI.APIError,
        outcome: error.tidegate.outcome,
        errorClass: Default.AuthenticationError === AuthenticationError,
        helper: typeof sdk.toFile,
      };
      ${PRINT}`;
    expect(await runApp('shape.mjs', source)).toEqual({
      texts: ['answer', 'answer'],
      same: true,
      mine: true,
      error: true,
      outcome: 'connection',
      errorClass: true,
      helper: 'function',
    });
  });

  it('can be required, and registered twice', async () => {
    const path = join(ROOT, 'src/register.ts');
    expect(await runApp('required.cjs', commonjs('required'), ['--require', path, '--import', REGISTER])).toEqual(ALL);
    expect(server.seen.get('required-openai')).toHaveLength(REFUSALS + 1);
  });

  it('lets an application without any of the SDKs run and exit', async () => {
    expect(await runApp('plain.mjs', 'console.log(JSON.stringify(process.argv.length));')).toBe(2);
  });

  it('lets an application have its own guards', async () => {
    const source = `
      import OpenAI from 'openai';
      import { createGuard } from ${JSON.stringify(pathToFileURL(join(ROOT, 'src/index.ts')).href)};
      const guard = createGuard({ pacing: false });
      const client = guard.wrap(new OpenAI({ apiKey: 'k', baseURL: process.env.SERVER + '/own-guard' }));
      const answer = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      const [lane] = guard.snapshot();
      const out = [answer.choices[0].message.content, lane.counts.calls, lane.counts.attempts];
      ${PRINT}`;
    expect(await runApp('own.mjs', source)).toEqual(['answer', 1, REFUSALS + 1]);
  });

  it('lets an application use the drop-in modules', async () => {
    const source = `
      import OpenAI from ${JSON.stringify(pathToFileURL(join(ROOT, 'src/openai.ts')).href)};
      const client = new OpenAI({ apiKey: 'k', baseURL: process.env.SERVER + '/drop-in', tidegate: { pacing: false } });
      const answer = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      const out = answer.choices[0].message.content;
      ${PRINT}`;
    expect(await runApp('drop-in.mjs', source)).toBe('answer');
    expect(server.seen.get('drop-in')).toHaveLength(REFUSALS + 1);
  });

  it('guards clients that are imported from the module that defines them', async () => {
    const source = `
      import { OpenAI } from 'openai/client';
      import { Anthropic } from '@anthropic-ai/sdk/client.js';
      const url = process.env.SERVER;
      const messages = [{ role: 'user', content: 'x' }];
      const chat = new OpenAI({ apiKey: 'k', baseURL: url + '/path-openai' }).chat.completions.create({ model: 'm', messages });
      const message = new Anthropic({ apiKey: 'k', baseURL: url + '/path-anthropic' }).messages.create({ model: 'm', max_tokens: 5, messages });
      const out = [(await chat).choices[0].message.content, (await message).content[0].text];
      ${PRINT}`;
    expect(await runApp('paths.mjs', source)).toEqual(['answer', 'answer']);
  });

  it('guards in worker threads, through required ES modules, and under any alias of the package', async () => {
    await copySdk('groq-1.1', join(directory, 'app/node_modules/llm'));
    await writeFile(join(directory, 'app/library.mjs'), `export { default } from 'openai';`);
    await writeFile(
      join(directory, 'app/thread.cjs'),
      `const OpenAI = require('openai');
      const { parentPort } = require('node:worker_threads');
      const messages = [{ role: 'user', content: 'hello' }];
      new OpenAI({ apiKey: 'k', baseURL: process.env.SERVER + '/thread' }).chat.completions
        .create({ model: 'm', messages })
        .then((answer) => parentPort.postMessage(answer.choices[0].message.content));`,
    );
    const source = `
      const { once } = require('node:events');
      const { Worker } = require('node:worker_threads');
      const thread = once(new Worker(require.resolve('./thread.cjs')), 'message');
      const messages = [{ role: 'user', content: 'hello' }];
      const classes = { library: require('./library.mjs').default, alias: require('llm') };
      const asked = Object.entries(classes).map(async ([name, Client]) => {
        const client = new Client({ apiKey: 'k', baseURL: process.env.SERVER + '/way-' + name });
        return name + ' ' + (await client.chat.completions.create({ model: 'm', messages })).choices[0].message.content;
      });
      Promise.all([...asked, thread.then(([text]) => 'thread ' + text)])
        .then((out) => console.log(JSON.stringify(out)));`;
    expect(await runApp('app/ways.cjs', source)).toEqual(['library answer', 'alias answer', 'thread answer']);
  });

  it('guards beside runners of TypeScript, which read CommonJS modules themselves', async () => {
    const runner = join(directory, 'runner.cjs');
    await writeFile(
      runner,
      `require('node:module')._extensions['.js'] = (module, file) =>
        module._compile(require('node:fs').readFileSync(file, 'utf8'), file);`,
    );
    expect(await runApp('runner-app.cjs', commonjs('runner'), ['--import', REGISTER, '--require', runner])).toEqual(
      ALL,
    );
  });

  it('guards SDKs of both builds that were loaded before it', async () => {
    const early = join(directory, 'early.mjs');
    await writeFile(
      early,
      `import 'openai';
      import { createRequire } from 'node:module';
      createRequire(import.meta.url)('groq-sdk');`,
    );
    const source = `
      import Anthropic from '@anthropic-ai/sdk';
      const out = {};
      const ask = async (name, Client) => {
        const client = new Client({ apiKey: 'k', baseURL: process.env.SERVER + '/early-' + name });
        const messages = [{ role: 'user', content: 'hello' }];
        const answer = await (client.messages ?? client.chat.completions).create({ model: 'm', max_tokens: 5, messages });
        out[name] = (answer.content?.[0] ?? { text: answer.choices[0].message.content }).text;
      };
      await import(${JSON.stringify(REGISTER)});
      const { createRequire } = await import('node:module');
      const require = createRequire(import.meta.url);
      const classes = { imported: (await import('openai')).default, required: require('groq-sdk'), app: Anthropic };
      await Promise.all(Object.entries(classes).map(([name, Client]) => ask(name, Client)));
      ${PRINT}`;
    const guarded = { imported: 'answer', required: 'answer', app: 'answer' };
    expect(await runApp('late.mjs', source, ['--import', early])).toEqual(guarded);
    for (const name of Object.keys(guarded)) expect(server.seen.get(`early-${name}`)).toHaveLength(REFUSALS + 1);
  });

  it('says which module of an SDK was loaded before it and stays unguarded', async () => {
    const source = `
      import 'openai';
      const warnings = [];
      process.on('warning', ({ name, message }) => warnings.push(name + ': ' + message));
      await import(${JSON.stringify(REGISTER)});
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log(JSON.stringify(warnings));`;
    const warnings = await runApp('too-late.mjs', source, ['--no-experimental-require-module']);
    expect(warnings).toEqual(
      ['index', 'client'].map((name): unknown =>
        expect.stringMatching(
          `^TidegateWarning: .*openai.${name}\\.mjs was loaded before tidegate/register, and its clients are not guarded: make`,
        ),
      ),
    );
  });

  it('reports an SDK bundled into the application, which it cannot reach', async () => {
    const inlined = join(directory, 'app/inlined');
    await copySdk('groq-1.1', inlined);
    await writeFile(join(inlined, 'package.json'), '{"name":"application","main":"index.js"}');
    const source = `
      const Groq = require('./inlined');
      process.on('warning', ({ name, message }) => {
        console.log(JSON.stringify(name + ': ' + message));
        process.exit();
      });
      new Groq({ apiKey: 'secret', baseURL: process.env.SERVER + '/inlined' }).models.list().catch(() => {});`;
    const warned = (await runApp('app/bundled.cjs', source)) as string;
    expect(warned).toMatch(/^TidegateWarning: A request to 127\.0\.0\.1:\d+ \(groq\) went past tidegate: .* external/);
    expect(warned).not.toContain('secret');
  });

  it('says in one sentence that the runtime is too old', async () => {
    const old = join(directory, 'old-runtime.cjs');
    await writeFile(old, `delete require('node:module').registerHooks;`);
    const refused = runApp('refused.mjs', '', ['--require', old, '--import', REGISTER]);
    await expect(refused).rejects.toThrow(
      /\[TidegateSetupError: tidegate\/register needs Node\.js 22\.15 or later and this is Node\.js [\d.]+, so no client/,
    );
  });

  it('skips an SDK that is too old, and says so once', async () => {
    const old = join(directory, 'old');
    await mkdir(join(old, 'node_modules/openai'), { recursive: true });
    await writeFile(
      join(old, 'node_modules/openai/package.json'),
      '{"name":"openai","version":"4.0.0","main":"index.js"}',
    );
    const sdk = `
      class OpenAI {
        request(options) { return this.makeRequest(options, null); }
        async makeRequest(options, retriesRemaining) { return 'stock ' + options; }
      }
      module.exports = OpenAI;
      module.exports.OpenAI = OpenAI;`;
    await writeFile(join(old, 'node_modules/openai/index.js'), sdk);
    const source = `
      import OpenAI from 'openai';
      const warnings = [];
      process.on('warning', ({ name, message }) => warnings.push(name + ': ' + message));
      const answers = [await new OpenAI().request('a'), await new OpenAI().request('b')];
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify({ answers, warnings }));`;
    expect(await runApp('old/app.mjs', source)).toEqual({
      answers: ['stock a', 'stock b'],
      warnings: [
        expect.stringMatching(/^TidegateWarning: This version of the SDK cannot be guarded: .*openai >=5\.0\.0 <8/),
      ],
    });
  });
});
