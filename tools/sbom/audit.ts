import { execFile } from 'node:child_process';
import { type AuditReport, shippedFindings } from './advisories.ts';
import { bundledPackages, ROOT } from './bundled-packages.ts';

/** Fails where an advisory is about code in the tarball, and where the registry answers no audits. */
const report = await new Promise<string>((resolve) => {
  // It exits with 1 for any finding, in tools of development too.
  execFile('npm', ['audit', '--json'], { cwd: ROOT, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
});
try {
  const bundled = await bundledPackages();
  const findings = shippedFindings(JSON.parse(report) as AuditReport, bundled);
  console.log(findings.join('\n') || `No advisory is about the ${bundled.length} packages that are built in.`);
  process.exitCode = findings.length > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
