import type { BundledPackage } from './bundled-packages.ts';

export type Vulnerabilities = Readonly<
  Record<string, { readonly name: string; readonly severity: string; readonly nodes: readonly string[] }>
>;

/** The part of `npm audit --json` that is read. */
export interface AuditReport {
  /** Missing if the registry did not answer. */
  readonly vulnerabilities?: Vulnerabilities;
  readonly message?: string;
}

/**
 * Findings in what is shipped, one line each. `npm audit --omit=dev` would miss them: bundled libraries are development
 * dependencies to npm.
 */
export function shippedFindings(vulnerabilities: Vulnerabilities, bundled: readonly BundledPackage[]): string[] {
  const paths = new Set(bundled.map(({ path }) => path));
  return Object.values(vulnerabilities)
    .filter(({ nodes }) => nodes.some((node) => paths.has(node)))
    .map(({ name, severity }) => `${name}: ${severity}`);
}
