import type { JsonObject } from '../json.ts';
import { asString, numberOf } from '../json.ts';
import { estimateTokens } from '../replies/tokens.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest, created, NO_USAGE } from './work.ts';

/** A PNG of one white pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';
/** Default for recordings without a header: 16 kHz, 8 bit, one channel. */
const BYTES_PER_SECOND = 16_000;

export function imagesWork(body: JsonObject, model: string, context: WorkContext): Work {
  const prompt = asString(body.prompt);
  if (prompt === '') throw new BadRequest("Missing required parameter: 'prompt'.", 'prompt');
  const images = numberOf(body.n) ?? 1;
  const inputTokens = context.countTokens(prompt);
  const asUrl = body.response_format === 'url';
  return {
    model,
    cost: { inputTokens: estimateTokens(prompt.length), cachedTokens: 0, maxOutputTokens: undefined, images },
    usage: { ...NO_USAGE, inputTokens },
    body: () => ({
      created: created(context),
      data: Array.from({ length: images }, () =>
        asUrl ? { url: `data:image/png;base64,${PIXEL}` } : { b64_json: PIXEL },
      ),
      usage: {
        input_tokens: inputTokens,
        input_tokens_details: { text_tokens: inputTokens, image_tokens: 0 },
        output_tokens: 0,
        total_tokens: inputTokens,
      },
    }),
  };
}

/** Silence of a tenth of a second for each word. */
export function speechWork(body: JsonObject, model: string, context: WorkContext): Work {
  const input = asString(body.input);
  if (input === '') throw new BadRequest("Missing required parameter: 'input'.", 'input');
  const inputTokens = context.countTokens(input);
  return {
    model,
    cost: { inputTokens: estimateTokens(input.length), cachedTokens: 0, maxOutputTokens: undefined },
    usage: { ...NO_USAGE, inputTokens },
    contentType: 'audio/wav',
    body: () => silence(input.split(/\s+/).length * 800),
  };
}

/** @param fields Of the multipart form. */
export function transcriptionWork(fields: JsonObject, model: string, context: WorkContext): Work {
  const file = fields.file;
  if (!(file instanceof Uint8Array)) throw new BadRequest('file must be provided', 'file');
  const audioSeconds = Math.max(1, Math.ceil(secondsOf(file)));
  const isGroq = context.provider === 'groq';
  const plain = fields.response_format === 'text';
  const text = 'Lorem ipsum dolor sit amet.';
  return {
    model,
    cost: { inputTokens: audioSeconds * 10, cachedTokens: 0, maxOutputTokens: undefined, audioSeconds },
    usage: { ...NO_USAGE, inputTokens: audioSeconds * 10 },
    ...(plain ? { contentType: 'text/plain; charset=utf-8' } : {}),
    // Groq reports no usage: audio is limited by seconds.
    body: () =>
      plain
        ? Buffer.from(`${text}\n`)
        : {
            text,
            ...(isGroq
              ? { x_groq: { id: context.requestId } }
              : { usage: { type: 'duration', seconds: audioSeconds } }),
          },
  };
}

/** Duration of a recording: exact for WAV, else estimated by size. */
function secondsOf(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isWav = file.length >= 44 && view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
  const bytesPerSecond = isWav ? view.getUint32(28, true) : 0;
  return bytesPerSecond > 0 ? (file.length - 44) / bytesPerSecond : file.length / BYTES_PER_SECOND;
}

/** A WAV file of 8 kHz, 8 bit, one channel. */
function silence(samples: number): Buffer {
  const wav = Buffer.alloc(44 + samples, 0x80);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8_000, 24);
  wav.writeUInt32LE(8_000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples, 40);
  return wav;
}
