import type { Screen } from './command-io.ts';

/**
 * The other page of the terminal, without its cursor; what was there comes back. Lines that are too long are cut by the terminal, which
 * knows how wide its signs are.
 */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l';

/** Takes the terminal; keys come one by one, Ctrl-C among them. */
export function openScreen(onKey: (key: string) => void): Screen {
  const { stdin, stdout } = process;
  const hear = (keys: string): void => {
    // What is typed fast, or pasted, comes together; a key of several characters begins with Escape.
    // oxlint-disable-next-line no-control-regex -- Keys are control characters.
    for (const key of keys.match(/\u001B\[[\d;]*[A-Za-z~]|[^]/g) ?? []) if (key.length === 1) onKey(key);
  };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', hear);
  stdin.resume();
  stdout.write(ENTER);
  return {
    get lines() {
      return stdout.rows || 24;
    },
    get columns() {
      return stdout.columns || 80;
    },
    draw(text) {
      const lines = text.split('\n').map((line) => `${line}\u001B[K`);
      stdout.write(`\u001B[H${lines.join('\r\n')}\u001B[J`);
    },
    close() {
      stdin.off('data', hear);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write(LEAVE);
    },
  };
}
