import { crc32 } from 'node:zlib';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { AnthropicBedrock as Bedrock022 } from 'bedrock-0.22';
import { AnthropicBedrock as Bedrock036 } from 'bedrock-0.36';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type AnyClient, SDKS } from '../helpers/sdk-matrix.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const anthropic = SDKS.find(({ name }) => name === 'anthropic 1.14')!;
/** The events of the Messages API without their SSE. */
const payloads = anthropic.chunks.map((chunk) => /^data: (.*)$/m.exec(chunk)![1]!);

/** One message of AWS's event stream format. */
function frame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const head = Buffer.concat(
    Object.entries({ ':content-type': 'application/json', ...headers }).map(([name, value]) => {
      const length = Buffer.alloc(3);
      // 7 is the type of a string.
      length.writeUInt8(7, 0);
      length.writeUInt16BE(value.length, 1);
      return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), length, Buffer.from(value)]);
    }),
  );
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length + payload.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const checked = Buffer.concat([prelude, sumOf(prelude), head, Buffer.from(payload)]);
  return new Uint8Array(Buffer.concat([checked, sumOf(checked)]));
}

function sumOf(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes), 0);
  return sum;
}

const chunkFrame = (payload: string): Uint8Array =>
  frame(
    { ':message-type': 'event', ':event-type': 'chunk' },
    JSON.stringify({ bytes: Buffer.from(payload).toString('base64') }),
  );
const throttled = frame(
  { ':message-type': 'exception', ':exception-type': 'throttlingException' },
  JSON.stringify({ message: 'Too many requests, please wait before trying again.' }),
);

/** Sends frames one by one; those from `from` on once `release` is called. */
function streamOf(frames: readonly Uint8Array[], from = Infinity): { reply: () => Response; release: () => void } {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const reply = (): Response => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent === from) await released;
        const next = frames[sent++];
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/vnd.amazon.eventstream' } });
  };
  return { reply, release };
}

type Client = new (options: object) => AnyClient;

// 0.22 puts credentials into the environment, and a copy in its place afterwards.
const environment = process.env;
beforeEach(() => {
  process.env = { ...environment };
});
afterEach(() => {
  process.env = environment;
});

describe.each([
  // Decodes the stream itself when it is read.
  { version: '0.22', Client: Bedrock022 as unknown as Client, decodesItself: true },
  // Turns the response into server-sent events before the SDK sees it.
  { version: '0.36', Client: Bedrock036 as unknown as Client, decodesItself: false },
  { version: '1.1', Client: AnthropicBedrock as unknown as Client, decodesItself: false },
])('@anthropic-ai/bedrock-sdk $version', ({ Client, decodesItself }) => {
  const open = async (guard: ReturnType<typeof testGuard>, replies: (() => Response)[]): Promise<AnyClient> => {
    let request = 0;
    const fetch = (): Promise<Response> => Promise.resolve(replies[Math.min(request++, replies.length - 1)]!());
    const credentials = { awsAccessKey: 'key', awsSecretKey: 'secret', awsRegion: 'us-east-1' };
    const client = guard.wrap(new Client({ ...credentials, fetch }) as object) as AnyClient;
    return (await anthropic.stream(client)) as AnyClient;
  };

  it('streams whole answers, and reads their usage', async () => {
    const guard = testGuard();
    let text = '';
    const { reply } = streamOf(payloads.map(chunkFrame));
    for await (const event of await open(guard, [reply])) text += anthropic.chunkText(event);
    expect(text).toBe('answer');
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([
      { outcome: 'success', usage: decodesItself ? undefined : { inputTokens: 5, outputTokens: 7 } },
    ]);
    expect(guard.snapshot()).toMatchObject([{ provider: 'aws.bedrock', inFlight: 0 }]);
  });

  it('passes on at once events that it cannot read, and holds back those that it can', async () => {
    const { reply, release } = streamOf(payloads.map(chunkFrame), 1);
    // With the clock stopped, nothing is passed on because it was held back long enough.
    const stream = await open(testGuard({}, { clock: new VirtualClock() }), [reply]);
    const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    let came = false;
    const first = iterator.next().then((next) => {
      came = true;
      return next;
    });
    await socketsQuiet();
    expect(came).toBe(decodesItself);
    release();
    expect((await first).value).toMatchObject({ type: 'message_start' });
    await iterator.return?.();
  });

  it('is sent again when its first event is a known exception', async () => {
    const guard = testGuard();
    const replies = [streamOf([throttled]).reply, streamOf(payloads.map(chunkFrame)).reply];
    const stream = await open(guard, replies);
    const read = async (): Promise<string> => {
      let text = '';
      for await (const event of stream) text += anthropic.chunkText(event);
      return text;
    };
    if (decodesItself) await expect(read()).rejects.toThrow('Too many requests');
    else expect(await read()).toBe('answer');
    expect(eventsOf(guard, 'retry')).toHaveLength(decodesItself ? 0 : 1);
  });
});
