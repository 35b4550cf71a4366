import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Host names that cannot be registered publicly. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|internal|local|svc|test)$/;

/** Whether a request may come from a web page, whose own name may resolve to this machine (DNS rebinding). */
export function isForeign({ host, origin }: IncomingHttpHeaders, own: string): boolean {
  if (host === undefined) return false;
  const base = `http://${host}`;
  const name = URL.canParse(base) ? new URL(base).hostname.replace(/^\[(.*)\]$/, '$1') : '';
  const known = name === own || isIP(name) !== 0 || PRIVATE_NAME.test(name) || (name !== '' && !name.includes('.'));
  return !known || (origin !== undefined && origin !== base);
}
