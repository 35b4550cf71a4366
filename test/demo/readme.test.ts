import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the first screen is short, and the rest not long', () => {
  const lines = read('README.md').split('\n');
  const head = lines.slice(0, 40).join('\n');
  for (const part of [
    "from 'tidegate/openai'",
    'npm install tidegate',
    '](docs/images/overview.png)',
    'npm ci && npm run demo',
    'npm ci && npm test',
  ]) {
    expect(head).toContain(part);
  }
  // Tables of options and metrics are in docs/.
  expect(lines.length).toBeLessThan(200);
  expect(read('AGENTS.md').split('\n').length).toBeLessThan(100);
});
