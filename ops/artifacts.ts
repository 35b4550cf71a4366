import { dashboards } from './dashboards/all.ts';
import { RULE_TESTS } from './rule-tests/all.ts';
import { renderRuleTests } from './rule-tests/rule-test.ts';
import { renderRules } from './rules.ts';

export interface Artifact {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly content: string;
}

/** Every generated file of the repository, for the writer and for the drift test. */
export function artifacts(): Artifact[] {
  return [
    { path: 'prometheus/rules/tidegate.rules.yml', content: renderRules() },
    ...RULE_TESTS.map((file) => ({
      path: `prometheus/tests/${file.name}.test.yml`,
      content: renderRuleTests(file, '../rules/tidegate.rules.yml'),
    })),
    ...dashboards().map(({ name, json }) => ({ path: `grafana/dashboards/${name}.json`, content: json })),
  ];
}
