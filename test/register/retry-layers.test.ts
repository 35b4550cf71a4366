import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptedServer, sendJson } from '../helpers/scripted-server.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const urlOf = (file: string): string => pathToFileURL(join(ROOT, file)).href;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retry-layers-'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
});
afterAll(() => rm(directory, { recursive: true }));

const CALLS = {
  'p-retry around openai': `
    import OpenAI from 'openai';
    import pRetry from 'p-retry';
    const client = new OpenAI({ apiKey: 'k', baseURL: process.env.SERVER });
    const body = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
    await pRetry(() => client.chat.completions.create(body), { retries: 3, minTimeout: 1 });
  `,
  'p-retry around @anthropic-ai/sdk': `
    import Anthropic from '@anthropic-ai/sdk';
    import pRetry from 'p-retry';
    const client = new Anthropic({ apiKey: 'k', baseURL: process.env.SERVER });
    const body = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] };
    await pRetry(() => client.messages.create(body), { retries: 3, minTimeout: 1 });
  `,
  LangChain: `
    import { ChatOpenAI } from '@langchain/openai';
    const model = new ChatOpenAI({ apiKey: 'k', model: 'm', configuration: { baseURL: process.env.SERVER } });
    await model.invoke('hello');
  `,
} as const;

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop' }],
};

interface Heard {
  readonly layers: readonly string[];
  readonly warnings: readonly string[];
}

/** Runs an application whose default guard sends each call twice at most. */
async function hear(name: keyof typeof CALLS, server: string): Promise<Heard> {
  const path = join(directory, `${name.replaceAll(/\W/g, '-')}.mjs`);
  await writeFile(
    path,
    `import { configure, defaultGuard } from '${urlOf('src/index.ts')}';
     configure({ retry: { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 1 } });
     const layers = [];
     const warnings = [];
     defaultGuard.on('repeated', ({ layer }) => layers.push(layer));
     defaultGuard.on('warning', ({ message }) => warnings.push(message));
     ${CALLS[name]}
     console.log(JSON.stringify({ layers, warnings }));`,
  );
  const env = { ...process.env, SERVER: server, NODE_NO_WARNINGS: '1', NODE_OPTIONS: '' };
  const { stdout } = await run(process.execPath, ['--import', urlOf('src/register.ts'), path], {
    env,
    timeout: 100_000,
  });
  return JSON.parse(stdout) as Heard;
}

describe('a retry layer above tidegate/register', () => {
  it.each([
    ['p-retry around openai', 'p_retry', /by p-retry\b.*up to 2 requests.*`retries: 0`/],
    ['p-retry around @anthropic-ai/sdk', 'p_retry', /by p-retry\b/],
  ] as const)(
    '%s: is counted, and told once',
    async (name, layer, warning) => {
      const down = sendJson({ error: { message: 'down' } }, 500);
      const answer = sendJson(name.includes('anthropic') ? { type: 'message', content: [] } : CHAT);
      const server = await scriptedServer(down, down, down, down, answer);
      const { layers, warnings } = await hear(name, server.url);
      // Two requests each time: the layer repeated it twice before it was answered.
      expect(server.requests).toHaveLength(5);
      expect(layers).toEqual([layer, layer]);
      expect(warnings).toEqual([expect.stringMatching(warning)]);
    },
    40_000,
  );

  it("LangChain: is the only one to retry, since it turns its client's retries off, and causes no warning", async () => {
    const server = await scriptedServer(sendJson({ error: { message: 'down' } }, 500), sendJson(CHAT));
    expect(await hear('LangChain', server.url)).toEqual({ layers: [], warnings: [] });
    expect(server.requests).toHaveLength(2);
  });
});
