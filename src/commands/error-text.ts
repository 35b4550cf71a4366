const OF_FILES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `There is no ${path}.`,
  EACCES: (path) => `${path} may not be opened by this user.`,
  EISDIR: (path) => `${path} is a folder; a file was expected.`,
  ENOTDIR: (path) => `${path} is below something that is not a folder.`,
  EROFS: (path) => `${path} is on a disk that is read-only.`,
};

const OF_DISKS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full.',
  EDQUOT: "This user's disk quota is exhausted.",
};

/**
 * An error for the user of a command: file errors in words, without names of system calls.
 * @param reads the file being read: errors of open files do not name them
 */
export function errorText(error: unknown, reads?: string): string {
  const { code = '', syscall, message, path = syscall === 'read' ? reads : undefined } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(OF_DISKS, code)) return OF_DISKS[code]!;
  return path !== undefined && Object.hasOwn(OF_FILES, code) ? OF_FILES[code]!(path) : message;
}

/** The message of an error with that of its cause: fetch itself says only that it has failed. */
export function textWithCause(error: unknown): string {
  const { cause } = error as Error;
  const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : undefined;
  return why ? `${errorText(error)} (${why})` : errorText(error);
}
