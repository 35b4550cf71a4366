/** An error as the journal keeps it. */
export interface SavedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  /** The error's `data`, if it is JSON: workers can use it to keep more. */
  readonly data?: unknown;
}

export function saveError(error: unknown): SavedError {
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  try {
    const { name, message, code, status, data } = error as Partial<Record<keyof SavedError, unknown>>;
    return {
      name: typeof name === 'string' ? name : 'Error',
      message: typeof message === 'string' ? message : '',
      ...(typeof code === 'string' && { code }),
      ...(typeof status === 'number' && { status }),
      ...(isJson(data) && { data }),
    };
  } catch {
    // The application's getter threw, or a proxy was revoked: the item has failed anyway.
    return { name: 'Error', message: '' };
  }
}

function isJson(data: unknown): boolean {
  try {
    return JSON.stringify(data) !== undefined;
  } catch {
    return false;
  }
}

/** The error of an earlier run: its name, message, code, status and data; not its class. */
export function restoreError({ name, message, ...details }: SavedError): Error {
  const error = new Error(message);
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return Object.assign(error, details);
}
