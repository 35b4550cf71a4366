/** Few, so that what processes tell each other stays small. Tenants of one number share a part with each other. */
const NUMBERS = 512;
/** Of the hash FNV-1a. */
const START = 0x811c9dc5;
const PRIME = 0x01000193;

/** How other processes know calls of this weight and tenant: by a number that does not reveal the tenant. */
export function classNameOf(weight: number, tenant: string | undefined): string {
  if (tenant === undefined) return String(weight);
  let hash = START;
  for (let index = 0; index < tenant.length; index++) hash = Math.imul(hash ^ tenant.charCodeAt(index), PRIME);
  return `${weight}:${((hash >>> 0) % NUMBERS).toString(36)}`;
}
