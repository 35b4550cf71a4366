import { adapterFor } from '../../../src/providers/registry.ts';
import { NOW, type Sample, type SampleFile } from './sample.ts';

const INTRO = `# Every refusal and what happens

Generated from the samples in \`test/providers/samples\` by \`npx vitest run test/providers/samples.test.ts -u\`. Each
sample is a refusal met in practice, with its source. Tests send each one through \`classifyError\`, the drop-ins and guarded
\`fetch\` over HTTP, and check what is written here.

- **requests**: total requests for the refused call, if the next one is answered.
- **asks to wait**: in a header or the body; the longer of the two is the minimum wait. Longer than \`retry.maxHintMs\`
  (120 s) fails the call at once.
- **who waits**: _the call_ only; _the model_: every call of it, or of the pool that shares its limits; _what does
  not fit_: calls for which the limit has no room, as far as the refusal states it, while smaller ones go on; _its
  content_: calls with the limited content (images, audio, long contexts, web searches), while all others go on;
  _all, refused_: if a second call is refused too, every call of the model fails at once with the same error, except one a minute as a trial.

An error inside a 200, or as the first event of a stream, is treated like the same error as a response, however it is read.
After the last attempt the application gets it unchanged; in place of a stream, the SDK's stream throws it, as it throws an
error event.

The text of an error that arrives after its head is waited for as long as the retry would wait anyway: by the header, or half
a second. Complete text is never waited for.
`;

const HEAD = ['refusal', 'status', 'taken for', 'limit', 'asks to wait', 'requests', 'who waits'];

/** `docs/refusals.md`. */
export function documentOf(files: readonly SampleFile[]): string {
  return [INTRO, ...files.map(sectionOf)].join('\n');
}

function sectionOf(file: SampleFile): string {
  const rows = file.samples.map((sample) => rowOf(sample));
  const notes = file.samples.map(
    (sample) => `- ${sample.name}: ${adviceOf(file, sample)} Source: ${sample.source}, ${sample.date}.`,
  );
  return `## ${file.title}\n\n${markdownTable([HEAD, ...rows])}\n\n${notes.join('\n')}\n`;
}

function rowOf({ name, status, outcome, noCapacity, dimension, limit, waitMs, sends, holds }: Sample): string[] {
  return [
    name,
    String(status ?? ''),
    noCapacity ? `${outcome}, no capacity` : outcome,
    [dimension, limit].filter((each) => each !== undefined && each !== 'quota').join(': '),
    waitMs === undefined ? '' : `${Math.round(waitMs) / 1_000} s`,
    String(sends),
    holds,
  ];
}

function adviceOf({ adapter }: SampleFile, { status, headers, body }: Sample): string {
  return adapterFor(adapter).classify({ status, headers: new Headers(headers), body }, NOW).advice;
}

/** With columns of equal width, as the formatter leaves them. */
function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((_, column) => Math.max(3, ...[head!, ...rows].map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((text, at) => text.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
