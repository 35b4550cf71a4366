import { Buffer } from 'node:buffer';
import type { GivenBody } from './node-body.ts';
import { ResponseOverride } from './patch-response.ts';
import { READERS } from './watch-body.ts';

/** Replaces the body of a response for every way of reading it. */
export function giveBody(response: Response, given: GivenBody): void {
  override.apply(response, given);
}

/** All members of a response that give its body. */
const override = new ResponseOverride<GivenBody>(['body', ...READERS], (owner, givenOf) => {
  const body: PropertyDescriptor & ThisType<Response> = {
    configurable: true,
    get() {
      return givenOf(this)?.body;
    },
  };
  const members: PropertyDescriptorMap = { body };
  for (const name of READERS) {
    const original = (owner as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    const read = async function (this: Response): Promise<unknown> {
      // Fetch refuses a second reader, in its own words.
      if (this.bodyUsed) return original.call(this) as unknown;
      const copy = new Response(givenOf(this)?.bytes, { headers: { 'content-type': contentType(this) } });
      return name === 'buffer' ? Buffer.from(await copy.arrayBuffer()) : copy[name]();
    };
    members[name] = { configurable: true, writable: true, value: read };
  }
  return members;
});

/** Content type of a blob or a form. */
function contentType(response: Response): string {
  return response.headers.get('content-type') ?? '';
}
