import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** Fields of package.json that say where the package is published. */
export interface Manifest {
  readonly name: string;
  readonly repository?: string | { readonly url: string };
}

const PATH = 'prometheus/runbook.md';

/** URL of the runbook: in the repository on GitHub, where headings are anchors, or else in the published package. */
export function runbookUrl({ name, repository }: Manifest): string {
  const url = typeof repository === 'string' ? repository : repository?.url;
  const github = /(?:^github:|github\.com[/:]|^)([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(url ?? '')?.[1];
  return github === undefined ? `https://unpkg.com/${name}/${PATH}` : `https://github.com/${github}/blob/HEAD/${PATH}`;
}

/** Read at run time: an import would bundle all of package.json. */
function ownManifest(): Manifest {
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) throw new Error('Expected a package.json above the runbook link, got none.');
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** This package's runbook. Each alert links to its heading. */
export const RUNBOOK_URL: string = runbookUrl(ownManifest());
