import type { BundledPackage } from './bundled-packages.ts';

/** As far as it is read here: what `npm audit --json` says. */
export interface AuditReport {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly name: string; readonly severity: string; readonly nodes: readonly string[] }>
  >;
  /** Where the registry did not answer. */
  readonly message?: string;
}

/**
 * Findings in what is shipped, a line each. `npm audit --omit=dev` would see none of them: libraries that are built in
 * are development dependencies to npm.
 *
 * @throws Error when there was no audit
 */
export function shippedFindings(report: AuditReport, bundled: readonly BundledPackage[]): string[] {
  if (report.vulnerabilities === undefined)
    throw new Error(`No audit: ${report.message ?? 'npm audit gave no report'}`);
  const paths = new Set(bundled.map(({ path }) => path));
  return Object.values(report.vulnerabilities)
    .filter(({ nodes }) => nodes.some((node) => paths.has(node)))
    .map(({ name, severity }) => `${name}: ${severity}`);
}
