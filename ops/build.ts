import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artifacts } from './artifacts.ts';

/** Writes the generated rules, rule tests and dashboards. Run after a change in ops. */
const root = join(import.meta.dirname, '..');
for (const { path, content } of artifacts()) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}
