import type { BundledPackage } from './bundled-packages.ts';

export type Vulnerabilities = Readonly<
  Record<string, { readonly name: string; readonly severity: string; readonly nodes: readonly string[] }>
>;

/** As far as it is read here: what `npm audit --json` prints. */
export interface AuditReport {
  /** Missing where the registry did not answer. */
  readonly vulnerabilities?: Vulnerabilities;
  readonly message?: string;
}

/**
 * Findings in what is shipped, a line each. `npm audit --omit=dev` would see none of them: libraries that are built in
 * are development dependencies to npm.
 */
export function shippedFindings(vulnerabilities: Vulnerabilities, bundled: readonly BundledPackage[]): string[] {
  const paths = new Set(bundled.map(({ path }) => path));
  return Object.values(vulnerabilities)
    .filter(({ nodes }) => nodes.some((node) => paths.has(node)))
    .map(({ name, severity }) => `${name}: ${severity}`);
}
