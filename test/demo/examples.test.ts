import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const at = (path: string): string => new URL(`../../${path}`, import.meta.url).pathname;

async function run(name: string, ...flags: string[]): Promise<string> {
  const args = ['--import', at('test/demo/resolve-source.ts'), ...flags, at(`examples/${name}.ts`)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stderr).toBe('');
  return stdout;
}

const EXPECTED: Readonly<Record<string, RegExp>> = {
  batch:
    /^200 e-mails, .*\nleft after 80\n200 of 200 answered: \d+ spam, \d+ ham, in order\n(?:[89]\d|1\d\d|200) came from the journal, .*\nin \d\.\d minutes, where the limit takes 3\.0; \d+ of \d+ requests were refused\n$/,
  'drop-in': /^40 of 40 answered; \d+ attempts, of which the limit refused \d+\n$/,
  priorities: /^late: deadline_exceeded\. .+\nthe person's answer came as number [2-4] of 13\n$/,
  events:
    /call ended: success after 1 attempts\nretry of groq\/llama-3\.1-8b-instant: server_error, in \d+ ms\n.*failed: auth after 2 attempts\. Fix the key.+\ngroq\/llama-3\.1-8b-instant: circuit closed, 1 of 2 calls succeeded/s,
  'registered-app': /^\d+ of 60 succeeded\n$/,
  'guarded-fetch': /^30 of 30 answered\n$/,
};

test('every example is run', () => {
  const names = readdirSync(at('examples'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
  expect(names.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
});

test.each(Object.entries(EXPECTED))('%s', async (name, output) => {
  expect(await run(name)).toMatch(output);
});

test('register guards an application that knows nothing of it', async () => {
  const [bare, registered] = [
    await run('registered-app'),
    await run('registered-app', '--import', at('src/register.ts')),
  ];
  expect(registered).toBe('60 of 60 succeeded\n');
  expect(Number(/^\d+/.exec(bare)![0])).toBeLessThan(60);
});
