/** Why a request failed, which fetch hides in `cause`. Without the URL, which may hold a key. */
export function fetchError(error: unknown, url: string): string {
  const { message, cause } = error as Error;
  const { code, message: why } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return (code ?? why ?? message).replaceAll(url, 'it');
}
