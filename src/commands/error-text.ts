const WHY: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `There is no ${path}.`,
  EACCES: (path) => `${path} may not be opened by this user.`,
  EISDIR: (path) => `${path} is a folder; a file was expected.`,
};

/** What went wrong, for whoever typed the command: files in words, not by the names of system calls. */
export function errorText(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const why = code === undefined ? undefined : WHY[code];
  return why && path !== undefined ? why(path) : message;
}
