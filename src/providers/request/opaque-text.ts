import type { HiddenInput } from '../../core/provider.ts';

/** Shorter strings are ids and words, and cheap in any case. */
const MIN_LENGTH = 512;
const SAMPLE = 256;
/** Base64 is in lines of at least this length. */
const MIN_WORD = 60;
/** Base64 in both alphabets, in lines of any usual length. */
const BASE64 = /^(?:[A-Za-z0-9+/_-]{60,}\r?\n)*[A-Za-z0-9+/_-]*={0,2}\s*$/;
/** Random bytes use most of the alphabet; a run of one letter, or hex, does not. */
const MIN_LETTERS = 24;

/** Whether a long string is encoded bytes rather than text: a signature, an image, an encrypted state. */
export function isOpaque(text: string): boolean {
  if (text.length < MIN_LENGTH) return false;
  // Most text has a space soon; where encoded bytes have one, it ends a sample.
  const space = text.indexOf(' ');
  if (space !== -1 && space < MIN_WORD) return false;
  return isBase64(text.slice(0, SAMPLE)) && isBase64(text.slice(-SAMPLE)) && isBase64(middleOf(text));
}

/** What a `data:` URL holds; undefined for any other text. */
export function mediaOfUrl(text: string): HiddenInput | undefined {
  if (!text.startsWith('data:') || !text.slice(0, 200).includes(';base64,')) return undefined;
  if (text.startsWith('data:image/')) return 'image';
  return text.startsWith('data:audio/') ? 'audio' : 'document';
}

function middleOf(text: string): string {
  const start = Math.floor((text.length - SAMPLE) / 2);
  return text.slice(start, start + SAMPLE);
}

function isBase64(sample: string): boolean {
  // A sample begins anywhere in a line.
  const line = sample.replace(/^[A-Za-z0-9+/_-]*\r?\n/, '');
  if (!BASE64.test(line)) return false;
  return /[a-z]/.test(sample) && /[A-Z]/.test(sample) && /\d/.test(sample) && new Set(sample).size >= MIN_LETTERS;
}
