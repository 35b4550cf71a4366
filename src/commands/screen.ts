import type { Screen } from './command-io.ts';

/**
 * The terminal's alternate screen, without a cursor. The terminal truncates lines that are too long, since it
 * knows the width of its characters.
 */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l';

/** Takes over the terminal; keys arrive one by one, Ctrl-C included. */
export function openScreen(onKey: (key: string) => void): Screen {
  const { stdin, stdout } = process;
  const hear = (keys: string): void => {
    // Fast typing and pastes arrive together; a key of several characters starts with Escape.
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
