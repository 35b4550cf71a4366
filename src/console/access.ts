import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { accessProblem } from '../core/http-access.ts';

export interface AccessSettings {
  /** The address that it listens on. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly token: string | undefined;
}

export interface Refusal {
  readonly status: 401 | 403 | 405 | 421;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request is rejected; undefined if it is not. */
export function refusalOf({ method, headers }: IncomingMessage, settings: AccessSettings): Refusal | undefined {
  const problem = accessProblem(headers, [settings.host, ...settings.allowedHosts]);
  if (problem !== undefined) return { status: 421, text: problem };
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'The console is read-only.', headers: { allow: 'GET, HEAD' } };
  }
  // Other sites may link here, but not load anything.
  const site = headers['sec-fetch-site'];
  const isElsewhere = site === 'cross-site' || site === 'same-site';
  if (isElsewhere && headers['sec-fetch-mode'] !== 'navigate') {
    return { status: 403, text: 'Expected no request from another site.' };
  }
  if (settings.token !== undefined && !isAuthorized(headers.authorization, settings.token)) {
    return {
      status: 401,
      text: 'Expected the token of the console, as the password of any user or as a bearer token.',
      headers: { 'www-authenticate': 'Basic realm="tidegate console", charset="UTF-8"' },
    };
  }
  return undefined;
}

/** The browser asks for a name and a password; the name is ignored. */
function isAuthorized(authorization: string | undefined, token: string): boolean {
  const [, scheme, value] = /^(basic|bearer) +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || value === undefined) return false;
  const given = scheme.toLowerCase() === 'bearer' ? value : passwordOf(value);
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** The password in `name:password`. */
function passwordOf(credentials: string): string | undefined {
  return /^[^:]*:([^]*)$/.exec(Buffer.from(credentials, 'base64').toString('utf8'))?.[1];
}

/** Digests have equal length, whatever the input. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether only this machine can reach it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
