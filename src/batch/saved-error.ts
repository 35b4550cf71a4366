/** What a journal keeps of an error. */
export interface SavedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  /** `data` of the error, where it is JSON: the place for a worker to keep more. */
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
    // A getter of the application's, or a revoked proxy: the item has failed all the same.
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
