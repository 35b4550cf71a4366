import { isReadable } from './plain-data.ts';

/** The part of FormData that is read here; other implementations have it too. */
export interface Form {
  get(name: string): unknown;
  has(name: string): boolean;
}

/** Whether a body is a form of any implementation: all have the same tag. */
export function isForm(body: object): body is Form {
  if (!isReadable(body)) return false;
  if (typeof FormData !== 'undefined' && body instanceof FormData) return true;
  if (Object.prototype.toString.call(body) !== '[object FormData]') return false;
  return typeof (body as Partial<Form>).get === 'function' && typeof (body as Partial<Form>).has === 'function';
}
