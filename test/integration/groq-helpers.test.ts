import { toFile } from 'groq-sdk';
import { describe, expect, it } from 'vitest';
import { ask, connect, MODELS, WAYS } from './connect.ts';

/** The first two requests fail. */
const ROUGH = { faults: { script: ['server_error', 'flex_capacity'] as const, retryAfterSeconds: 0 } };
const CHAT = { model: MODELS.groq, messages: [{ role: 'user' as const, content: 'Which label?' }] };

describe.each(WAYS)('groq, $way', (way) => {
  it('chat.completions.create, whole and streamed', async () => {
    const { client, server, drained } = await connect('groq', way, { ...ROUGH, reply: () => 'one two' });
    expect(await ask('groq', client)).toBe('one two');
    server.update({ faults: ROUGH.faults });
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...CHAT, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('one two');
    expect(server.stats()).toMatchObject({ requests: 6, completed: 2 });
    await drained();
  });

  it('audio.transcriptions sends its form again after a failure', async () => {
    const { client, server } = await connect('groq', way, ROUGH);
    const speech = await client.audio.speech.create({
      model: 'playai-tts',
      voice: 'Fritz-PlayAI',
      input: 'three little words',
    });
    const wav = Buffer.from(await speech.arrayBuffer());
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    server.update({ faults: ROUGH.faults });
    const file = await toFile(wav, 'words.wav');
    expect((await client.audio.transcriptions.create({ model: 'whisper-large-v3', file })).text).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 6, completed: 2, maxRetryCount: 2 });
  });

  it('models', async () => {
    const { client } = await connect('groq', way);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(MODELS.groq);
  });
});
