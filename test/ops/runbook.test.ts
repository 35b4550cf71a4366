import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { METRICS } from '../../scripts/ops/metrics.ts';
import { familyName, NAMINGS } from '../../scripts/ops/naming.ts';
import { ruleGroups } from '../../scripts/ops/rules.ts';
import { seriesIn } from './promql.ts';
import { PROMTOOL, ROOT, runTool, testWith } from './tools.ts';

const text = readFileSync(join(ROOT, 'prometheus/runbook.md'), 'utf8');
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);
const names = new Set(NAMINGS.flatMap((naming) => ruleGroups({ naming }).flatMap((group) => group.rules.flatMap((rule) => rule.alert ?? []))));
const queries = [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map((match) => match[1]!.trim());

test('there is one heading for each alert and no other', () => {
  expect([...sections.keys()].toSorted()).toEqual([...names].toSorted());
});

test.each([...sections])('%s has meaning, impact, first query and action', (_, section) => {
  for (const part of ['Meaning', 'Impact', 'First query', 'Action']) expect(section).toContain(`\n**${part}.** `);
  expect(section).toContain('```promql\n');
});

test('links lead to headings', () => {
  for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) {
    expect([...names].map((name) => name.toLowerCase())).toContain(anchor);
  }
});

test('queries use metrics that are emitted or recorded', () => {
  const known = new Set(Object.entries(METRICS).map(([name, metric]) => familyName(name, metric, 'exporter')));
  const recorded = new Set(ruleGroups({ naming: 'exporter' }).flatMap((group) => group.rules.map((rule) => rule.record)));
  expect(queries).toHaveLength(names.size);
  for (const { name } of queries.flatMap(seriesIn)) {
    const family = name.replace(/_(bucket|sum|count)$/, '');
    expect(known.has(name) || known.has(family) || recorded.has(name) || name === 'up', name).toBe(true);
  }
});

testWith(PROMTOOL, 'promtool', 'queries are valid', (promtool) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-runbook-'));
  try {
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'runbook', rules }] }));
    runTool(promtool, ['check', 'rules', join(folder, 'queries.yml')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
