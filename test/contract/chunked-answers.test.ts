import { expect, it } from 'vitest';
import { eventsOf } from '../helpers/record-events.ts';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendJson, sendPart } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;

/** Reads `response.body` directly, as the AI SDK does. */
async function read(...answers: Answer[]) {
  const server = await scriptedServer(...answers);
  const guard = testGuard({ ...FAST, retry: false });
  const response = await guard.fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer chunked-${server.url}` },
    body: JSON.stringify({ model: 'test-model', messages: [] }),
  });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  await expect.poll(() => eventsOf(guard, 'call.end').length).toBe(1);
  return { text, end: eventsOf(guard, 'call.end')[0]! };
}

it('reads the usage of an answer that is consumed chunk by chunk', async () => {
  const { text, end } = await read(sendJson(openai.completion));
  expect(openai.text(JSON.parse(text))).toBe('answer');
  expect(end).toMatchObject({
    outcome: 'success',
    usage: { inputTokens: 5, outputTokens: 7 },
    response: { id: 'chatcmpl-1', finishReasons: ['stop'] },
  });
});

it('reads the usage at the end of a long answer, and passes on every byte', async () => {
  const long = { ...openai.completion, choices: [{ message: { content: 'x'.repeat(1_000_000) } }] };
  const { usage, ...rest } = long as typeof long & { usage: object };
  const { text, end } = await read(sendJson({ ...rest, usage }));
  expect(JSON.parse(text)).toEqual(long);
  expect(end).toMatchObject({ outcome: 'success', usage: { inputTokens: 5, outputTokens: 7 } });
});

it("is not a success if the answer was cut at a chunk's end, and passes on what came", async () => {
  const { text, end } = await read(sendPart(openai.completion, 40, 'end'));
  expect(text).toHaveLength(40);
  expect(end).toMatchObject({ outcome: 'retries_exhausted', errorType: 'connection_error' });
});

it("is not a success if a long answer was cut at a chunk's end", async () => {
  const long = { ...openai.completion, choices: [{ message: { content: 'x'.repeat(1_000_000) } }] };
  const { text, end } = await read(sendPart(long, 500_000, 'end'));
  expect(text).toHaveLength(500_000);
  expect(end).toMatchObject({ outcome: 'retries_exhausted', errorType: 'connection_error' });
});

it('is not a success if the answer is an error with status 200', async () => {
  const { text, end } = await read(sendJson(openai.errorBody));
  expect(JSON.parse(text)).toEqual(openai.errorBody);
  expect(end.outcome).toBe('retries_exhausted');
});

it('leaves other bodies alone', async () => {
  const { text, end } = await read((response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('{"usage":');
  });
  expect(text).toBe('{"usage":');
  expect(end).toMatchObject({ outcome: 'success', usage: undefined });
});
