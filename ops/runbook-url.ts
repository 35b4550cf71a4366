import packageJson from '../package.json' with { type: 'json' };

/** What package.json says about where things are published. */
export interface Manifest {
  readonly name: string;
  readonly repository?: string | { readonly url: string };
}

const PATH = 'prometheus/runbook.md';

/**
 * Where a reader of an alert finds the runbook: in the repository on GitHub, where its headings are anchors, or
 * without one in the published package, which contains it.
 */
export function runbookUrl({ name, repository }: Manifest): string {
  const url = typeof repository === 'string' ? repository : repository?.url;
  const github = /(?:^github:|github\.com[/:]|^)([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(url ?? '')?.[1];
  return github === undefined ? `https://unpkg.com/${name}/${PATH}` : `https://github.com/${github}/blob/HEAD/${PATH}`;
}

const manifest: Manifest = packageJson;

/** The runbook of this package; alerts link to a heading of it. */
export const RUNBOOK_URL: string = runbookUrl(manifest);
