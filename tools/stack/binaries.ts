import { execFileSync } from 'node:child_process';

export type ServerName = 'prometheus' | 'alertmanager';

/** Names of each binary, the distribution's first. */
const BINARIES: Readonly<Record<ServerName, readonly string[]>> = {
  prometheus: ['prometheus'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
};

const PACKAGES: Readonly<Record<ServerName, { readonly debian: string; readonly homebrew: string }>> = {
  prometheus: { debian: 'prometheus', homebrew: 'prometheus' },
  alertmanager: { debian: 'prometheus-alertmanager', homebrew: 'alertmanager' },
};

/** A server of the stack is not installed; the message says how to install it. */
export class MissingServerError extends Error {}

export function findServer(name: ServerName): string | undefined {
  return BINARIES[name].find(isInstalled);
}

/** @throws MissingServerError naming every package that is missing. */
export function requireServers(): Readonly<Record<ServerName, string>> {
  const prometheus = findServer('prometheus');
  const alertmanager = findServer('alertmanager');
  if (prometheus !== undefined && alertmanager !== undefined) return { prometheus, alertmanager };
  const missing = [
    ...(prometheus === undefined ? [PACKAGES.prometheus] : []),
    ...(alertmanager === undefined ? [PACKAGES.alertmanager] : []),
  ];
  throw new MissingServerError(
    [
      `Not on the PATH: ${missing.map(({ homebrew }) => homebrew).join(', ')}. To install:`,
      `  Debian, Ubuntu: apt-get install --no-install-recommends ${missing.map(({ debian }) => debian).join(' ')}`,
      `  macOS:          brew install ${missing.map(({ homebrew }) => homebrew).join(' ')}`,
      '  elsewhere:      https://prometheus.io/download/',
    ].join('\n'),
  );
}

export function isInstalled(binary: string): boolean {
  try {
    execFileSync(binary, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
