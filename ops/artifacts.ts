import { dashboards } from './dashboards/all.ts';
import { NAMINGS, type Naming } from './naming.ts';
import { RULE_TESTS } from './rule-tests/all.ts';
import { renderRuleTests } from './rule-tests/rule-test.ts';
import { renderRules } from './rules.ts';

/** Folder suffix of each route; the exporter is the default. */
const SUFFIX: Readonly<Record<Naming, string>> = { exporter: '', otlp: '-otlp' };

export interface Artifact {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly content: string;
}

/** Every generated file of the repository, for the writer and for the drift test. */
export function artifacts(): Artifact[] {
  return NAMINGS.flatMap((naming) => {
    const suffix = SUFFIX[naming];
    const rules = `prometheus/rules${suffix}/tidegate.rules.yml`;
    return [
      { path: rules, content: renderRules({ naming }) },
      ...RULE_TESTS.map((file) => ({
        path: `prometheus/tests${suffix}/${file.name}.test.yml`,
        content: renderRuleTests(file, naming, `../rules${suffix}/tidegate.rules.yml`),
      })),
      ...dashboards(naming).map(({ name, json }) => ({
        path: `grafana/dashboards${suffix}/${name}.json`,
        content: json,
      })),
    ];
  });
}
