import { execFile } from 'node:child_process';
import { type AuditReport, shippedFindings } from './advisories.ts';
import { bundledPackages, ROOT } from './bundled-packages.ts';

/**
 * Exits with 1 if an advisory is about code in the tarball, and with 2 if the registry answers no audits, as many
 * mirrors do not. `--if-answered` reports that and exits with 0.
 */
const ifAnswered = process.argv.includes('--if-answered');

const stdout = await new Promise<string>((resolve) => {
  // It exits with 1 for any finding, including in development tools.
  execFile('npm', ['audit', '--json'], { cwd: ROOT, maxBuffer: 2 ** 26 }, (_error, output) => resolve(output));
});
const report = JSON.parse(stdout) as AuditReport;
if (report.vulnerabilities === undefined) {
  console.error(`No audit: ${report.message ?? 'npm audit gave no report'}`);
  process.exitCode = ifAnswered ? 0 : 2;
} else {
  const bundled = await bundledPackages();
  const findings = shippedFindings(report.vulnerabilities, bundled);
  console.log(findings.join('\n') || `No advisory is about the ${bundled.length} packages that are built in.`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
