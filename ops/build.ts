import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { telemetryPage } from '../tools/docs/telemetry-page.ts';
import { artifacts } from './artifacts.ts';

/** Writes the generated rules, rule tests and dashboards, and the page that lists them. Run after a change in ops. */
const root = join(import.meta.dirname, '..');
for (const { path, content } of [...artifacts(), { path: 'docs/telemetry.md', content: telemetryPage() }]) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}
