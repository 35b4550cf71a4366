/** Few, to keep the messages between processes small. Tenants with the same number share one class. */
const NUMBERS = 512;
/** Constants of the hash FNV-1a. */
const START = 0x811c9dc5;
const PRIME = 0x01000193;

/** Name of a class in the fleet, which does not reveal the tenant. */
export function classNameOf(weight: number, tenant: string | undefined): string {
  if (tenant === undefined) return String(weight);
  let hash = START;
  for (let index = 0; index < tenant.length; index++) hash = Math.imul(hash ^ tenant.charCodeAt(index), PRIME);
  return `${weight}:${((hash >>> 0) % NUMBERS).toString(36)}`;
}
