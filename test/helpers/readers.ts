export const decode = (bytes: ArrayBuffer | Uint8Array): string => new TextDecoder().decode(bytes);

/** Every way in which the text of a response can be read. */
export const READERS: readonly (readonly [name: string, read: (response: Response) => Promise<string>])[] = [
  ['text()', (response) => response.text()],
  ['json()', async (response) => JSON.stringify(await response.json())],
  ['arrayBuffer()', async (response) => decode(await response.arrayBuffer())],
  ['blob()', async (response) => (await response.blob()).text()],
  ['bytes()', async (response) => decode(await response.bytes())],
  [
    'its body',
    async (response) => {
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
      return text;
    },
  ],
];
