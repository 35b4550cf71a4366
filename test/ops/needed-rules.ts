import type { RenderedRule, RuleGroup } from '../../ops/rendered-rule.ts';
import { type RuleOptions, ruleGroups } from '../../ops/rules.ts';
import type { ExpressionTest, RuleTestFile } from '../../ops/rule-tests/rule-test.ts';

/**
 * The shipped rules that a file of rule tests needs: its alerts, and every recording rule that they or their
 * descriptions read.
 * promtool evaluates all given rules at every step of every test, needed or not.
 */
export function neededRules({ alerts, expressions = [] }: RuleTestFile, options?: RuleOptions): RuleGroup[] {
  const groups = ruleGroups(options);
  const needed = new Set(
    groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined && alerts.includes(alert))),
  );
  const recordings = groups.flatMap(({ rules }) => rules.filter(({ record }) => record !== undefined));
  const readers: (RenderedRule | ExpressionTest)[] = [...needed, ...expressions];
  for (let reader = readers.pop(); reader; reader = readers.pop()) {
    for (const rule of recordings) {
      // A line break would be a letter n before a name.
      if (needed.has(rule) || !reads(JSON.stringify(reader).replaceAll('\\n', ' '), rule)) continue;
      needed.add(rule);
      readers.push(rule);
    }
  }
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => needed.has(rule)) }))
    .filter(({ rules }) => rules.length > 0);
}

function reads(text: string, { record }: RenderedRule): boolean {
  return new RegExp(`(?<![\\w:])${record}(?![\\w:])`).test(text);
}
