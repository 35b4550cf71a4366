import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname as machineName } from 'node:os';

/** Names that cannot be registered publicly: those of this machine, of a private network, of a cluster. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|internal|local|svc|test)$/;

/**
 * Why a request to an endpoint without credentials must be refused; undefined if it may be answered.
 * A web page can have its own name resolve to this machine (DNS rebinding), or post to it from elsewhere.
 * Its browser then sends the page's name as `Host`, or as `Origin`.
 *
 * @param known further names of the endpoint: the address that it listens on, and those that its user allows
 */
export function accessProblem({ host, origin }: IncomingHttpHeaders, known: readonly string[]): string | undefined {
  // A browser always sends one.
  if (host === undefined) return undefined;
  const name = hostname(`http://${host}`);
  if (name === undefined || !(isPrivate(name) || known.includes(name))) {
    return 'Expected an address, or the name of this machine or of a private network, as Host.';
  }
  if (origin !== undefined && origin !== `http://${host}`) return 'Expected no request from another origin.';
  return undefined;
}

/** Whether the request has a body. Node keeps reading an unused one until its end unless the connection is closed. */
export function bringsBody({ 'transfer-encoding': coding, 'content-length': length }: IncomingHttpHeaders): boolean {
  return coding !== undefined || (length !== undefined && length !== '0');
}

function isPrivate(name: string): boolean {
  return isIP(name) !== 0 || !name.includes('.') || PRIVATE_NAME.test(name) || name === machineName().toLowerCase();
}

function hostname(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
